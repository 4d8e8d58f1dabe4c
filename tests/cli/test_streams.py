"""stdout and stderr: whole lines, silence when nobody reads, and whether to use colours."""

from __future__ import annotations

import fcntl
import os
import pty
import signal
import struct
import termios
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import TextIO

import pytest

from wskit.cli.exits import Failure, NobodyReads
from wskit.cli.streams import Output, standard_error, standard_output


@pytest.fixture
def terminal() -> Iterator[tuple[int, TextIO]]:
    """Give the person's end of a terminal, and the program's as a stream."""
    person, program = pty.openpty()
    with os.fdopen(program, "w") as stream:
        yield person, stream
    os.close(person)


@pytest.fixture
def pipe() -> Iterator[tuple[TextIO, TextIO]]:
    reader, writer = os.pipe()
    with os.fdopen(reader) as reading, os.fdopen(writer, "w") as writing:
        yield reading, writing


@pytest.fixture(autouse=True)
def no_wishes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Start from an environment that has no opinion."""
    for name in ("NO_COLOR", "FORCE_COLOR", "COLUMNS"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TERM", "xterm")


Pipe = tuple[TextIO, TextIO]
Terminal = tuple[int, TextIO]


class TestWriting:
    def test_a_line_is_there_at_once(self, pipe: Pipe) -> None:
        reading, writing = pipe
        output = Output(writing, needed=True)
        output.line("grüße")
        assert reading.readline() == "grüße\n"
        output.octets(b"a\nb\n")
        assert [reading.readline(), reading.readline()] == ["a\n", "b\n"]

    def test_lines_of_threads_stay_whole(self, pipe: Pipe) -> None:
        """Lines longer than a pipe takes at once, so that each write is cut."""
        reading, writing = pipe
        output = Output(writing, needed=True)
        lines = [letter * 150_000 for letter in "abc"]
        threads = [threading.Thread(target=output.line, args=(line,)) for line in lines]
        for thread in threads:
            thread.start()
        assert sorted(reading.readline() for _ in lines) == [f"{line}\n" for line in lines]
        for thread in threads:
            thread.join()

    def test_a_signal_in_mid_line_does_not_cut_it(self, pipe: Pipe) -> None:
        """The write that it interrupts has written what the pipe holds; somebody reads after it."""
        reading, writing = pipe
        line, read = "x" * 300_000, list[str]()
        reader = threading.Thread(target=lambda: read.append(reading.readline()))
        before = signal.signal(signal.SIGALRM, lambda number, frame: reader.start())
        try:
            signal.setitimer(signal.ITIMER_REAL, 0.02)
            Output(writing, needed=True).line(line)
        finally:
            signal.signal(signal.SIGALRM, before)
        reader.join()
        assert read == [f"{line}\n"]

    def test_what_the_encoding_lacks_becomes_an_escape(self, tmp_path: Path) -> None:
        path = tmp_path / "out"
        with path.open("w", encoding="latin-1") as stream:
            Output(stream, needed=True).line("é…")
        assert path.read_bytes() == b"\xe9\\u2026\n"

    def test_without_a_reader_needed_output_ends_the_command(self, pipe: Pipe) -> None:
        reading, writing = pipe
        reading.close()
        with pytest.raises(NobodyReads):
            Output(writing, needed=True).line("x")
        Output(writing, needed=False).line("x")

    def test_another_error_is_a_failure_that_says_so(self) -> None:
        with open("/dev/full", "w") as full:
            with pytest.raises(Failure, match="cannot write to stdout: No space left"):
                Output(full, needed=True).line("x")
            Output(full, needed=False).line("x")

    def test_a_stream_that_was_closed_before_the_start_takes_anything(self) -> None:
        output = Output(None, needed=True)
        output.line("x")
        assert not output.is_terminal
        assert output.width == 100

    def test_the_standard_streams(self, capfd: pytest.CaptureFixture[str]) -> None:
        standard_output().line("data")
        standard_error().line("narration")
        assert capfd.readouterr() == ("data\n", "narration\n")


class TestColour:
    def test_is_for_terminals(self, pipe: Pipe, terminal: Terminal) -> None:
        assert not Output(pipe[1], needed=True).colour
        assert Output(terminal[1], needed=True).colour

    def test_no_color_has_the_last_word(
        self, terminal: Terminal, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        output = Output(terminal[1], needed=True)
        monkeypatch.setenv("FORCE_COLOR", "1")
        monkeypatch.setenv("NO_COLOR", "1")
        assert not output.colour
        monkeypatch.setenv("NO_COLOR", "")
        assert output.colour

    def test_force_color_reaches_a_pipe(self, pipe: Pipe, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("FORCE_COLOR", "1")
        assert Output(pipe[1], needed=True).colour

    def test_a_dumb_terminal_gets_none(
        self, terminal: Terminal, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("TERM", "dumb")
        assert not Output(terminal[1], needed=True).colour


class TestWidth:
    def test_is_that_of_the_terminal(self, terminal: Terminal) -> None:
        person, stream = terminal
        fcntl.ioctl(person, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 132, 0, 0))
        assert Output(stream, needed=True).width == 132

    def test_is_a_page_where_there_is_none(self, pipe: Pipe, terminal: Terminal) -> None:
        assert Output(pipe[1], needed=True).width == 100
        assert Output(terminal[1], needed=True).width == 100  # one that does not know its size

    def test_columns_has_the_last_word(
        self, terminal: Terminal, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        output = Output(terminal[1], needed=True)
        monkeypatch.setenv("COLUMNS", "72")
        assert output.width == 72
        for nonsense in ("0", "wide", "-3"):
            monkeypatch.setenv("COLUMNS", nonsense)
            assert output.width == 100
