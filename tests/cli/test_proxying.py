"""``wskit inspect --listen``: a proxy for clients that do not know of it."""

from __future__ import annotations

import ssl

import pytest

from tests.cli.conftest import Call, Certificates
from tests.cli.options import inspect_options
from tests.cli.processes import Command
from tests.testing.conversing import Echo
from wskit import ServerConfig, connect
from wskit.cli.exits import Failure
from wskit.cli.proxying import proxied
from wskit.testing import ws_server


def test_what_passes_is_shown() -> None:
    with (
        ws_server(Echo) as server,
        Command("inspect", "--listen", "0", "--to", server.url, "--count", "4") as command,
    ):
        where, _, what = command.said().partition(" to ")
        assert what == server.url
        with connect(where, proxy=False) as client:
            client.write("through")
            assert client.read(10) is not None
        status, out, err = command.ended()
    assert (status, err) == (0, "")
    heading, *lines = out.splitlines()
    assert heading.split()[0] == "TIME"
    assert ["<- text" in lines[0], "-> text" in lines[1]] == [True, True]
    assert sum("close" in line for line in lines) == 2


def test_tls_may_be_on_either_side(certificates: Certificates) -> None:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificates.both)
    with ws_server(Echo, config=ServerConfig(port=0, ssl_context=context)) as server:
        options = inspect_options(
            listen="127.0.0.1:0",
            to=server.url,
            tls_cert=certificates.both,
            cacert=certificates.authority,
        )
        source = proxied(options)
        try:
            assert source.proxy.url.startswith("wss://127.0.0.1:")
            trusting = ssl.create_default_context(cafile=certificates.authority)
            with connect(source.proxy.url, proxy=False, ssl_context=trusting) as client:
                client.write("through")
                message = client.read(10)
                assert message is not None
                assert message.data == "through"
        finally:
            source.end()


@pytest.mark.parametrize(
    ("args", "words"),
    [
        ("--listen 0", "--listen: needs a server, as --to ws://127.0.0.1:9000/"),
        ("--listen x --to ws://a", "--listen: 'x' is no [HOST:]PORT such as 9001"),
        ("--listen 1:65536 --to ws://a", "--listen: '1:65536' is no [HOST:]PORT"),
        ("--listen 0 --to http://a", "--to: url: "),
        ("--listen 192.0.2.1:1 --to ws://a", "cannot listen on 192.0.2.1:1: "),
        ("--listen 0 --to ws://a --tls-key x", "--tls-key: needs a --tls-cert"),
    ],
)
def test_wrong_usage_is_one_line(call: Call, args: str, words: str) -> None:
    status, out, err = call("inspect", "--plain", *args.split())
    assert (status, out) == (2, "")
    assert err.startswith(f"wskit: {words}")
    assert err.count("\n") == 1


def test_an_ipv6_address_stands_in_brackets() -> None:
    with pytest.raises(Failure, match=r"cannot listen on \[2001:db8::1\]:1: "):
        proxied(inspect_options(listen="[2001:db8::1]:1", to="ws://a"))
