"""The pytest plugin: fixtures for WebSocket tests, and reports that show the conversation.

The law of this file: pytest imports it in every run, so it imports next to nothing by itself.
`testing/plugin_chaperon.py` is what happens around each test.
"""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, ParamSpec, Protocol, TypeVar

import pytest

from .testing.plugin_chaperon import Chaperon
from .testing.plugin_options import MARKER, add_options, settings

if TYPE_CHECKING:
    from .testing import (
        ClientTest,
        LiveApp,
        LiveServer,
        LiveWSGIApp,
        Peer,
        RecordedServer,
        ScriptedServer,
        WebSocketTest,
    )

__all__: list[str] = []


class Ends(Protocol):
    """What is ended with its test."""

    def end(self) -> None:
        """End it; may be called again."""


P = ParamSpec("P")
T = TypeVar("T", bound=Ends)


@pytest.fixture
def wtt() -> Iterator[WebSocketTest]:
    """A real server-side connection, ``wtt.conn``, and its client's end: ``wtt`` itself."""
    from .testing import WebSocketTest

    with WebSocketTest() as test:
        yield test


@pytest.fixture
def ws_pair() -> Iterator[Callable[..., Peer]]:
    """Call it with a handler class: ``wskit.testing.ws_pair``, ended with the test."""
    from .testing.pairs import ws_pair

    with _ending(ws_pair) as make:
        yield make


@pytest.fixture
def ws_server() -> Iterator[Callable[..., LiveServer]]:
    """Call it with a handler class: ``wskit.testing.ws_server``, stopped with the test."""
    from .testing.servers import ws_server

    with _ending(ws_server) as make:
        yield make


@pytest.fixture
def ws_client() -> Iterator[Callable[..., Peer]]:
    """Call it with a URL: ``wskit.testing.ws_client``, ended with the test."""
    from .testing.clients import ws_client

    with _ending(ws_client) as make:
        yield make


@pytest.fixture
def ws_asgi() -> Iterator[Callable[..., LiveApp]]:
    """Call it with an ASGI app: ``wskit.testing.ws_asgi``, shut down with the test."""
    from .testing.asgi import ws_asgi

    with _ending(ws_asgi) as make:
        yield make


@pytest.fixture
def ws_wsgi() -> Iterator[Callable[..., LiveWSGIApp]]:
    """Call it with a WSGI app: ``wskit.testing.ws_wsgi``, shut down with the test."""
    from .testing.wsgi import ws_wsgi

    with _ending(ws_wsgi) as make:
        yield make


@pytest.fixture
def ws_record(request: pytest.FixtureRequest) -> Iterator[Callable[..., RecordedServer]]:
    """Call it with a URL: ``wskit.testing.ws_record`` with a path of the test's own, ended with it.

    The path is recordings/TEST.har beside the test's file, the mode that of ``--wskit-record``.
    """
    from .testing.recordings import recorder_for

    mode = request.config.getoption("--wskit-record")
    with _ending(recorder_for(request.path, request.node.name, mode)) as make:
        yield make


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options."""
    add_options(parser)
    group = parser.getgroup("wskit")
    group.addoption(
        "--wskit-record",
        default="none",
        choices=("none", "once", "all"),
        help="when ws_record records: never, if there is no recording yet, always",
    )


_chaperon = pytest.StashKey[Chaperon]()


def pytest_configure(config: pytest.Config) -> None:
    """Begin to watch this process; pytest.UsageError for a wrong option."""
    config.addinivalue_line("markers", MARKER)
    chaperon = config.stash[_chaperon] = Chaperon(settings(config))
    config.pluginmanager.register(chaperon, "wskit-chaperon")


def pytest_unconfigure(config: pytest.Config) -> None:
    """Watch no more."""
    chaperon = config.stash.get(_chaperon, None)
    if chaperon is not None:
        chaperon.end()


def pytest_assertrepr_compare(op: str, left: object, right: object) -> list[str] | None:
    """Explain how two messages or two frames differ."""
    # Whoever has one of these has imported its module.
    if (
        op != "=="
        or type(left).__module__ not in _COMPARED
        or left.__class__ is not right.__class__
    ):
        return None
    from .testing.comparing import comparison

    return comparison(left, right)


_COMPARED = ("wskit.protocol.opcodes", "wskit.protocol.frames")


@pytest.fixture
def wtt_client() -> Iterator[ClientTest]:
    """A real open client, ``wtt_client.client``, and its server's end: ``wtt_client`` itself."""
    from .testing import ClientTest

    with ClientTest() as test:
        yield test


@pytest.fixture
def ws_script() -> Iterator[Callable[..., ScriptedServer]]:
    """Call it with scripts: ``wskit.testing.ws_script``, ended and judged with the test."""
    from .testing.scripts import ws_script

    with _ending(ws_script) as make:
        yield make


@contextlib.contextmanager
def _ending(make: Callable[P, T]) -> Iterator[Callable[P, T]]:
    """Give a function that does as ``make``; what it makes is ended after the block."""
    with contextlib.ExitStack() as stack:

        @functools.wraps(make)
        def made(*args: P.args, **options: P.kwargs) -> T:
            thing = make(*args, **options)
            stack.callback(thing.end)
            return thing

        yield made
