"""The pytest plugin: fixtures for WebSocket tests, and reports that show the conversation.

The law of this file: pytest imports it in every run, so it imports next to nothing by itself.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, ParamSpec, Protocol, TypeVar

import pytest

if TYPE_CHECKING:
    from .testing import LiveServer, Peer, WebSocketTest

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


@contextlib.contextmanager
def _ending(make: Callable[P, T]) -> Iterator[Callable[P, T]]:
    """Give a function that does as ``make``; what it makes is ended after the block."""
    with contextlib.ExitStack() as stack:

        def made(*args: P.args, **options: P.kwargs) -> T:
            thing = make(*args, **options)
            stack.callback(thing.end)
            return thing

        yield made
