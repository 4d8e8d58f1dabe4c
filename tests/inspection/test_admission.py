"""Who may attach: the owner, by a program; not a browser, not another user, not without token."""

from __future__ import annotations

import os
import socket
import struct
from collections.abc import Iterator

import pytest

from wskit import Conn, Handshake, HandshakeRejected
from wskit.inspection import admission
from wskit.inspection.admission import check
from wskit.outbound import Outbound
from wskit.protocol.connection import Protocol
from wskit.protocol.headers import Headers
from wskit.protocol.opcodes import Side

TOKEN = "ab" * 32
GOOD = {"Host": "127.0.0.1:7000", "Authorization": f"Bearer {TOKEN}"}


def handshake(*fields: tuple[str, str]) -> Handshake:
    return Handshake("/", Headers(fields))


class Silent:
    """An engine that has nothing to do."""

    def watch_writable(self, outbound: Outbound) -> None: ...

    def flush_soon(self, outbound: Outbound) -> None: ...

    def attend(self) -> None: ...


@pytest.fixture
def conn() -> Iterator[Conn]:
    """Give a connection over a pair of Unix sockets, whose other end is this process."""
    ours, theirs = socket.socketpair()
    with ours, theirs:
        outbound = Outbound(ours, Silent(), limit=1, timeout=None)
        yield Conn(Protocol(Side.SERVER), outbound, "", None)


def status(conn: Conn, port: int | None, *fields: tuple[str, str]) -> int:
    """Give the status that the client gets."""
    refusal: HandshakeRejected | None = None
    try:
        check(handshake(*fields), conn, port, TOKEN)
    except HandshakeRejected as raised:
        refusal = raised
    if refusal is None:
        return 101
    assert (("WWW-Authenticate", "Bearer") in refusal.headers) == (refusal.status == 401)
    assert TOKEN.encode() not in refusal.body
    return refusal.status


@pytest.mark.parametrize(
    "host", ["127.0.0.1:7000", "localhost:7000", "[::1]:7000", "LOCALHOST:7000"]
)
def test_a_program_with_the_token_may(conn: Conn, host: str) -> None:
    assert status(conn, 7000, *(GOOD | {"Host": host}).items()) == 101


@pytest.mark.parametrize(
    "origin", ["http://127.0.0.1:7000", "https://evil.example", "null", "", "http://localhost"]
)
def test_a_page_in_a_browser_may_not(conn: Conn, origin: str) -> None:
    assert status(conn, 7000, *GOOD.items(), ("Origin", origin)) == 403
    assert status(conn, None, ("Host", "localhost"), ("Origin", origin)) == 403


@pytest.mark.parametrize(
    "host",
    [
        "evil.example:7000",
        "127.0.0.1.evil.example:7000",
        "127.0.0.1",
        "127.0.0.1:7001",
        "127.0.0.1:7000 ",
        "0.0.0.0:7000",
        "[::1]:07000",
        "",
    ],
)
def test_another_host_is_refused(conn: Conn, host: str) -> None:
    assert status(conn, 7000, *(GOOD | {"Host": host}).items()) == 403


def test_one_host_is_needed_and_no_more(conn: Conn) -> None:
    authorization = ("Authorization", GOOD["Authorization"])
    assert status(conn, 7000, authorization) == 403
    assert status(conn, 7000, *GOOD.items(), ("Host", GOOD["Host"])) == 403


@pytest.mark.parametrize(
    "authorization",
    [
        "",
        "Bearer",
        f"Bearer {TOKEN[:-1]}",
        f"Bearer {TOKEN}a",
        TOKEN,
        f"Basic {TOKEN}",
        "Bearer \xff",
    ],
)
def test_a_wrong_token_is_refused(conn: Conn, authorization: str) -> None:
    assert status(conn, 7000, *(GOOD | {"Authorization": authorization}).items()) == 401


def test_a_token_is_needed_and_no_more(conn: Conn) -> None:
    assert status(conn, 7000, ("Host", GOOD["Host"])) == 401
    assert status(conn, 7000, *GOOD.items(), ("Authorization", GOOD["Authorization"])) == 401


class TestUnixSockets:
    @pytest.mark.parametrize("host", ["localhost", "localhost:80", "127.0.0.1"])
    def test_the_same_user_may(self, conn: Conn, host: str) -> None:
        assert status(conn, None, ("Host", host)) == 101

    def test_another_host_is_refused(self, conn: Conn) -> None:
        assert status(conn, None, ("Host", "evil.example")) == 403

    @pytest.mark.parametrize(("user", "expected"), [(0, 101), (1000, 101), (1001, 403)])
    def test_root_may_and_others_may_not(
        self, conn: Conn, user: int, expected: int, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(os, "geteuid", lambda: 1000)
        monkeypatch.setattr(admission, "_CREDENTIALS", _Fixed(user))
        assert status(conn, None, ("Host", "localhost")) == expected

    def test_where_the_system_cannot_say_the_file_has_to_do(
        self, conn: Conn, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.delattr(socket, "SO_PEERCRED")
        assert status(conn, None, ("Host", "localhost")) == 101


class _Fixed:
    """Credentials of a certain user."""

    size = struct.calcsize("3i")

    def __init__(self, user: int) -> None:
        self.user = user

    def unpack(self, raw: bytes) -> tuple[int, int, int]:
        assert len(raw) == self.size
        return 1, self.user, 1
