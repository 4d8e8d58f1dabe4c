"""Attacks on servers: wskit's own does everything right, and each fault of another is found."""

from __future__ import annotations

import itertools
import os
import socket
import threading
import time
from typing import Any

import pytest

from tests.deadlines import scaled
from tests.fuzzing.faulty_server import FaultyServer
from wskit import Compression, Conn, Handshake, ServerConfig
from wskit.fuzzing import probing
from wskit.fuzzing.arguments import ATTACK, words
from wskit.fuzzing.cases import ProbeReport
from wskit.fuzzing.conducting import CannotProbe
from wskit.fuzzing.findings import Exit
from wskit.fuzzing.probing import ProbeConfig, probe, replay
from wskit.fuzzing.process_watch import Cost, ProcWatch, Unwatchable
from wskit.fuzzing.replaying import replayed
from wskit.fuzzing.scripts import read_attack
from wskit.fuzzing.verdicts import Fault, judged
from wskit.testing import ws_server


class Echo:
    def __init__(self, handshake: Handshake, conn: Conn) -> None:
        self.conn = conn

    def client_message(self, data: str | bytes) -> None:
        self.conn.write(data)


def configured(url: str, **options: object) -> ProbeConfig:
    every = {"url": url, "rate": 10_000.0, "patience": scaled(5), **options}
    return ProbeConfig(**every)  # type: ignore[arg-type]


def probed(*faults: str, only: str, app: str = "echo", **options: object) -> ProbeReport:
    with FaultyServer(*faults, app=app) as server:
        return probe(configured(server.url, only=only, **options))


def checks(report: ProbeReport) -> set[str]:
    return {finding.check for finding in report.findings}


@pytest.mark.uncounted
@pytest.mark.usefixtures("hurried")
class TestOurServer:
    @pytest.mark.parametrize("blocking", [False, True], ids=["event", "blocking"])
    def test_nothing_is_found(self, blocking: bool) -> None:
        compression = Compression(write_threshold=0)
        config = ServerConfig(blocking=blocking, compression=compression)
        with ws_server(Echo, config=config) as server:
            report = probe(configured(server.url))
        assert [(finding.check, finding.detail) for finding in report.findings] == []
        assert report.exit_code == Exit.NOTHING_FOUND
        assert report.executions == len(report.cases) > 300
        assert not [case.name for case in report.cases if case.skipped]

    def test_nothing_is_found_where_attacks_are_varied(self) -> None:
        with ws_server(Echo, config=ServerConfig(compression=Compression())) as server:
            report = probe(configured(server.url, only="control: ping of", minutes=0.01))
        assert [finding.detail for finding in report.findings] == []
        assert report.notes[-1] == "ended early: 0.01 minutes are over"
        assert report.executions > len(report.cases) > 4


@pytest.mark.usefixtures("hurried")
class TestFaultsAreFound:
    def test_a_server_without_one_has_none(self) -> None:
        for only in ("mask", "fragments", "close: code", "opening: extensions"):
            assert checks(probed(only=only)) == set(), only

    @pytest.mark.parametrize(
        ("fault", "only", "check"),
        [
            ("accepts unmasked", "mask: unmasked text", "fails the connection"),
            ("fails with 1000", "reserved: opcode 3", "close code 1002"),
            ("fails with 1000", "UTF-8: FF", "close code 1007"),
            ("resets", "reserved: opcode 3", "closes, not resets"),
            ("dies of too much", "size: binary of 16 MiB", "lives on"),
            ("accepts any request", "opening: no Upgrade", "refuses"),
            ("accepts any offer", "opening: extensions: an unknown parameter", "declines"),
            ("refuses by hanging up", "opening: POST", "refuses with a status"),
            ("refuses with 404", "opening: version 12", "refuses with Sec-WebSocket-Version"),
            ("leaves a close unanswered", "close: code 1000", "answers a close"),
            ("hangs up", "reserved: opcode 3", None),
        ],
    )  # fmt: skip
    def test_by_the_right_check(self, fault: str, only: str, check: str | None) -> None:
        found = checks(probed(fault, only=only))
        assert found == ({check} if check else set())

    @pytest.mark.parametrize(
        ("fault", "only", "check"),
        [
            ("hangs", "reserved: opcode 15", "fails in time"),
            ("stays after a close", "close: code 1000", "ends in time"),
        ],
    )
    def test_what_hangs(self, fault: str, only: str, check: str) -> None:
        assert checks(probed(fault, only=only, patience=scaled(0.5))) == {check}

    def test_frames_that_are_none(self) -> None:
        found = probed("sends masked frames", app="echo", only="size: text of 125")
        assert checks(found) == {"legal frames"}

    def test_an_echo_that_is_none_is_no_echo(self) -> None:
        """A server that always sends something else is taken for one that answers."""
        report = probed("changes what it echoes", only="size: text of 125")
        assert "a text message meets answer" in report.notes[0]

    def test_a_server_that_does_not_answer_at_all(self) -> None:
        for fault in ("never pongs", "says nothing to a request"):
            with pytest.raises(CannotProbe):
                probed(fault, only="mask", patience=scaled(0.3))

    @pytest.mark.parametrize(
        ("number", "check"), [(5, "accepts"), (6, "lives on")], ids=["attack", "next"]
    )
    def test_a_connection_that_is_not_taken(self, number: int, check: str) -> None:
        report = probed(f"drops connection {number}", only="reserved: opcode 15")
        assert checks(report) == {check}
        assert report.findings[0].detail.endswith("later it answered") == (number == 6)

    def test_a_101_with_a_wrong_key(self) -> None:
        with pytest.raises(CannotProbe, match="does not belong to the key"):
            probed("accepts any request", "with a wrong key", only="mask")

    def test_the_dead_are_not_attacked(self) -> None:
        report = probed("dies of too much", only="size: ")
        skipped = [case.name for case in report.cases if case.skipped]
        assert checks(report) == {"lives on"}
        assert report.executions + len(skipped) == len(report.cases)


