const _ = require("lodash");
console.log(_.chunk(["a", "b", "c"], 2));
