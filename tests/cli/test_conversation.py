"""Between stdin and stdout: lines and messages, text and binary, pipes and terminals."""

from __future__ import annotations

import base64
import json
import os
import pty
import subprocess
import sys
import threading
from collections.abc import Iterator

import pytest

from tests.cli.processes import Command, environment, ran
from tests.deadlines import scaled, wait_for
from wskit import Conn, Handshake, Server, ServerConfig

FOREVER = ("--linger", "inf")


class Echo:
    """Echoes; closes on "bye", as that is the only sure sign that all has arrived."""

    def __init__(self, handshake: Handshake, conn: Conn, seen: list[str | bytes]) -> None:
        self._conn = conn
        self._seen = seen

    def client_message(self, data: str | bytes) -> None:
        if data in ("bye", b"bye"):
            self._conn.close()
        else:
            self._seen.append(data)
            self._conn.write(data)


@pytest.fixture
def seen() -> list[str | bytes]:
    """Give the messages that the server got."""
    return []


@pytest.fixture
def url(seen: list[str | bytes]) -> Iterator[str]:
    with Server(Echo, ServerConfig(port=0)) as server:
        server.listen_in_new_thread(seen)
        yield f"ws://127.0.0.1:{server.port}/"


class TestPipe:
    def test_a_line_is_a_message_and_a_message_a_line(self, url: str) -> None:
        said = ran("connect", url, *FOREVER, stdin="one\n\ngrüße\r\nbye".encode())
        assert said.stdout.decode() == "one\n\ngrüße\n"

    def test_text_is_not_touched(self, url: str) -> None:
        stdin = "\x1b[31m \\ \u202e\t.\nbye\n".encode()
        assert ran("connect", url, *FOREVER, stdin=stdin).stdout == stdin[:-4]

    def test_many_long_lines_arrive_whole_and_in_order(
        self, url: str, seen: list[str | bytes]
    ) -> None:
        lines = [f"{number} {'x' * (number * 37 % 5000)}" for number in range(500)]
        stdin = "".join(f"{line}\n" for line in [*lines, "bye"]).encode()
        said = ran("connect", url, *FOREVER, stdin=stdin)
        assert seen == lines
        assert said.stdout.decode().splitlines() == lines

    def test_a_reply_is_printed_while_stdin_is_still_open(self, url: str) -> None:
        with Command("connect", url) as command:
            for text in ("one", "two"):
                command.type(f"{text}\n")
                assert command.line() == text

    def test_binary_is_hexadecimal(self) -> None:
        class Greeter(Echo):
            def after_init(self) -> None:
                self._conn.write(b"\x00\xffA")
                self._conn.close()

        with Server(Greeter, ServerConfig(port=0)) as server:
            server.listen_in_new_thread([])
            url = f"ws://127.0.0.1:{server.port}/"
            assert ran("connect", url, *FOREVER).stdout == b"00ff41\n"
            assert ran("connect", url, *FOREVER, "--binary").stdout == b"\x00\xffA"

    def test_binary_sends_lines_as_they_are(self, url: str, seen: list[str | bytes]) -> None:
        said = ran("connect", url, *FOREVER, "--binary", stdin=b"\xff\r\n\x00\nbye\n")
        assert seen == [b"\xff\r", b"\x00"]
        assert said.stdout == b"\xff\r\x00"

    def test_what_is_not_utf_8_ends_it_with_2(self, url: str, seen: list[str | bytes]) -> None:
        said = ran("connect", url, *FOREVER, stdin=b"fine\ncaf\xe9\nmore\n")
        assert said.returncode == 2
        assert said.stderr.decode().splitlines()[1:] == [
            "wskit: stdin: line 2 is not UTF-8; --binary would send it"
        ]
        assert seen == ["fine"]

    def test_json_tells_text_from_binary(self, url: str) -> None:
        text = ran("connect", url, "--json", *FOREVER, stdin=b"a\xc3\xa9\nbye\n").stdout
        binary = ran("connect", url, "--json", "--binary", *FOREVER, stdin=b"\xff\nbye").stdout
        message = json.loads(text.splitlines()[1])
        assert (message["type"], message["text"]) == ("text", "aé")
        message = json.loads(binary.splitlines()[1])
        assert (message["type"], base64.b64decode(message["base64"])) == ("binary", b"\xff")

    def test_stdin_may_be_closed_from_the_start(self, url: str) -> None:
        command = [sys.executable, "-m", "wskit", "connect", url, "--linger", "0"]
        said = subprocess.run(
            ["sh", "-c", 'exec "$@" <&-', "sh", *command],
            capture_output=True,
            env=environment(),
            timeout=scaled(20),
            check=False,
        )
        assert (said.returncode, said.stdout) == (0, b"")


