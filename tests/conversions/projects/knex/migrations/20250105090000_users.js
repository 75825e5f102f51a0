exports.up = (knex) => knex.schema.createTable("users", (table) => {
  table.increments();
  table.string("email", 100);
});
exports.down = (knex) => knex.schema.dropTable("users");
