// The whole story: an API behind Scopegate, an authorization server that learns its scopes from there, an
// application in a browser, and its user. `node story.mjs PROGRAM PICTURES` prints one line for each proven
// statement, and stops at the first that does not hold.
import { strict as assert } from 'node:assert';
import { randomBytes } from 'node:crypto';
import { authorizationServer } from './authorization_server.mjs';
import { askFor, claimsOf, goAndAsk, listed, logIn, startBrowser, state, tokens } from './browser.mjs';
import { startGate } from './gate.mjs';
import { application, calendarApi } from './servers.mjs';
import { keepAsking } from './traffic.mjs';

const [program, pictures] = process.argv.slice(2);
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.once(signal, () => process.exit(130));

const secret = randomBytes(24).toString('hex');
const read = ['read:appointments', 'See your appointments'];
const write = ['write:appointments', 'Create, change and delete your appointments'];

const app = await application(() => ({ api: gate.origin }));
const api = await calendarApi(() => app.origin);
const issuer = await authorizationServer(secret);
const gate = await startGate(program, {
  API: api.origin, APP: app.origin, ISSUER: issuer.origin, INTROSPECTION_SECRET: secret,
});
const browser = await startBrowser(pictures);

let proved = 0;
let stolen; // a bound token, and unused proofs
async function prove(what, check) {
  try {
    await check();
  } catch (error) {
    console.error(`FAILED: ${what}\n${error.stack}\n\nThe last of the gate's log:`);
    for (const line of gate.log.slice(-8)) console.error(JSON.stringify(line));
    await browser.pictureOfFailure().catch(() => {});
    console.error(`What the pages showed is in ${pictures}/failure-*.png`);
    process.exit(1);
  }
  proved += 1;
  console.log(`ok: ${what}`);
}

const get = (url, headers) => fetch(url, { headers });
const appointments = `${gate.origin}/appointments`;

// A new user's first visit: the application requests read:appointments, and the user logs in and is asked for
// consent.
async function firstVisit(name, query = '') {
  const page = await browser.visit(`${app.origin}/${query}`);
  await askFor(page, '#show', 'read:appointments');
  await goAndAsk(page);
  await logIn(page, name);
  return page;
}

await prove('while the issuer is unreachable, a token gets 503 with Retry-After and a missing token gets 401', async () => {
  const answer = await get(appointments, { Authorization: `Bearer ${fakeJwt()}` });
  assert.equal(answer.status, 503);
  assert.ok(answer.headers.get('Retry-After'));
  assert.equal((await get(appointments)).status, 401);
  assert.equal((await get(`${gate.admin}/readyz`)).status, 503);
});

await prove('the authorization server takes scopes and consent texts from the metadata, and the gate finds its keys', async () => {
  const offered = await (await get(`${gate.origin}/.well-known/oauth-protected-resource`)).json();
  assert.deepEqual(offered.authorization_servers, [issuer.origin]);
  assert.deepEqual(Object.entries(offered.scope_descriptions), [read, write]);
  issuer.open(offered, `${gate.admin}/limit`, app.origin);
  await gate.ready();
});

// --- An editor
let ann;
await prove('the consent page says what read:appointments means', async () => {
  ann = await firstVisit('ann');
  assert.deepEqual(await listed(ann, 'granted'), [read]);
  await browser.picture(ann, '1-consent-read');
});

await prove('the application reads through Scopegate, from another origin', async () => {
  await ann.click('text="Allow"');
  assert.equal(await state(ann, 'done'), 'GET done for ann, with read:appointments.');
  assert.equal(await ann.locator('#appointments li').first().textContent(), 'Dentist (by ann)');
  await browser.picture(ann, '2-application-reads');
});

