// A client that uses node's ws: ws_client.mjs PORT TOKEN BRIEF-TOKEN. Sends echo traffic in the manner of
// Autobahn's cases, and checks how tunnels begin and end. The last line is `N passed, N failed`.
import { randomBytes } from "node:crypto";
import WebSocket from "ws";

const [port, token, brief] = process.argv.slice(2);
const sizes = [0, 1, 125, 126, 127, 128, 65535, 65536, 65537, 1 << 20, 16 << 20];
let passed = 0, failed = 0;

function check(sentence, holds, seen = "") {
  if (holds) return void ++passed;
  ++failed;
  console.log(`failed: ${sentence} ${String(seen).slice(0, 300)}`);
}

// A connection whose messages are awaited one by one.
class Caller {
  constructor(path, { bearer = token, protocols = [], ...more } = {}) {
    const headers = { ...more.headers, ...(bearer ? { Authorization: `Bearer ${bearer}` } : {}) };
    this.socket = new WebSocket(`ws://127.0.0.1:${port}${path}`, protocols, { maxPayload: 0, ...more, headers });
    this.messages = [];
    this.takers = [];
    this.socket.on("message", (data, binary) => {
      const message = binary ? data : data.toString();
      this.takers.length > 0 ? this.takers.shift()(message) : this.messages.push(message);
    });
    this.closed = new Promise((done) => this.socket.on("close", (code, reason) => done([code, reason.toString()])));
    this.open = new Promise((done) => {
      this.socket.on("open", () => done(101));
      this.socket.on("unexpected-response", (_, answer) => {
        answer.resume();
        done(answer.statusCode);
        this.socket.terminate();
      });
      this.socket.on("error", (wrong) => done(wrong.message));
    });
  }
  next() {
    return this.messages.length > 0 ? Promise.resolve(this.messages.shift()) : new Promise((done) => this.takers.push(done));
  }
  send(message, options) {
    this.socket.send(message, options);
  }
  async end() {
    this.socket.close(1000);
    await this.closed;
  }
}

async function open(path, options) {
  const caller = new Caller(path, options);
  const status = await caller.open;
  if (status !== 101) throw new Error(`${path}: ${status}`);
  return caller;
}

const same = (a, b) => (Buffer.isBuffer(a) && Buffer.isBuffer(b) ? a.equals(b) : a === b);
const numbers = (n) => Array.from({ length: n }, (_, i) => String(i));

async function echoes() {
  for (const perMessageDeflate of [true, false]) {
    const caller = await open("/echo", { perMessageDeflate });
    for (const size of sizes)
      for (const message of ["x".repeat(size), randomBytes(size)]) {
        caller.send(message);
        check(`echo of ${size} bytes, ${typeof message}, deflate ${perMessageDeflate}`, same(await caller.next(), message));
      }
    for (const size of sizes.slice(1, 10)) {
      const message = randomBytes(size);
      const piece = Math.max(1, Math.floor(size / 20));
      for (let at = 0; at < size; at += piece)
        caller.send(message.subarray(at, at + piece), { binary: true, fin: at + piece >= size });
      check(`${size} bytes in fragments`, same(await caller.next(), message));
    }
    await caller.end();
  }
  const caller = await open("/fragments/1000");
  const message = randomBytes(100000);
  caller.send(message);
  check("the API's fragments", same(await caller.next(), message));
  await caller.end();
}

async function pings() {
  const caller = await open("/echo");
  for (const payload of ["", "x".repeat(125)]) {
    const pong = new Promise((done) => caller.socket.once("pong", (data) => done(data.toString())));
    caller.socket.ping(payload);
    check(`a ping of ${payload.length} bytes`, (await pong) === payload);
  }
  await caller.end();
  const pinged = await open("/ping");
  check("the API's ping", (await pinged.next()) === "it was");
  await pinged.end();
}

async function closes() {
  for (const code of [1000, 1001, 1007, 1009, 1011, 3000, 4999]) {
    const told = await (await open(`/close/${code}`)).closed;
    check(`the API closes with ${code}`, told[0] === code && told[1] === "as asked", told);
    const closing = await open("/closed");
    closing.socket.close(code, "the caller's word");
    await closing.closed;
    const asking = await open("/last-close");
    const seen = JSON.parse(await asking.next());
    check(`the client closes with ${code}`, seen[0] === code && seen[1] === "the caller's word", seen);
    await asking.end();
  }
}

