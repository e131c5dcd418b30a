// A real authorization server (npm oidc-provider) with its own log-in and consent pages. It learns the scopes
// and their meaning from Scopegate's metadata, and which of them a user may get from Scopegate's POST /limit.
import { generateKeyPairSync, randomBytes } from 'node:crypto';
import Provider from 'oidc-provider';
import MemoryAdapter from 'oidc-provider/lib/adapters/memory_adapter.js';
import { bodyOf, serve } from './servers.mjs';

const rolesClaim = 'https://calendar.example.com/roles';
const users = { ann: { password: 'ann-s', roles: ['editor'] }, vic: { password: 'vic-s', roles: ['viewer'] } };
const cookieKeys = [randomBytes(32).toString('hex')];

// Listens at once, so that it has a name, and responds with 503 until open() is called.
export async function authorizationServer(secret) {
  const keys = [];
  let provider, settings;
  const server = {
    ...await serve((request, response) => {
      if (request.url === '/jwks') server.keysServed += 1;
      if (!provider) return response.writeHead(503).end();
      if (request.url.startsWith('/interaction/')) return interact(provider, settings, server, request, response);
      return provider.callback()(request, response);
    }),
    asksLimit: true, // off: a server that grants everything that was requested to any user who consents
    keysServed: 0, // number of requests for its key set

    // `resource`: the document of RFC 9728; `limit`: the page that reduces scopes; `app`: the application's
    // origin.
    open(resource, limit, app) {
      settings = { secret, resource, limit, app };
      server.rotateKeys();
    },
    // Signs with a new key from now on. The old keys stay in the key set, because their tokens are still in
    // use.
    rotateKeys() {
      const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
      keys.unshift({ ...privateKey.export({ format: 'jwk' }), use: 'sig', alg: 'ES256', kid: `key-${keys.length + 1}` });
      provider = makeProvider(server.origin, settings, keys);
    },
    // Issues a token for a program, without a browser. Its claims are those of an editor.
    async issue(scope) {
      const answer = await fetch(`${server.origin}/token`, {
        method: 'POST',
        headers: { Authorization: `Basic ${Buffer.from(`report:${secret}`).toString('base64')}` },
        body: new URLSearchParams({ grant_type: 'client_credentials', scope, resource: settings.resource.resource }),
      });
      return (await answer.json()).access_token;
    },
  };
  return server;
}

function makeProvider(issuer, { secret, resource, app }, keys) {
  const program = (client_id, grant_types) => ({
    client_id, client_secret: secret, grant_types, redirect_uris: [], response_types: [],
  });
  const agenda = (client_id, more) => ({
    client_id, token_endpoint_auth_method: 'none', redirect_uris: [`${app}/`], ...more,
  });
  return new Provider(issuer, {
    clients: [
      agenda('agenda'), agenda('agenda-opaque'), agenda('agenda-dpop', { dpop_bound_access_tokens: true }),
      program('report', ['client_credentials']), program('scopegate', []),
    ],
    clientDefaults: { id_token_signed_response_alg: 'ES256' },
    adapter: class extends MemoryAdapter {}, // the default adapter warns against its use
    clientBasedCORS: (ctx, origin) => origin === app,
    cookies: { keys: cookieKeys },
    extraTokenClaims: (ctx, token) => ({ [rolesClaim]: token.accountId ? users[token.accountId].roles : ['editor'] }),
    features: {
      clientCredentials: { enabled: true },
      devInteractions: { enabled: false },
      dPoP: { enabled: true },
      introspection: { enabled: true, allowedPolicy: (ctx, client) => client.clientId === 'scopegate' },
      resourceIndicators: {
        enabled: true,
        useGrantedResource: () => true,
        getResourceServerInfo: (ctx, indicator, client) => {
          if (indicator !== resource.resource) throw new Error(`unknown resource ${indicator}`);
          return {
            scope: resource.scopes_supported.join(' '),
            accessTokenFormat: client.clientId === 'agenda-opaque' ? 'opaque' : 'jwt',
            jwt: { sign: { alg: 'ES256', kid: keys[0].kid } },
          };
        },
      },
    },
    findAccount: (ctx, id) => users[id] && { accountId: id, claims: () => ({ sub: id }) },
    interactions: { url: (ctx, interaction) => `/interaction/${interaction.uid}` },
    jwks: { keys },
    ttl: { AccessToken: 3600, AuthorizationCode: 60, ClientCredentials: 3600, Grant: 3600, Interaction: 3600, Session: 3600 },
  });
}

