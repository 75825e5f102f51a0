namespace :assets do
  task precompile: :environment do
    FileUtils.mkdir_p("public/assets")
    File.write("public/assets/app.css", Pages::STYLE)
  end
end