class TestNotes:
    def test_a_missing_close_frame_is_one(self) -> None:
        report = probed("hangs up", only="reserved: opcode 3")
        assert report.notes[1] == (
            "the connection ended without a close frame (RFC 6455 §7.1.7): "
            "reserved: opcode 3, reserved: opcode 3 in a message"
        )

    def test_a_better_status_is_one(self) -> None:
        report = probed("refuses with 404", only="opening: POST")
        assert "refused with 404, better 400 or 405" in report.notes[1]

    @pytest.mark.usefixtures("hurried")
    @pytest.mark.parametrize("app", ["echo", "answer", "silence", "close"])
    def test_what_the_server_does_with_messages(self, app: str) -> None:
        report = probed(app=app, only="size: text of 1 ", patience=scaled(0.3))
        assert f"a text message meets {app}, a binary one {app}" in report.notes[0]
        assert not report.findings

    def test_a_server_that_speaks_first(self) -> None:
        report = probed("greets", only="size: text of 125")
        assert report.notes[0].endswith("; it speaks first")
        assert not report.findings


@pytest.mark.usefixtures("hurried")
class TestCosts:
    """The process that is watched is this one, in which the server runs."""

    def test_memory(self) -> None:
        report = probed("hoards memory", only="mask", pid=os.getpid(), max_growth=24 << 20)
        assert "memory" in checks(report)

    def test_processor_time(self) -> None:
        report = probed("burns the processor", only="opening: POST", pid=os.getpid(), max_cpu=0.07)
        assert "processor time" in checks(report)

    def test_connections_that_are_kept(self) -> None:
        report = probed("keeps sockets", only="reserved", pid=os.getpid(), patience=scaled(0.1))
        assert "connections are let go" in checks(report)
        (finding,) = [one for one in report.findings if one.check == "connections are let go"]
        assert finding.whole  # no attack by itself shows it
        assert {"--pid", "--only"} <= set(finding.options)

    def test_nothing_where_all_is_well(self) -> None:
        report = probed(only="reserved: RSV1", pid=os.getpid())
        assert not report.findings

    def test_a_process_that_ends(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """The server lives on in others."""
        looks = itertools.count()

        def ending(watched: ProcWatch) -> Cost:
            if next(looks) >= 3:
                raise Unwatchable("pid 7: the process has ended")
            return Cost(0, 0.0, 0)

        monkeypatch.setattr(ProcWatch, "cost", ending)
        report = probed(only="reserved: RSV1", pid=os.getpid())
        assert [finding.detail for finding in report.findings] == [
            "reserved: RSV1 on text: pid 7: the process has ended"
        ]

    def test_a_process_that_is_none(self) -> None:
        report = probed(only="mask: unmasked text", pid=(1 << 22) + 1)
        assert report.notes[1].startswith("not watched: pid")


@pytest.mark.usefixtures("hurried")
class TestBounds:
    def test_connections(self) -> None:
        with FaultyServer() as server:
            report = probe(configured(server.url, max_connections=20))
            assert server.connections == 20
        assert report.notes[-1] == "ended early: 20 connections were made"

    def test_rate(self) -> None:
        start = time.monotonic()
        with FaultyServer() as server:
            probe(configured(server.url, max_connections=20, rate=80))
        assert time.monotonic() - start >= 19 / 80

    def test_time_where_there_is_nothing_to_do(self) -> None:
        report = probed("accepts any request", only="deflate: RSV1", minutes=0.005)
        assert report.notes[-1] == "ended early: 0.005 minutes are over"
        assert {case.skipped for case in report.cases} == {"permessage-deflate is not agreed on"}

    def test_time(self) -> None:
        start = time.monotonic()
        with FaultyServer() as server:
            report = probe(configured(server.url, minutes=0.005))
        assert time.monotonic() - start < scaled(5)
        assert report.notes[-1] == "ended early: 0.005 minutes are over"
        assert report.executions

    def test_hosts(self) -> None:
        with pytest.raises(CannotProbe, match=r"192\.0\.2\.1, which is not loopback"):
            probe(configured("ws://192.0.2.1:1/"))

    def test_ctrl_c_keeps_what_was_found(self, monkeypatch: pytest.MonkeyPatch) -> None:
        turns = itertools.count()

        def interrupt(*arguments: Any) -> list[Fault]:
            if next(turns) == 2:
                raise KeyboardInterrupt
            return judged(*arguments)

        monkeypatch.setattr(probing, "judged", interrupt)
        report = probed("accepts unmasked", only="mask")
        assert report.interrupted
        assert report.exit_code == Exit.INTERRUPTED
        assert checks(report) == {"fails the connection"}


@pytest.mark.usefixtures("hurried")
class TestReplay:
    def test_a_finding_is_found_again(self) -> None:
        with FaultyServer("accepts unmasked") as server:
            report = probe(configured(server.url, only="mask: unmasked text"))
            (first, *_) = report.findings
            again = replay(configured(server.url), first.data)
            assert [finding.key for finding in again] == [first.key]
            assert first.options == words(configured(server.url), ATTACK)
            assert [finding.key for finding in replayed(first.data, *first.options)] == [first.key]
            assert read_attack(first.data).name == "mask: unmasked text"

    def test_is_not_found_where_it_is_mended(self) -> None:
        with FaultyServer("accepts unmasked") as server:
            first = probe(configured(server.url, only="mask: unmasked text")).findings[0]
        with FaultyServer() as server:
            assert replay(configured(server.url), first.data) == []

    def test_rubbish(self) -> None:
        with pytest.raises(ValueError, match="no script of an attack"):
            replay(configured("ws://127.0.0.1:1/"), b"rubbish")


@pytest.mark.usefixtures("hurried")
class TestOptions:
    @pytest.mark.parametrize(
        ("options", "error", "words"),
        [
            ({"url": "http://a"}, ValueError, "url: the scheme"),
            ({"seed": -1}, ValueError, "seed"),
            ({"minutes": 0}, ValueError, "minutes"),
            ({"rate": 0}, ValueError, "rate"),
            ({"max_connections": 0}, ValueError, "max_connections"),
            ({"patience": 0}, ValueError, "patience"),
            ({"pid": 0}, ValueError, "pid"),
            ({"max_growth": 0}, ValueError, "max_growth"),
            ({"max_cpu": 0}, ValueError, "max_cpu"),
            ({"only": 1}, TypeError, "only"),
            ({"i_own_this_host": 1}, TypeError, "i_own_this_host"),
        ],
    )
    def test_wrong_ones_are_named(
        self, options: dict[str, object], error: type[Exception], words: str
    ) -> None:
        with pytest.raises(error, match=words):
            configured(**{"url": "ws://127.0.0.1/", **options})  # type: ignore[arg-type]

    def test_nobody_listens(self) -> None:
        with socket.create_server(("127.0.0.1", 0)) as listener:
            port = listener.getsockname()[1]
        with pytest.raises(CannotProbe, match="no connection"):
            probe(configured(f"ws://127.0.0.1:{port}/"))

    def test_headers_are_sent_with_every_request(self) -> None:
        seen: list[str | None] = []

        class Handler(Echo):
            def __init__(self, handshake: Handshake, conn: Conn) -> None:
                super().__init__(handshake, conn)
                seen.append(handshake.headers.get("authorization"))

        with ws_server(Handler) as server:
            url = server.url.replace("ws://", "ws://u:p@")
            report = probe(configured(url, only="opening: plain", headers=(("X-A", "b"),)))
        assert not report.findings
        assert set(seen) == {"Basic dTpw"}
        assert len(seen) > 5


@pytest.mark.usefixtures("hurried")
def test_a_server_of_others_does_not_break_the_probe() -> None:
    from websockets.sync.server import ServerConnection, serve

    def echo(connection: ServerConnection) -> None:
        for message in connection:
            connection.send(message)

    with serve(echo, "127.0.0.1", 0) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            url = f"ws://127.0.0.1:{server.socket.getsockname()[1]}/"
            report = probe(configured(url, only="close: "))
        finally:
            server.shutdown()
            thread.join()
    assert report.executions == len(report.cases) > 30
    assert not report.problem


@pytest.mark.usefixtures("hurried")
def test_over_tls() -> None:
    with ws_server(Echo, tls=True) as server:
        config = configured(server.url, only="mask", insecure=True)
        assert not probe(config).findings
        with pytest.raises(CannotProbe, match="CERTIFICATE_VERIFY_FAILED"):
            probe(configured(server.url))
