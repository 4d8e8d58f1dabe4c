// The paths of tests/examples/frameworks/serving.py, served with ws. It prints its port, then a
// line "lost" for each connection to /lost that is over; it ends with its standard input.
"use strict";

const http = require("node:http");
const { WebSocketServer } = require("ws");

const sockets = new WebSocketServer({
  noServer: true,
  maxPayload: Number(process.argv[2]),
  handleProtocols: (offered) => (offered.has("chat") ? "chat" : false),
});

sockets.on("connection", (ws, request) => {
  ws.on("error", () => {}); // ws closes by itself
  ws.on("message", (data, isBinary) => ws.send(data, { binary: isBinary }));
  if (request.url === "/close") ws.close(4000, "enough");
  if (request.url === "/lost") ws.on("close", () => console.log("lost"));
});

const server = http.createServer();
server.on("upgrade", (request, socket, head) => {
  if (request.url === "/refuse") {
    socket.end("HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
    return;
  }
  sockets.handleUpgrade(request, socket, head, (ws) => sockets.emit("connection", ws, request));
});
server.listen(0, "127.0.0.1", () => console.log(server.address().port));
process.stdin.on("end", () => process.exit(0)).resume();
