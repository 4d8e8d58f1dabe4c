"""A page of a real browser talks through the proxy to a server, and is seen frame by frame."""

from __future__ import annotations

import json

import pytest

from tests.browsers import CHROMIUM, browser_page
from tests.deadlines import wait_for
from tests.testing.conversing import Echo
from wskit import Compression, ServerConfig
from wskit.events import Ended, Event, Opened
from wskit.protocol.frames import Direction
from wskit.proxy import Proxy, ProxyConfig
from wskit.taps import Capture
from wskit.testing import ws_server

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="there is no Chromium")

TALK = """
new Promise((resolve, reject) => {
  const heard = [];
  const socket = new WebSocket(URL_OF_PROXY, ["chat"]);
  socket.binaryType = "arraybuffer";
  socket.onerror = () => reject(new Error("refused"));
  socket.onopen = () => {
    socket.send("hello ".repeat(200));
    socket.send(new Uint8Array([0, 255, 7]));
  };
  socket.onmessage = event => {
    const data = event.data;
    heard.push(typeof data === "string" ? data.length : [...new Uint8Array(data)]);
    if (heard.length === 2) socket.close(4001, "enough");
  };
  socket.onclose = event => resolve(
    [socket.protocol, socket.extensions, heard, event.code, event.reason, event.wasClean]);
})
"""


def test_a_page_talks_to_a_server_and_everything_is_seen() -> None:
    config = ServerConfig(port=0, compression=Compression(), subprotocols=("chat",))
    seen: list[Event] = []
    with ws_server(Echo, config=config) as server:
        proxy = Proxy(ProxyConfig(url=server.url))
        try:
            with browser_page() as page:
                found = page.run(TALK.replace("URL_OF_PROXY", json.dumps(proxy.url)))

            def over() -> bool:
                seen.extend(proxy.take(0.01))
                return any(isinstance(event, Ended) for event in seen)

            wait_for(over, 20)
        finally:
            proxy.end()
    assert isinstance(found, list)
    subprotocol, extensions, *others = found
    assert (subprotocol, extensions.partition(";")[0]) == ("chat", "permessage-deflate")
    assert others == [[1200, [0, 255, 7]], 4001, "", True]
    opened, *_ = seen
    assert isinstance(opened, Opened)
    assert (opened.status, dict(opened.response)["Sec-WebSocket-Protocol"]) == (101, "chat")
    assert "Mozilla" in dict(opened.request)["User-Agent"]
    frames = [event.frame for event in seen if isinstance(event, Capture)]
    coming = [frame for frame in frames if frame.direction is Direction.IN]
    assert [frame.opcode for frame in coming] == [1, 2, 8]
    assert (coming[0].rsv, coming[0].masked, coming[0].length) == (4, True, 1200)
    assert coming[0].payload == b"hello " * 200
    assert coming[0].wire_length < 100
    assert coming[1].payload == bytes([0, 255, 7])
