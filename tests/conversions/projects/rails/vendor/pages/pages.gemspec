# The one gem that is not installed beforehand.
Gem::Specification.new do |gem|
  gem.name = "pages"
  gem.version = "1.0"
  gem.summary = "A gem of the app's own"
  gem.authors = ["Ada"]
  gem.files = ["lib/pages.rb"]
end
