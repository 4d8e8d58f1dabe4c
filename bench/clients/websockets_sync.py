"""The client of websockets.sync, as shipped, without compression."""

from __future__ import annotations

from clients.window import BATCH, Window
from websockets.sync.client import connect

window = Window()
text = window.text
with connect(window.url, compression=None, proxy=None) as client:
    for _ in range(window.depth):
        client.send(text)
    while window.open:
        for _ in range(BATCH):
            if client.recv(10) != text:
                raise RuntimeError("wrong reply")
            client.send(text)
        window.count(BATCH)
