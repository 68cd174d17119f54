require "sinatra/base"

class App < Sinatra::Base
  get("/") { "hello" }
end

puts App.routes["GET"].length
