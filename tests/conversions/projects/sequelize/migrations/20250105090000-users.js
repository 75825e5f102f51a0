module.exports = {
  up: (query, types) => query.createTable("users", {
    id: { type: types.INTEGER, primaryKey: true, autoIncrement: true },
    email: types.STRING(100),
  }),
  down: (query) => query.dropTable("users"),
};
