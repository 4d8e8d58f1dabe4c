"""From options to an open client; the exit codes of refusals are those of test_connect.py."""

from __future__ import annotations

import pytest

from tests.testing.conversing import Echo
from wskit.cli.dialling import dial
from wskit.cli.exits import Failure
from wskit.cli.parameters import ConnectionOptions
from wskit.testing import ws_server

OPTIONS: ConnectionOptions = {
    "url": "",
    "header": (),
    "subprotocol": (),
    "origin": None,
    "insecure": False,
    "cacert": None,
    "proxy": None,
    "compress": True,
    "ping": None,
    "timeout": 5.0,
    "max_size": 1000,
}


def test_a_client_is_as_the_options_say(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("no_proxy", "*")
    with ws_server(Echo) as server, dial({**OPTIONS, "url": server.url}) as client:
        client.write("hello")
        message = client.read(5)
        assert message is not None
        assert message.data == "hello"
        assert client._config.max_size == 1000
        assert client._config.compression is not None


def test_a_wrong_option_is_a_failure() -> None:
    with pytest.raises(Failure, match="url: "):
        dial({**OPTIONS, "url": "http://x"})