await prove('its write gets 403, and WWW-Authenticate names write:appointments', async () => {
  await askFor(ann, '#add', 'write:appointments');
  assert.match(await state(ann, 'refused'), /^POST refused: 403/);
  assert.match(await ann.locator('#log').textContent(), /error="insufficient_scope".*scope="write:appointments"/);
  await browser.picture(ann, '3-application-lacks-write');
});

await prove('it requests just that scope, the user consents without a new log-in, and the write succeeds', async () => {
  assert.equal(await goAndAsk(ann), 'write:appointments');
  assert.deepEqual(await listed(ann, 'granted'), [write]);
  await browser.picture(ann, '4-consent-write');
  await ann.click('text="Allow"');
  assert.equal(await state(ann, 'done'), 'POST done for ann, with write:appointments.');
  assert.equal(await ann.locator('#appointments li').last().textContent(), 'Lunch (by ann)');
  await browser.picture(ann, '5-application-wrote');
});

await prove('it can still read what it read before, each resource with its own token', async () => {
  await ann.click('#show');
  assert.equal(await state(ann, 'GET done'), 'GET done for ann, with read:appointments.');
  await browser.done(ann);
});

// --- A viewer
await prove('a viewer never gets write:appointments: the authorization server asked POST /limit', async () => {
  const vic = await firstVisit('vic', '?also=write:appointments');
  assert.deepEqual([await listed(vic, 'granted'), await listed(vic, 'not')], [[read], [write]]);
  await browser.picture(vic, '6-consent-of-a-viewer');
  await vic.click('text="Allow"');
  await state(vic, 'GET done for vic');
  assert.equal(claimsOf((await tokens(vic))['read:appointments'].value).scope, 'read:appointments');
  await askFor(vic, '#add', 'write:appointments');
  await goAndAsk(vic); // a scope that was refused once is not even requested again
  await state(vic, 'Not granted: write:appointments');
  assert.deepEqual(Object.keys(await tokens(vic)), ['read:appointments']);
  await browser.done(vic);
});

await prove('a viewer\'s token that contains the scope nevertheless is denied, and another request for the scope does not help', async () => {
  issuer.asksLimit = false;
  const vic = await firstVisit('vic');
  await vic.click('text="Allow"');
  await state(vic, 'GET done for vic');
  await askFor(vic, '#add', 'write:appointments');
  await goAndAsk(vic);
  assert.deepEqual(await listed(vic, 'granted'), [write]);
  await vic.click('text="Allow"');
  await state(vic, 'POST refused: 403');
  issuer.asksLimit = true;
  const token = (await tokens(vic))['write:appointments'].value;
  assert.equal(claimsOf(token).scope, 'write:appointments');
  assert.match(await vic.locator('#log').textContent(), /POST \/appointments: 403 urn:scopegate:problem:scope-limited/);
  assert.equal(await vic.locator('#ask').isVisible(), false);
  await browser.picture(vic, '7-application-of-a-viewer');
  await browser.done(vic);
});

// --- Other kinds of tokens from the same server
await prove('an opaque token permits a read and not a write, through introspection', async () => {
  const page = await firstVisit('ann', '?client=agenda-opaque');
  await page.click('text="Allow"');
  assert.equal(await state(page, 'done'), 'GET done for ann, with read:appointments.');
  const { value } = (await tokens(page))['read:appointments'];
  assert.ok(!value.includes('.'), 'the token is a JWT');
  await askFor(page, '#add', 'write:appointments');
  await goAndAsk(page);
  await page.click('text="Allow"');
  assert.equal(await state(page, 'done'), 'POST done for ann, with write:appointments.');
  assert.equal((await get(appointments, { Authorization: `Bearer ${value}x` })).status, 401);
  await browser.done(page);
});

