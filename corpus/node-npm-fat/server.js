const http = require("http");
const ms = require("ms");

http
  .createServer((request, response) => {
    response.end(ms(process.uptime() * 1000) + "\n");
  })
  .listen(3000);
