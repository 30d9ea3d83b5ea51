// The app's own server: its static pages, with the library as npm delivers it, and routes that a journey adds.
import { readFile } from "node:fs/promises";
import { createServer } from "node:http";

const FILES = {
  "/index.html": ["text/html", "app/index.html"],
  "/launch.html": ["text/html", "app/launch.html"],
  "/fhir-client.js": ["text/javascript", "node_modules/fhirclient/build/fhir-client.js"],
};

// Serves at that origin while `tried` runs; `routes` are handlers by path.
export async function serving(origin, tried, routes = {}) {
  const server = createServer(async (request, response) => {
    const path = new URL(request.url, origin).pathname;
    try {
      if (routes[path]) return await routes[path](request, response);
      const [type, file] = FILES[path] ?? [];
      response.writeHead(file ? 200 : 404, { "content-type": `${type ?? "text/plain"}; charset=utf-8` });
      response.end(file ? await readFile(new URL(file, import.meta.url)) : "not here");
    } catch (error) {
      response.writeHead(500, { "content-type": "text/plain" }).end(error.stack);
    }
  });
  await new Promise((started) => server.listen(Number(new URL(origin).port), "127.0.0.1", started));
  try {
    await tried();
  } finally {
    server.closeAllConnections();
    server.close();
  }
}
