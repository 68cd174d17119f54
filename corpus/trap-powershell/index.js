setInterval(() => console.log("alive"), 60000);