class TestEndOfInput:
    def test_ends_the_connection_after_silence(self, url: str) -> None:
        said = ran("connect", url, "--linger", "0.2", stdin=b"one\ntwo\n")
        assert (said.returncode, said.stdout) == (0, b"one\ntwo\n")
        assert said.stderr.decode().splitlines()[1:] == ["closed with 1000"]

    def test_waits_as_long_as_messages_come(self) -> None:
        """Each pause is shorter than the silence that ends it, all together are longer."""
        linger = scaled(0.4)

        class Slow(Echo):
            def client_message(self, data: str | bytes) -> None:
                never = threading.Event()
                for number in range(6):
                    never.wait(linger / 3)
                    self._conn.write(str(number))

        with Server(Slow, ServerConfig(port=0)) as server:
            server.listen_in_new_thread([])
            url = f"ws://127.0.0.1:{server.port}/"
            said = ran("connect", url, "--linger", str(linger), stdin=b"go\n")
        assert said.stdout.split() == [b"0", b"1", b"2", b"3", b"4", b"5"]

    def test_a_slow_reader_of_stdout_is_no_silence(self, url: str) -> None:
        """It makes a pause longer than the silence, with more to come than the pipe holds."""
        lines, linger = [str(number) * 50_000 for number in range(10)], scaled(0.2)
        with Command("connect", url, "--linger", str(linger)) as command:
            feeder = threading.Thread(target=feed, args=(command, lines))
            feeder.start()
            first = command.line()
            feeder.join(linger * 4)
            threading.Event().wait(linger * 4)
            status, out, _ = command.ended()
            feeder.join()
        assert [first, *out.splitlines()] == lines
        assert status == 0


def feed(command: Command, lines: list[str]) -> None:
    for line in lines:
        command.type(f"{line}\n")
    command.end_input()


class TestTerminal:
    @pytest.fixture
    def terminal(self) -> Iterator[tuple[int, int]]:
        person, program = pty.openpty()
        yield person, program
        os.close(person)
        os.close(program)

    def shown(self, url: str, terminal: tuple[int, int], stdin: bytes, *args: str) -> str:
        """Run it with a terminal for stdout and stderr, and give what that shows."""
        person, program = terminal
        said = subprocess.run(
            [sys.executable, "-m", "wskit", "connect", url, *FOREVER, *args],
            input=stdin,
            stdout=program,
            stderr=program,
            env=environment(),
            timeout=scaled(20),
            check=False,
        )
        assert said.returncode == 0
        text = b""
        while b"closed with" not in text:
            text += os.read(person, 65536)
        return text.decode()

    def test_shows_text_without_its_control_characters(
        self, url: str, terminal: tuple[int, int]
    ) -> None:
        shown = self.shown(url, terminal, "\x1b[2J\u202e\\ é\nbye\n".encode())
        assert "\r\n\\x1b[2J\\u202e\\ é\r\n" in shown
        assert "\x1b" not in shown

    def test_never_gets_raw_binary(self, url: str, terminal: tuple[int, int]) -> None:
        shown = self.shown(url, terminal, b"\x1b[2J\nbye\n", "--binary")
        assert "\r\n1b5b324a\r\n" in shown
        assert "\x1b" not in shown

    def test_colours_the_trace(self, url: str, terminal: tuple[int, int]) -> None:
        assert "\x1b[36m-> text  \x1b[0m" in self.shown(url, terminal, b"x\nbye\n", "--trace")

    def test_ctrl_c_of_a_person_closes(self, url: str) -> None:
        """With a terminal of its own the process gets SIGINT from it, while it reads from it."""
        child, person = pty.fork()
        if not child:
            os.execve(
                sys.executable,
                [sys.executable, "-m", "wskit", "connect", url],
                environment(),
            )
        try:
            shown = os.read(person, 65536)
            while b"connected" not in shown:
                shown += os.read(person, 65536)
            os.write(person, b"hello\n")
            while shown.count(b"hello") < 2:  # what was typed, and the reply
                shown += os.read(person, 65536)
            os.write(person, b"\x03")
            while b"closed with 1001" not in shown:
                shown += os.read(person, 65536)
            assert wait_for(lambda: ended(child)) == "exited with 0"
        finally:
            os.close(person)


def ended(child: int) -> str:
    pid, status = os.waitpid(child, os.WNOHANG)
    return f"exited with {os.waitstatus_to_exitcode(status)}" if pid else ""
