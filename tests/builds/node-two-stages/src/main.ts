declare function require(name: string): any;
const ms = require("ms");
console.log(ms("2 days"));
