"""The endpoint on the wire: who is let in, what an inspector may do, and that files go."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.deadlines import scaled, wait_for
from wskit import ConnectionClosed, HandshakeError, __version__
from wskit.client import Client, ClientConfig
from wskit.inspection import places
from wskit.inspection.endpoint import Endpoint, _program, default_kind
from wskit.inspection.places import Kind
from wskit.inspection.roll import Roll

NOBODY = 65534


@pytest.fixture(params=["unix", "tcp"])
def endpoint(request: pytest.FixtureRequest) -> Iterator[Endpoint]:
    kind: Kind = request.param
    made = Endpoint(kind, Roll(lambda owner: True))
    yield made
    made.end()


@pytest.fixture
def unix() -> Iterator[Endpoint]:
    made = Endpoint("unix", Roll(lambda owner: True))
    yield made
    made.end()


def client(endpoint: Endpoint, **fields: object) -> Client:
    """Give a client that is connected and has not shaken hands."""
    described = endpoint.described
    if described.kind == "unix":
        place: dict[str, object] = {"host": "localhost", "port": 0, "unix_path": described.address}
    else:
        place = {"host": "127.0.0.1", "port": endpoint.port}
    return Client(ClientConfig(**{"proxy": False, **place, **fields}))  # type: ignore[arg-type]


def headers(endpoint: Endpoint, **more: str) -> dict[str, str]:
    token = {"Authorization": f"Bearer {endpoint.token}"} if endpoint.token else {}
    return {**token, **more}


def status(endpoint: Endpoint, fields: dict[str, str], **config: object) -> int:
    with client(endpoint, **config) as one:
        try:
            return one.handshake("/", fields).status
        except HandshakeError as refusal:
            return refusal.status


def test_an_inspector_is_greeted(endpoint: Endpoint) -> None:
    with client(endpoint) as inspector:
        inspector.handshake("/", headers(endpoint))
        message = inspector.read(scaled(5))
        assert message is not None
        hello = json.loads(message.data)
    program = _program()
    assert hello == {
        "event": "hello",
        "version": __version__,
        "pid": os.getpid(),
        "program": program,
    }


def test_several_may_attach(endpoint: Endpoint) -> None:
    with client(endpoint) as one, client(endpoint) as other:
        for inspector in (one, other):
            inspector.handshake("/", headers(endpoint))
            assert inspector.read(scaled(5)) is not None


def test_a_browser_page_is_refused(endpoint: Endpoint) -> None:
    for origin in ("https://evil.example", f"http://127.0.0.1:{endpoint.port}"):
        assert status(endpoint, headers(endpoint), origin=origin) == 403


def test_a_name_that_was_bound_here_is_refused(endpoint: Endpoint) -> None:
    rebound = f"evil.example:{endpoint.port or 80}"
    assert status(endpoint, headers(endpoint, Host=rebound)) == 403


def test_without_the_token_of_tcp_nobody_gets_in(endpoint: Endpoint) -> None:
    expected = 401 if endpoint.described.kind == "tcp" else 101
    assert status(endpoint, {}) == expected
    assert status(endpoint, {"Authorization": f"Bearer {'0' * 64}"}) == expected


def test_tcp_listens_on_loopback_only() -> None:
    made = Endpoint("tcp", Roll(lambda owner: True))
    try:
        assert made._server.address == ("127.0.0.1", made.port)
        assert len(made.token) == 64
    finally:
        made.end()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")
def test_another_user_is_refused_even_if_the_files_let_it_in(unix: Endpoint, home: Path) -> None:
    path = Path(unix.described.address)
    for each in (home.parent, home):
        each.chmod(0o755)
    path.chmod(0o666)
    request = (
        b"GET / HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n"
    )
    program = (
        "import os, socket, sys\n"
        "sock = socket.socket(socket.AF_UNIX)\n"
        "user = int(sys.argv[1])\n"
        "os.setgroups([]); os.setgid(user); os.setuid(user)\n"
        "sock.connect(sys.argv[2])\n"
        f"sock.sendall({request!r})\n"
        "print(sock.recv(100).split()[1].decode())\n"
    )

    def answer(user: int) -> str:
        command = [sys.executable, "-c", program, str(user), str(path)]
        # Without the environment: another user cannot write what measures coverage.
        done = subprocess.run(command, capture_output=True, text=True, timeout=scaled(20), env={})
        return done.stdout.strip() or done.stderr.strip().splitlines()[-1]

    assert answer(NOBODY) == "403"
    assert answer(0) == "101"
    path.chmod(0o600)
    assert answer(NOBODY).startswith("PermissionError")
    home.chmod(0o700)  # where the folder is as it is made, nobody even gets to the socket
    path.chmod(0o666)
    assert answer(NOBODY).startswith("PermissionError")


def test_an_inspector_that_speaks_is_shown_out(endpoint: Endpoint) -> None:
    with client(endpoint) as inspector:
        inspector.handshake("/", headers(endpoint))
        inspector.write("let me")
        with pytest.raises(ConnectionClosed, match="1008: an inspector only looks"):
            exhaust(inspector)


def exhaust(inspector: Client) -> None:
    while inspector.read(scaled(5)) is not None:
        pass


def test_its_end_is_told_and_leaves_no_file(endpoint: Endpoint, home: Path) -> None:
    with client(endpoint) as inspector:
        inspector.handshake("/", headers(endpoint))
        assert inspector.read(scaled(5)) is not None
        assert list(home.iterdir())
        loop = inspector.read_loop_in_new_thread(Silent())
        endpoint.end()
        loop.join()
        assert inspector.close_code == 1001
    assert not list(home.iterdir())
    assert places.running() == []


class Silent:
    """A handler that takes what comes."""

    def server_message(self, data: str | bytes) -> None: ...


def test_what_a_process_of_the_same_number_left_is_replaced(home: Path) -> None:
    places.folder()
    path = places.socket_path(os.getpid())
    with socket.socket(socket.AF_UNIX) as old:
        old.bind(str(path))
    (home / f"{os.getpid()}.json").write_text("{}")
    made = Endpoint("unix", Roll(lambda owner: True))
    try:
        assert places.running() == [made.described]
    finally:
        made.end()


def test_an_inspector_that_leaves_has_no_thread(unix: Endpoint) -> None:
    with client(unix) as inspector:
        inspector.handshake("/", headers(unix))
        assert inspector.read(scaled(5)) is not None
        assert len(unix._inspectors) == 1
    wait_for(lambda: not unix._inspectors)


def test_without_unix_sockets_it_is_tcp(monkeypatch: pytest.MonkeyPatch) -> None:
    assert default_kind() == "unix"
    monkeypatch.delattr(socket, "AF_UNIX")
    assert default_kind() == "tcp"


def test_a_program_without_a_name_has_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", [])
    made = Endpoint("unix", Roll(lambda owner: True))
    try:
        assert made.described.program == "python"
    finally:
        made.end()


@pytest.mark.parametrize(
    ("started", "name"),
    [("/usr/bin/serve", "serve"), ("/lib/wskit/__main__.py", "wskit"), ("", "python")],
)
def test_a_program_is_called_as_it_was_started(
    started: str, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "argv", [started])
    assert _program() == name
