"""Whose connections tools are told of, when they begin, and that clients are declined."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

import pytest

from wskit import (
    Conn,
    Handshake,
    HandshakeError,
    HandshakeRejected,
    Server,
    ServerConfig,
    connect,
    watching,
)
from wskit.conn import Address
from wskit.protocol.frames import Tap
from wskit.protocol.opcodes import Side
from wskit.protocol.response import ClientHandshake, ClientHandshakeResult

MODES = pytest.mark.parametrize("blocking", [False, True], ids=["event", "blocking"])


class Ear(watching.Watcher):
    """Remembers what it is told."""

    def __init__(self) -> None:
        self.heard: list[tuple[object, ...]] = []

    @property
    def words(self) -> list[object]:
        return [what[0] for what in self.heard]

    def told(self, word: str) -> list[tuple[object, ...]]:
        return [what[1:] for what in self.heard if what[0] == word]

    def hear(self, *what: object) -> None:
        self.heard.append(what)

    def started(self, server: object) -> None:
        self.hear("started", server)

    def stopped(self, server: object) -> None:
        self.hear("stopped", server)

    def opened(
        self, side: Side, conn: Conn, opening: Handshake | ClientHandshakeResult
    ) -> Tap | None:
        self.hear("opened", conn)
        return None

    def refused(self, address: Address, error: HandshakeError) -> None:
        self.hear("refused", error)

    def ended(self, conn: Conn) -> None:
        self.hear("ended", conn)


class Moody:
    """Refuses "/no"."""

    def __init__(self, handshake: Handshake, conn: Conn) -> None:
        if handshake.url == "/no":
            raise HandshakeRejected(403)

    def client_message(self, data: str | bytes) -> None: ...


@pytest.fixture(autouse=True)
def nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have nobody watch, not even the plugin."""
    monkeypatch.setattr(watching, "_watchers", ())


@contextlib.contextmanager
def serving(handler: type, app: object = None, *, blocking: bool = False) -> Iterator[Server]:
    with Server(handler, ServerConfig(port=0, blocking=blocking)) as server:
        server.listen_in_new_thread(app)
        yield server


def url(server: Server, path: str = "/") -> str:
    return f"ws://127.0.0.1:{server.port}{path}"


def scene() -> None:
    """Have a connection and a refusal."""
    with serving(Moody) as server:
        connect(url(server)).close()
        with pytest.raises(HandshakeError):
            connect(url(server, "/no"))


def test_who_does_not_want_to_know_of_one_is_not_told() -> None:
    class Choosy(Ear):
        wanted: object = None

        def wants(self, owner: object) -> bool:
            return owner is self.wanted

    watching.watch(choosy := Choosy())
    scene()
    # What is over is told without its owner: who was not told of it does not know it.
    assert set(choosy.words) <= {"ended", "failed"}
    choosy.heard.clear()
    with Server(Moody, ServerConfig(port=0)) as server:
        choosy.wanted = server
        server.listen_in_new_thread()
        with connect(url(server)):
            pass
        with pytest.raises(HandshakeError):
            connect(url(server, "/no"))
    assert [word for word in choosy.words if word != "ended"] == [
        "started",
        "opened",
        "opened",
        "refused",
        "stopped",
    ]


def test_what_is_hidden_is_told_to_nobody() -> None:
    watching.watch(ear := Ear())
    with Server(Moody, ServerConfig(port=0)) as server:
        watching.hide(server)
        assert watching.hidden(server)
        server.listen_in_new_thread()
        with pytest.raises(HandshakeError):
            connect(url(server, "/no"))
    assert set(ear.words) <= {"ended"}


@MODES
def test_a_connection_begins_when_its_handler_is_there(blocking: bool) -> None:
    class Begun(Ear):
        def begun(self, conn: Conn) -> None:
            self.hear("begun", conn)

    class Telling(Moody):
        def __init__(self, handshake: Handshake, conn: Conn, app: Ear) -> None:
            super().__init__(handshake, conn)
            app.hear("handler", conn)

    watching.watch(begun := Begun())
    with serving(Telling, begun, blocking=blocking) as server:
        with connect(url(server)):
            pass
        with pytest.raises(HandshakeError):
            connect(url(server, "/no"))
    assert begun.words[:4] == ["started", "opened", "handler", "begun"]
    assert begun.told("begun") == begun.told("handler")


def test_a_client_that_is_declined_is_told_with_what_it_asked() -> None:
    class Declined(Ear):
        def declined(self, conn: Conn, opening: ClientHandshake, error: Exception) -> None:
            self.hear("declined", conn, opening.target, dict(opening.fields), error)

    watching.watch(declined := Declined())
    with serving(Moody) as server, pytest.raises(HandshakeError) as refusal:
        connect(url(server, "/no"), headers={"X-A": "b"})
    [(conn, target, fields, error)] = declined.told("declined")
    assert (target, error) == ("/no", refusal.value)
    assert isinstance(fields, dict)
    assert fields["x-a"] == "b"
    assert ("ended", conn) in declined.heard
