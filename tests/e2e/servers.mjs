// The HTTP servers of the story, on free loopback ports.
import http from 'node:http';
import { readFile } from 'node:fs/promises';

// A server that responds with `handler(request, response)`. It can be stopped and started again at its
// address.
export async function serve(handler) {
  const server = http.createServer((request, response) => {
    Promise.resolve(handler(request, response)).catch((error) => {
      console.error(error);
      if (!response.headersSent) response.writeHead(500);
      response.end();
    });
  });
  const listen = (port) => new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', () => resolve(server.off('error', reject).address().port));
  });
  const port = await listen(0);
  return {
    origin: `http://127.0.0.1:${port}`,
    start: () => listen(port),
    stop: () => new Promise((resolve) => {
      server.close(resolve);
      server.closeAllConnections();
    }),
  };
}

export async function bodyOf(request) {
  let text = '';
  for await (const chunk of request.setEncoding('utf8')) text += chunk;
  return text;
}

// The API behind Scopegate, which does not know about tokens. It lets the application's origin read its
// responses by itself. The preflights never reach it.
export function calendarApi(appOrigin) {
  const appointments = [{ id: 1, title: 'Dentist', by: 'ann' }];
  return serve(async (request, response) => {
    const by = request.headers['x-auth-subject'];
    if (request.method === 'POST') appointments.push({ id: appointments.length + 1, ...JSON.parse(await bodyOf(request)), by });
    response.writeHead(request.method === 'POST' ? 201 : 200, {
      'Content-Type': 'application/json', 'Access-Control-Allow-Origin': appOrigin(), Vary: 'Origin',
    });
    response.end(JSON.stringify({ user: by, scopes: request.headers['x-auth-scopes'], appointments }));
  });
}

// The application's files, and `config.json`, which is all of its configuration.
export function application(config) {
  const types = { html: 'text/html', js: 'text/javascript' };
  return serve(async (request, response) => {
    const name = new URL(request.url, 'http://localhost').pathname.slice(1) || 'index.html';
    if (name === 'config.json') {
      response.writeHead(200, { 'Content-Type': 'application/json' }).end(JSON.stringify(config()));
    } else if (/^[a-z]+\.(html|js)$/.test(name)) {
      const file = await readFile(new URL(`app/${name}`, import.meta.url));
      response.writeHead(200, { 'Content-Type': `${types[name.split('.')[1]]}; charset=utf-8` }).end(file);
    } else {
      response.writeHead(404).end();
    }
  });
}
