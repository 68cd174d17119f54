const fs = require("fs");

const fix = fs.readFileSync("patches/ms.patch", "utf8");
console.log("icons ready,", fix.length, "bytes of patches", process.argv.slice(2).join(" "));
