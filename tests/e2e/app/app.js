// A single-page application that is configured with only the API's address and its own name. It finds the log-in
// page in the API's metadata (RFC 9728), and the scope that it lacks in WWW-Authenticate. It requests just that
// scope by the code flow with PKCE (step-up), and then repeats the interrupted action.
import { base64url, makeKey, proof } from './dpop.js';

const { api } = await (await fetch('config.json')).json();
const home = `${location.origin}/`;
const $ = (id) => document.getElementById(id);

// The state that survives the visit to the authorization server.
const saved = JSON.parse(sessionStorage.getItem('agenda') ?? '{"tokens":{},"needs":{},"log":[]}');
const given = new URLSearchParams(location.search);
saved.client = given.get('client') ?? saved.client ?? 'agenda';
saved.also = given.get('also') ?? saved.also; // a scope that it always requests in addition, needed or not
const save = () => sessionStorage.setItem('agenda', JSON.stringify(saved));

function say(line) {
  saved.log.push(line);
  $('log').textContent = saved.log.join('\n');
}

async function authorizationServer() {
  const resource = await (await fetch(`${api}/.well-known/oauth-protected-resource`)).json();
  const [issuer] = resource.authorization_servers;
  return { resource: resource.resource, ...await (await fetch(`${issuer}/.well-known/openid-configuration`)).json() };
}

async function ask(needed, forMethod) {
  const server = await authorizationServer();
  saved.state = base64url(crypto.getRandomValues(new Uint8Array(16)));
  saved.verifier = base64url(crypto.getRandomValues(new Uint8Array(32)));
  saved.asked = { needed, forMethod };
  const scope = [needed, saved.also].filter(Boolean).join(' ');
  if (saved.client === 'agenda-dpop') saved.key ??= await makeKey();
  const digest = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(saved.verifier));
  save();
  location.assign(`${server.authorization_endpoint}?${new URLSearchParams({
    response_type: 'code', client_id: saved.client, redirect_uri: home, scope, state: saved.state,
    resource: server.resource, code_challenge: base64url(digest), code_challenge_method: 'S256',
  })}`);
}

// Back from the authorization server: exchanges the code for a token, and keeps it under the requested scope.
async function redeem(answer) {
  if (answer.get('state') !== saved.state) throw new Error('this answer is to another question');
  history.replaceState(null, '', home);
  const { needed, forMethod } = saved.asked;
  if (answer.has('error')) return refused(needed, answer.get('error'));
  const server = await authorizationServer();
  const headers = saved.key ? { DPoP: await proof(saved.key, 'POST', server.token_endpoint) } : {};
  const token = await (await fetch(server.token_endpoint, {
    method: 'POST',
    headers,
    body: new URLSearchParams({
      grant_type: 'authorization_code', client_id: saved.client, redirect_uri: home,
      code: answer.get('code'), code_verifier: saved.verifier,
    }),
  })).json();
  if (!token.scope?.split(' ').includes(needed)) return refused(needed, token.error ?? `only ${token.scope}`);
  say(`asked for ${needed}, got ${token.scope} (${token.token_type})`);
  saved.tokens[needed] = { value: token.access_token, type: token.token_type };
  saved.newest = needed;
  await call(forMethod);
}

function refused(needed, why) {
  say(`asked for ${needed}: ${why}`);
  $('state').textContent = `Not granted: ${needed}`; // another request would change nothing
}

// Returns the Authorization that this method is known to need, or the newest one.
async function credentials(method, url) {
  const token = saved.tokens[saved.needs[method]] ?? saved.tokens[saved.newest];
  if (!token) return {};
  const headers = { Authorization: `${token.type} ${token.value}` };
  if (token.type === 'DPoP') headers.DPoP = await proof(saved.key, method, url, token.value);
  return headers;
}

async function call(method) {
  const url = `${api}/appointments`;
  const headers = await credentials(method, url);
  const body = method === 'POST' ? JSON.stringify({ title: 'Lunch' }) : undefined;
  if (body) headers['Content-Type'] = 'application/json';
  const answer = await fetch(url, { method, headers, body });
  const challenge = answer.headers.get('WWW-Authenticate') ?? '';
  const { scope } = Object.fromEntries([...challenge.matchAll(/(\w+)="([^"]*)"/g)].map(([, name, value]) => [name, value]));
  const said = await answer.json();
  say(`${method} /appointments: ${answer.status} ${said.type ?? ''} ${challenge && `\n  WWW-Authenticate: ${challenge}`}`);
  save();

  $('ask').hidden = answer.ok || !scope;
  $('state').textContent = answer.ok ? `${method} done for ${said.user}, with ${said.scopes}.`
    : `${method} refused: ${answer.status} ${said.title ?? ''}`;
  if (answer.ok) $('appointments').replaceChildren(...said.appointments.map((each) =>
    Object.assign(document.createElement('li'), { textContent: `${each.title} (by ${each.by})` })));
  if (!answer.ok && scope) {
    saved.needs[method] = scope;
    $('needed').textContent = scope;
    $('consent').onclick = () => ask(scope, method);
  }
}

$('show').onclick = () => call('GET');
$('add').onclick = () => call('POST');
if (given.has('state')) await redeem(given);
save();
say('ready');
