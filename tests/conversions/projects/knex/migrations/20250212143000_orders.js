exports.up = (knex) => knex.schema.createTable("orders", (table) => {
  table.increments();
  table.string("status", 20);
});
exports.down = (knex) => knex.schema.dropTable("orders");