async function many() {
  const caller = await open("/echo");
  for (const i of numbers(5000)) caller.send(i);
  let inOrder = true;
  for (const i of numbers(5000)) inOrder = (await caller.next()) === i && inOrder;
  check("5000 messages in their order", inOrder);
  await caller.end();
  const flooded = await open("/flood/20000");
  inOrder = true;
  for (const i of numbers(20000)) inOrder = (await flooded.next()) === i && inOrder;
  check("20000 of the API's", inOrder);
  await flooded.end();
  const all = numbers(50).map(async (i) => {
    const one = await open("/echo");
    let right = true;
    for (const n of numbers(20)) {
      one.send(`${i} ${n}`);
      right = (await one.next()) === `${i} ${n}` && right;
    }
    await one.end();
    return right;
  });
  check("50 at once", (await Promise.all(all)).every((right) => right));
}

async function decisions() {
  for (const [bearer, path, status] of [["", "/echo", 401], ["nonsense", "/echo", 401], [token, "/write", 403]]) {
    const seen = await new Caller(path, { bearer }).open;
    check(`${status} for ${path}`, seen === status, seen);
  }
}

async function places() {
  const bearer = await open("/asked?a=1", { bearer: "", protocols: ["bearer", token] });
  let seen = JSON.parse(await bearer.next());
  check("a token among the subprotocols: the response chooses bearer", bearer.socket.protocol === "bearer", bearer.socket.protocol);
  check("the API does not get it there", !("Sec-WebSocket-Protocol" in seen.fields), JSON.stringify(seen));
  check("the API gets it as Authorization", seen.fields.Authorization === `Bearer ${token}`, JSON.stringify(seen));
  await bearer.end();
  const chat = await open("/asked", { bearer: "", protocols: ["chat", "bearer", token] });
  seen = JSON.parse(await chat.next());
  check("the API chooses among the other subprotocols", chat.socket.protocol === "chat", chat.socket.protocol);
  check("the API gets only the other subprotocols", seen.fields["Sec-WebSocket-Protocol"] === "chat", JSON.stringify(seen));
  await chat.end();
  const marker = "v1.token.websocket.jupyter.org", encoded = Buffer.from(token).toString("base64url");
  const jupyter = await open("/asked", { bearer: "", protocols: [marker, `${marker}.${token}`] });
  seen = JSON.parse(await jupyter.next());
  check("a token in a subprotocol's name: the response chooses the prefix", jupyter.socket.protocol === marker, jupyter.socket.protocol);
  check("the API gets the prefix alone", seen.fields["Sec-WebSocket-Protocol"] === marker, JSON.stringify(seen));
  await jupyter.end();
  const phoenix = await open("/asked", { bearer: "", protocols: ["chat", `base64url.bearer.phx.${encoded}`] });
  seen = JSON.parse(await phoenix.next());
  check("the API chooses beside an encoded token", phoenix.socket.protocol === "chat", phoenix.socket.protocol);
  check("the API gets the decoded token", seen.fields.Authorization === `Bearer ${token}`, JSON.stringify(seen));
  await phoenix.end();
  const query = await open(`/asked?a=1&access_token=${token}&b=2`, { bearer: "" });
  seen = JSON.parse(await query.next());
  check("a token is removed from the query", seen.path === "/asked?a=1&b=2", seen.path);
  await query.end();
  const cookie = await open("/asked", { bearer: "", headers: { Cookie: `a=1; session=${token}; b=2` } });
  seen = JSON.parse(await cookie.next());
  check("a token is removed from the cookies", seen.fields.Cookie === "a=1; b=2", JSON.stringify(seen));
  await cookie.end();
}

async function expiry() {
  const caller = await open("/echo", { bearer: brief });
  caller.send("still good");
  check("before the token ends", (await caller.next()) === "still good");
  const told = await caller.closed;
  check("at its end", told[0] === 1008, told);
}

async function take(step) {
  let late;
  const patience = new Promise((_, give_up) => (late = setTimeout(() => give_up(new Error("no answer")), 300000)));
  try {
    await Promise.race([step(), patience]);
  } catch (wrong) {
    check(step.name, false, wrong.stack);
  }
  clearTimeout(late);
}

const ending = take(expiry); // runs beside the others
for (const step of [decisions, echoes, pings, closes, many, places]) await take(step);
await ending;
console.log(`${passed} passed, ${failed} failed`);
process.exit(failed === 0 && passed > 0 ? 0 : 1);
