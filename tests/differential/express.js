// The API in Express: node express.js express4|express5 router|static RESOURCES.json FOLDER [exact].
// Prints its port. Responds with `resource PATH` for a resource, as resources.py states.
'use strict';
const fs = require('fs');

const [, , version, kind, table, folder, letterCase] = process.argv;
const express = require(version);
const { resources, parameters, templates } = JSON.parse(fs.readFileSync(table, 'utf8'));

const app = express();
app.disable('x-powered-by');
if (letterCase === 'exact') app.enable('case sensitive routing');

const serve = (res, path) =>
  resources.includes(path) ? res.type('text/plain').send(`resource ${path}\n`) : res.status(404).send('none\n');

if (kind === 'static') {
  app.use(express.static(folder));
} else {
  // Literals come first, as developers write them. Then come the routes whose parameter's decoded value is
  // looked up.
  for (const path of resources)
    app.get(encodeURI(path), (req, res) => serve(res, path));
  for (const template of parameters)
    app.get(template, (req, res) =>
      serve(res, template.replace(/:\w+/, () => Object.values(req.params)[0])));
  for (const template of templates)
    app.get(template, (req, res) => res.type('text/plain').send(`resource ${template}\n`));
  app.get(version === 'express5' ? '/files/*rest' : '/files/*', (req, res) => {
    const rest = version === 'express5' ? req.params.rest.join('/') : req.params[0];
    serve(res, '/files/' + rest);
  });
}
app.use((req, res) => res.status(404).send('none\n'));
app.use((error, req, res, next) => res.status(error.status || 500).send('bad\n'));

const server = app.listen(0, '127.0.0.1', () => console.log(server.address().port));
server.keepAliveTimeout = 60000;
