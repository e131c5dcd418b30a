// The API behind the gate, made with node's ws: it serves the paths of ws_client.*. Prints its port.
import { WebSocketServer } from "ws";

const lastClose = [];
const waiting = [];
const tell = () => {
  while (lastClose.length > 0 && waiting.length > 0) waiting.shift().send(JSON.stringify(lastClose.shift()));
};

const server = new WebSocketServer({
  host: "127.0.0.1",
  port: 0,
  maxPayload: 0,
  perMessageDeflate: true,
  handleProtocols: (offered) => (offered.has("chat") ? "chat" : false),
});

server.on("listening", () => console.log(server.address().port));
server.on("connection", (socket, asked) => {
  const where = asked.url.split("?")[0].split("/");
  socket.on("error", () => {});
  switch (where[1]) {
    case "echo":
      socket.on("message", (message, binary) => socket.send(message, { binary }));
      break;
    case "fragments": // echoes in pieces of so many bytes
      socket.on("message", (message, binary) => {
        const size = Number(where[2]);
        for (let at = 0; at < message.length || at === 0; at += size)
          socket.send(message.subarray(at, at + size), { binary, fin: at + size >= message.length });
      });
      break;
    case "close":
      socket.close(Number(where[2]), "as asked");
      break;
    case "closed": // how the client closed, reported on another connection
      socket.on("close", (code, reason) => {
        lastClose.push([code, reason.toString()]);
        tell();
      });
      break;
    case "last-close":
      waiting.push(socket);
      tell();
      break;
    case "flood":
      for (let i = 0; i < Number(where[2]); ++i) socket.send(String(i));
      break;
    case "ping":
      socket.on("pong", (payload) => {
        if (payload.toString() === "are you there") socket.send("it was");
      });
      socket.ping("are you there");
      break;
    case "asked": {
      const fields = {};
      for (let i = 0; i < asked.rawHeaders.length; i += 2) fields[asked.rawHeaders[i]] = asked.rawHeaders[i + 1];
      socket.send(JSON.stringify({ path: asked.url, fields }));
      break;
    }
  }
});
