// Adds the example rows that are not there yet: it may run at every start.
import pg from "pg";

const launches = [["Analytical Engine", "launched"], ["COBOL", "planned"], ["Eagle", "counting down"]];

const client = new pg.Client({ connectionString: process.env.DATABASE_URL });
await client.connect();
for (const launch of launches) {
  await client.query("INSERT INTO launches (title, status) VALUES ($1, $2) ON CONFLICT DO NOTHING", launch);
}
await client.end();
