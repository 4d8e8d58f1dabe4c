"""The options of ``wskit serve``: each wrong one is one line on stderr and exit code 2."""

from __future__ import annotations

import re
import socket
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.cli.conftest import Call, Certificates
from tests.cli.processes import ran

Refused = Callable[..., str]

HANDLERS = """
class Good:
    def __init__(self, handshake, conn): self.conn = conn
    def client_message(self, data): self.conn.write(data)

class Mute:
    def __init__(self, handshake, conn): pass

class Greedy:
    def __init__(self, handshake, conn, app, more): pass
    def client_message(self, data): pass
"""


@pytest.fixture
def refused(call: Call, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Refused:
    """Give ``refused(*args)``: `wskit serve` cannot use them; the one line that it says.

    The current directory holds app.py, broken.py and text.pem.
    """
    (tmp_path / "app.py").write_text(HANDLERS)
    (tmp_path / "broken.py").write_text("import app\napp.nothing\n")
    (tmp_path / "text.pem").write_text("no certificate\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "dont_write_bytecode", True)

    def run(*args: str) -> str:
        status, out, err = call("serve", "--port", "0", *args)
        assert (status, out) == (2, ""), err
        (line,) = err.splitlines()
        return line

    return run


@pytest.mark.parametrize(
    ("args", "line"),
    [
        ("app", "wskit: app: must be MODULE:Handler"),
        ("nowhere:X", "wskit: nowhere: there is no module nowhere"),
        ("app:X", "wskit: app:X: module app has no X"),
        ("app:Mute", "wskit: Mute: must have a method client_message(self, data)"),
        ("app:Greedy", "wskit: Greedy.__init__: takes 4 arguments besides self, must take 2 or 3"),
        ("app:Mute --trace", "wskit: Mute: must have a method client_message(self, data)"),
        ("--port 65536", "wskit: port: must be 0..65535, not 65536"),
        ("--workers 0", "wskit: worker_count: must be 1..255, not 0"),
        ("--threads 0", "wskit: thread_pool.count: must be 1..65535, not 0"),
        ("--small-pool -1", "wskit: buffers.small_pool: must be at least 0, not -1"),
        ("--max-message-size 0", "wskit: max_message_size: must be at least 1, not 0"),
        ("--tls-key key.pem", "wskit: --tls-key: needs a --tls-cert"),
        ("--tls-cert no.pem", "wskit: --tls-cert no.pem: No such file or directory"),
        ("--unix app.py", "wskit: cannot listen on app.py: unix_path: exists and is not a socket"),
    ],
)
def test_what_cannot_be_used_is_named(refused: Refused, args: str, line: str) -> None:
    assert refused(*args.split()) == line


@pytest.mark.parametrize(
    ("args", "pattern"),
    [
        ("broken:X", r"wskit: broken: .*broken\.py:2: AttributeError: .* no attribute 'nothing'"),
        ("--tls-cert text.pem", r"wskit: --tls-cert text\.pem: .+"),
        ("--host no.such.name.invalid", r"wskit: cannot listen on no\.such\.name\.invalid:0: .+"),
        ("--port x", r"wskit serve: .*'x' is not a valid integer\. \(see wskit serve --help\)"),
        ("--max-message-size 1x", r"wskit serve: .*'1x' is no size such as .*"),
        ("--nonsense", r"wskit serve: No such option.* \(see wskit serve --help\)"),
        ("app:Good more", r"wskit serve: Got unexpected extra argument.*"),
    ],
)
def test_whatever_else_is_wrong_is_one_line_too(refused: Refused, args: str, pattern: str) -> None:
    assert re.fullmatch(pattern, refused(*args.split()))


def test_a_subprotocol_is_a_token(refused: Refused) -> None:
    assert refused("--subprotocol", "a b").startswith("wskit: subprotocols: 'a b' is not")


def test_a_port_in_use(refused: Refused) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        line = refused("--port", str(port))
    assert line == f"wskit: cannot listen on 127.0.0.1:{port}: Address already in use"


def test_a_key_of_another_certificate(refused: Refused, certificates: Certificates) -> None:
    authority, key = certificates.authority, certificates.key
    line = refused("--tls-cert", authority, "--tls-key", key)
    assert line.startswith(f"wskit: --tls-cert {authority}: ")


def test_a_process_of_its_own_says_the_same(tmp_path: Path) -> None:
    (tmp_path / "broken.py").write_text("1 / 0\n")
    said = ran("serve", "broken:X", cwd=tmp_path)
    line = f"wskit: broken: {tmp_path}/broken.py:1: ZeroDivisionError: division by zero\n"
    assert (said.returncode, said.stdout, said.stderr.decode()) == (2, b"", line)
