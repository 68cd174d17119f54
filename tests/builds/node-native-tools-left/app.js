const chalk = require("chalk");
console.log(chalk.level, chalk.bold("bold"));
