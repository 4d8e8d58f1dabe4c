"""What a proxy can be told."""

from __future__ import annotations

import ssl

import pytest

from wskit.proxy import ProxyConfig


def test_the_url_says_how_to_reach_the_server() -> None:
    config = ProxyConfig(url="wss://example.org/chat?x", connect_timeout=2)
    assert (config.server.host, config.server.port, config.server.tls) == ("example.org", 443, True)
    assert (config.target, config.server.connect_timeout) == ("/chat?x", 2)


@pytest.mark.parametrize(
    ("fields", "error"),
    [
        ({"url": "http://here"}, "url: "),
        ({"url": "ws://me:secret@here"}, "url: must have no user"),
        ({"host": 1}, "host: "),
        ({"host": ""}, "host: "),
        ({"port": 70000}, "port: "),
        ({"keep_host": 1}, "keep_host: "),
        ({"head_timeout": 0}, "head_timeout: "),
        ({"connect_timeout": None}, "connect_timeout: "),
        ({"feed_size": 0}, "feed_size: "),
        ({"preview": -1}, "preview: "),
        ({"listen_ssl_context": "x"}, "listen_ssl_context: "),
        ({"ssl_context": ssl.create_default_context()}, "ssl_context: needs tls"),
        ({"proxy": 3}, "proxy: "),
    ],
)
def test_wrong_fields_are_named(fields: dict[str, object], error: str) -> None:
    with pytest.raises((TypeError, ValueError), match=error):
        ProxyConfig(**{"url": "ws://here", **fields})  # type: ignore[arg-type]
