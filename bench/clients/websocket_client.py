"""websocket-client, as shipped."""

from __future__ import annotations

import websocket
from clients.window import BATCH, Window

window = Window()
text = window.text
client = websocket.create_connection(window.url, timeout=10)
for _ in range(window.depth):
    client.send(text)
while window.open:
    for _ in range(BATCH):
        if client.recv() != text:
            raise RuntimeError("wrong reply")
        client.send(text)
    window.count(BATCH)
client.close()
