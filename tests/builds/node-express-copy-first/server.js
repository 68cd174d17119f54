const express = require("express");
const app = express();
app.get("/", (request, response) => response.send("hello"));
if (process.argv[2] === "check") {
  const server = app.listen(0, () => { console.log("listens"); server.close(); });
} else {
  app.listen(3000);
}
