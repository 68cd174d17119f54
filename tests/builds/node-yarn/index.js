const { addDays } = require("date-fns");
console.log(addDays(new Date(0), 1).toISOString());
