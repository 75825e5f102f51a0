// A launch calendar: GET /api/launches and a health check.
import http from "node:http";
import pg from "pg";

const pool = new pg.Pool({ connectionString: process.env.DATABASE_URL });
pool.on("error", (error) => console.error(error.message));

const routes = {
  "/health": async () => {
    await pool.query("SELECT 1");
    return { status: "ok" };
  },
  "/api/launches": async () => {
    const { rows } = await pool.query("SELECT title, status FROM launches ORDER BY title");
    return { launches: rows };
  },
};

async function answer(path) {
  const route = routes[path];
  if (!route) return [404, { error: "no such page" }];
  try {
    return [200, await route()];
  } catch (error) {
    console.error(error.message);
    return [503, { status: "unavailable" }];
  }
}

const server = http.createServer(async (request, response) => {
  const [status, body] = await answer(request.url);
  response.writeHead(status, { "content-type": "application/json" });
  response.end(JSON.stringify(body));
});

process.on("SIGTERM", () => {
  server.close(() => pool.end());
  server.closeIdleConnections();
});
server.listen(Number(process.env.PORT) || 3000);
