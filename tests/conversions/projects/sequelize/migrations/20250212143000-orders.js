const fs = require("node:fs");

// Takes as long as there is a file /record/hold, so that a test can end it half done.
async function hold() {
  fs.appendFileSync("/record/tool", "begin\n");
  while (fs.existsSync("/record/hold")) await new Promise((resume) => setTimeout(resume, 10));
}

module.exports = {
  up: async (query, types) => {
    await hold();
    await query.createTable("orders", {
      id: { type: types.INTEGER, primaryKey: true, autoIncrement: true },
      status: types.STRING(20),
    });
  },
  down: (query) => query.dropTable("orders"),
};
