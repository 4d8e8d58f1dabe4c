"""A proxy as a source of events."""

from __future__ import annotations

import pytest

from tests.deadlines import scaled, wait_for
from tests.testing.conversing import Echo
from wskit import connect
from wskit.events import Event, Opened
from wskit.protocol.opcodes import Side
from wskit.proxy import Proxy, ProxyConfig
from wskit.taps import Capture
from wskit.testing import ws_server
from wskit.tui.outgoing import NotSent, Outgoing
from wskit.tui.proxy_source import ProxySource
from wskit.tui.sources import Source


def test_what_passes_is_taken_and_frames_can_be_sent() -> None:
    found: list[Event] = []

    def has_come(count: int) -> bool:
        found.extend(source.take(0.01))
        return len(found) >= count

    with ws_server(Echo) as server:
        source: Source = ProxySource(proxy := Proxy(ProxyConfig(url=server.url)))
        with connect(proxy.url) as client:
            wait_for(lambda: has_come(1))
            opened = found[0]
            assert isinstance(opened, Opened)
            source.send(opened.connection, Outgoing(0x81, b"hi", to=Side.SERVER))
            message = client.read(scaled(5))
            assert message is not None
            assert message.data == "hi"
            wait_for(lambda: has_come(3))
            assert isinstance(found[-1], Capture)
        assert (source.problem, source.ended) == ("", False)
        source.end()
        source.end()
        assert source.ended
        with pytest.raises(NotSent, match="the connection is over"):
            source.send(opened.connection, Outgoing(0x81, b"hi"))
