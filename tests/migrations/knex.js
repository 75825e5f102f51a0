// Knex itself as an oracle: a case a line on standard input, what migrate:latest did with it on standard output.
// {folder, table, locked, rows, tables} -> {pending} or {error}; knexfile.js in folder is read as its program does.
const path = require("path");
const readline = require("readline");
const modules = process.argv[2];
const connection = { host: process.argv[3], port: Number(process.argv[4]), user: "postgres", database: "postgres" };
const knex = require(path.join(modules, "knex"));
const pg = require(path.join(modules, "pg"));

const SCHEMA = `
  DROP SCHEMA public CASCADE; CREATE SCHEMA public;`;
const TABLES = `
  CREATE TABLE knex_migrations (id serial PRIMARY KEY, name varchar(255), batch int, migration_time timestamptz);
  CREATE TABLE knex_migrations_lock (index serial PRIMARY KEY, is_locked int);`;

async function prepare(client, state) {
  await client.query(SCHEMA);
  if (state.table) {
    await client.query(TABLES);
    await client.query("INSERT INTO knex_migrations_lock (is_locked) VALUES ($1)", [state.locked ? 1 : 0]);
    for (const name of state.rows) await client.query("INSERT INTO knex_migrations (name, batch) VALUES ($1, 1)", [name]);
  }
}

async function answer(client, state) {
  process.chdir(state.folder);
  await prepare(client, state);
  const file = path.join(state.folder, "knexfile.js");
  const all = require(file);
  const settings = all.production || all;
  const quiet = { warn() {}, error() {}, debug() {}, deprecate() {} };
  const database = knex({ ...settings, client: "pg", connection, log: quiet, pool: { min: 0, max: 2 } });
  try {
    return { pending: (await database.migrate.latest())[1].length };
  } catch (error) {
    return { error: error.message };
  } finally {
    await database.destroy();
  }
}

async function main() {
  const client = new pg.Client(connection);
  await client.connect();
  for await (const line of readline.createInterface({ input: process.stdin }))
    console.log(JSON.stringify(await answer(client, JSON.parse(line)).catch((error) => ({ error: error.message }))));
  await client.end();
}

main();
