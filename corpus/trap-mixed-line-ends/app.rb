require "rack"
require "rack/handler/webrick"

app = ->(_env) { [200, { "content-type" => "text/plain" }, ["ok\n"]] }
Rack::Handler::WEBrick.run(app, Host: "0.0.0.0", Port: 4567)
