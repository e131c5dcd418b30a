// The API in Fastify, which compares paths without letter case: node fastify.js RESOURCES.json.
// Prints its port. Responds with `resource PATH` for a resource, as resources.py states.
'use strict';
const fs = require('fs');
const app = require('fastify')({ caseSensitive: false, ignoreTrailingSlash: true });
const { resources, parameters, templates } = JSON.parse(fs.readFileSync(process.argv[2], 'utf8'));

const serve = (reply, path) =>
  resources.includes(path) ? reply.type('text/plain').send(`resource ${path}\n`) : reply.code(404).send('none\n');

const routes = new Set();
const get = (path, handler) => {
  const route = path.replace(/(.)\/$/, '$1').toLowerCase();
  if (!routes.has(route)) app.get(path, handler);
  routes.add(route);
};
for (const path of resources)
  get(path, (request, reply) => serve(reply, path));
for (const template of parameters)
  get(template, (request, reply) => serve(reply, template.replace(/:\w+/, () => Object.values(request.params)[0])));
for (const template of templates)
  get(template, (request, reply) => reply.type('text/plain').send(`resource ${template}\n`));
get('/files/*', (request, reply) => serve(reply, '/files/' + request.params['*']));

app.listen({ port: 0, host: '127.0.0.1' }, () => console.log(app.server.address().port));
