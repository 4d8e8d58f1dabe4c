// An echo server on Node's ws, as shipped; compressed only where that is asked for.
"use strict";
const fs = require("node:fs");
const http = require("node:http");
const https = require("node:https");
const path = require("node:path");
const { WebSocket, WebSocketServer } = require("ws");

const asked = process.argv.slice(2);
const tls = asked.includes("--tls") ? asked[asked.indexOf("--tls") + 1] : null;
const read = (name) => fs.readFileSync(path.join(tls, name));
const server = tls
  ? https.createServer({ cert: read("server.pem"), key: read("server.key") })
  : http.createServer();
const all = new WebSocketServer({ server, perMessageDeflate: asked.includes("--deflate") });

all.on("connection", (socket) => {
  socket.on("error", () => {}); // the generator leaves without a close frame
  socket.on("message", (data, binary) => {
    if (!asked.includes("--broadcast")) return socket.send(data, { binary });
    for (const each of all.clients) {
      if (each.readyState === WebSocket.OPEN) each.send(data, { binary });
    }
  });
});
server.listen({ port: 0, host: "127.0.0.1", backlog: 1024 }, () =>
  console.log(server.address().port),
);
