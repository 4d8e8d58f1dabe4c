"""wskit's client, read and written by one thread."""

from __future__ import annotations

from clients.window import BATCH, Window

from wskit import connect

window = Window()
text = window.text
with connect(window.url, proxy=False) as client:
    for _ in range(window.depth):
        client.write(text)
    while window.open:
        for _ in range(BATCH):
            message = client.read(10)
            if message is None or message.data != text:
                raise RuntimeError(f"wrong reply: {message}")
            client.write(text)
        window.count(BATCH)
