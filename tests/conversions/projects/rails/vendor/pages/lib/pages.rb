module Pages
  STYLE = "body { margin: 0 }\n".freeze
end