// Log-in and consent: each is a page and the form that it sends.
async function interact(provider, settings, server, request, response) {
  const { prompt, params, session, grantId } = await provider.interactionDetails(request, response);
  const form = request.method === 'POST' ? new URLSearchParams(await bodyOf(request)) : undefined;
  const show = (status, html) => response.writeHead(status, { 'Content-Type': 'text/html; charset=utf-8' }).end(page(html));

  if (prompt.name === 'login') {
    if (!form) return show(200, loginPage());
    const name = form.get('name');
    if (users[name]?.password !== form.get('password')) return show(403, loginPage('Wrong name or password.'));
    return provider.interactionFinished(request, response, { login: { accountId: name } });
  }

  const resource = settings.resource.resource;
  const asked = prompt.details.missingResourceScopes?.[resource] ?? [];
  const claims = { sub: session.accountId, [rolesClaim]: users[session.accountId].roles };
  const { scopes, removed } = server.asksLimit ? await askLimit(settings.limit, asked, claims) : { scopes: asked, removed: [] };
  if (!form) return show(200, consentPage(params.client_id, session.accountId, settings.resource, scopes, removed));

  const grant = grantId ? await provider.Grant.find(grantId)
    : new provider.Grant({ accountId: session.accountId, clientId: params.client_id });
  if (scopes.length) grant.addResourceScope(resource, scopes.join(' '));
  if (removed.length) grant.rejectResourceScope(resource, removed.join(' '));
  return provider.interactionFinished(request, response, { consent: { grantId: await grant.save() } },
    { mergeWithLastSubmission: true });
}

async function askLimit(limit, scopes, claims) {
  const answer = await fetch(limit, { method: 'POST', body: JSON.stringify({ scopes, claims }) });
  if (!answer.ok) throw new Error(`POST /limit: ${answer.status} ${await answer.text()}`); // issues no token
  return answer.json();
}

const escape = (text) => text.replace(/[&<>"']/g, (c) => `&#${c.charCodeAt(0)};`);

const page = (html) => `<!doctype html><html lang="en"><meta charset="utf-8"><title>Example ID</title>
<link rel="icon" href="data:,">
<style>body { font: 16px/1.5 sans-serif; max-width: 26em; margin: 3em auto; color: #223 }
input, button { font: inherit; padding: .3em .8em } label { display: block; margin: .6em 0 } .error, .not { color: #a22 }</style>
<h1>Example ID</h1>${html}`;

const loginPage = (error = '') => `<form method="post"><p class="error">${error}</p>
<label>Name <input name="name" autofocus></label><label>Password <input name="password" type="password"></label>
<button>Log in</button></form>`;

const consentPage = (client, user, resource, scopes, removed) => {
  const list = (names) => names.map((name) =>
    `<li data-scope="${escape(name)}">${escape(resource.scope_descriptions[name])} <small>(${escape(name)})</small></li>`).join('');
  return `<form method="post"><p>${escape(user)}, the application <b>${escape(client)}</b> asks
<b>${escape(resource.resource_name)}</b> for leave to</p><ul class="granted">${list(scopes)}</ul>
${removed.length ? `<p class="not">Your role does not allow this, so that it will not get it:</p><ul class="not">${list(removed)}</ul>` : ''}
<button>${scopes.length ? 'Allow' : 'Go on without'}</button></form>`;
};