await prove('a DPoP-bound token reads and writes with proofs that the browser makes', async () => {
  const page = await firstVisit('ann', '?client=agenda-dpop');
  await page.click('text="Allow"');
  assert.equal(await state(page, 'done'), 'GET done for ann, with read:appointments.');
  await askFor(page, '#add', 'write:appointments');
  await goAndAsk(page);
  await page.click('text="Allow"');
  assert.equal(await state(page, 'done'), 'POST done for ann, with write:appointments.');
  await browser.picture(page, '8-application-with-dpop');
  stolen = await tokens(page);
  stolen.proofs = await page.evaluate(makeProofs, [appointments, stolen['read:appointments'].value]);
  await browser.done(page);
});

await prove('a thief of the token is refused: without a proof, with a proof for another request, with a used proof', async () => {
  const { type, value } = stolen['read:appointments'];
  assert.equal(type, 'DPoP');
  assert.ok(claimsOf(value).cnf.jkt);
  const present = async (scheme, DPoP) => {
    const answer = await get(appointments, { Authorization: `${scheme} ${value}`, ...DPoP && { DPoP } });
    return [answer.status, /error="(\w+)"/.exec(answer.headers.get('WWW-Authenticate'))?.[1]];
  };
  const { right, spare, otherMethod, otherToken, otherKey } = stolen.proofs;
  assert.equal((await present('Bearer'))[0], 401);
  assert.equal((await present('Bearer', spare))[0], 401);
  for (const wrong of [undefined, otherMethod, otherToken, otherKey]) {
    assert.deepEqual(await present('DPoP', wrong), [401, 'invalid_dpop_proof']);
  }
  assert.deepEqual(await present('DPoP', right), [200, undefined]);
  assert.deepEqual(await present('DPoP', right), [401, 'invalid_dpop_proof']);
});

// --- Keys, and an issuer that comes and goes
await prove('new keys during traffic: no request is denied, and the key set is fetched once', async () => {
  const before = issuer.keysServed;
  const traffic = keepAsking(appointments, () => issuer.issue('read:appointments'));
  await traffic.answers(100);
  issuer.rotateKeys();
  await traffic.answersTo((token) => headOf(token).kid === 'key-2', 100);
  assert.deepEqual(await traffic.end(), { 200: traffic.total });
  assert.equal(issuer.keysServed - before, 1);
});

await prove('requests with known keys survive an issuer that goes and comes back', async () => {
  const known = await issuer.issue('read:appointments');
  const traffic = keepAsking(appointments, () => known);
  await traffic.answers(100);
  await issuer.stop();
  await traffic.answers(100);
  await issuer.start();
  await traffic.answers(100);
  assert.deepEqual(await traffic.end(), { 200: traffic.total });
});

await prove('the gate exits on SIGINT', async () => {
  await browser.stop();
  assert.equal(await gate.stop(), 0);
  await Promise.all([app, api, issuer].map((server) => server.stop()));
});
console.log(`${proved} things proved; the pictures are in ${pictures}/`);

// Runs in the page: makes proofs for reading with this token, two valid ones and others with one fault each.
async function makeProofs([url, token]) {
  const { makeKey, proof } = await import('/dpop.js');
  const { key } = JSON.parse(sessionStorage.getItem('agenda'));
  return {
    right: await proof(key, 'GET', url, token),
    spare: await proof(key, 'GET', url, token),
    otherMethod: await proof(key, 'POST', url, token),
    otherToken: await proof(key, 'GET', url, `${token}x`),
    otherKey: await proof(await makeKey(), 'GET', url, token),
  };
}
function fakeJwt() {
  const part = (object) => Buffer.from(JSON.stringify(object)).toString('base64url');
  const exp = Math.floor(Date.now() / 1000) + 60;
  return [part({ alg: 'ES256', typ: 'at+jwt' }),
    part({ iss: issuer.origin, aud: 'https://calendar.example.com', sub: 'x', client_id: 'x', jti: 'x', iat: exp - 60, exp }),
    Buffer.alloc(64, 1).toString('base64url')].join('.');
}
function headOf(jwt) {
  return JSON.parse(Buffer.from(jwt.split('.')[0], 'base64url'));
}
