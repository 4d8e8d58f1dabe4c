"""What an inspector gets at speed: everything or its number, and the server waits for nobody."""

from __future__ import annotations

import contextlib
import json
import threading
import time
import tracemalloc
from collections.abc import Iterator

import pytest

from tests.deadlines import scaled, wait_for
from tests.inspection.homes import Echo, captured, counted, taken
from wskit import ConnectionClosed, Server, ServerConfig, connect, watching
from wskit.client import Client, ClientConfig
from wskit.events import Ended, Event, Lost, Opened, Sample
from wskit.inspection import inspectors, process
from wskit.inspection.batches import LARGEST, decode
from wskit.inspection.places import running
from wskit.tui.attached import AttachSource, resolved
from wskit.tui.reading import event as event_of

MODES = pytest.mark.parametrize("blocking", [False, True], ids=["event", "blocking"])


@contextlib.contextmanager
def serving(*, blocking: bool = False) -> Iterator[Server]:
    with Server(Echo, ServerConfig(port=0, blocking=blocking), inspect=True) as server:
        server.listen_in_new_thread()
        yield server


class Counting:
    """Counts what comes back, and says when that is all."""

    def __init__(self, count: int) -> None:
        self.left = count
        self.all = threading.Event()

    def server_message(self, data: str | bytes) -> None:
        self.left -= 1
        if not self.left:
            self.all.set()


def flood(server: Server, count: int, payload: bytes = b"x" * 32) -> None:
    """Send so many messages, and see that each comes back."""
    counting = Counting(count)
    with connect(f"ws://127.0.0.1:{server.port}") as client:
        client.read_loop_in_new_thread(counting)
        for _ in range(count):
            client.write(payload)
        assert counting.all.wait(scaled(60))


@contextlib.contextmanager
def unread() -> Iterator[Client]:
    """Attach an inspector that reads nothing but what a test reads."""
    [found] = running()
    config = ClientConfig(
        host="localhost", port=0, unix_path=found.address, proxy=False, max_size=1 << 24
    )
    client = Client(config)
    watching.hide(client)
    with client:
        client.handshake()
        hello = client.read(scaled(5))
        assert hello is not None
        assert json.loads(hello.data)["event"] == "hello"
        yield client


def read(client: Client) -> list[Event]:
    """Read until the end of a connection is told."""
    found: list[Event] = []
    while not found or not isinstance(found[-1], Ended):
        message = client.read(scaled(10))
        assert message is not None
        if isinstance(message.data, bytes):
            found += decode(message.data)
        elif (event := event_of(message.data)) is not None:
            found.append(event)
    return found


@pytest.mark.uncounted
@MODES
def test_at_full_speed_every_frame_is_there_or_counted(blocking: bool) -> None:
    count = 10_000
    with serving(blocking=blocking) as server:
        source = AttachSource(resolved())
        flood(server, count)
        events = taken(source, 1, Ended)
        source.end()
    # Two frames for each message, and two that close.
    assert counted(events) == 2 * count + 2
    assert captured(events)


def test_at_a_moderate_speed_nothing_is_lost() -> None:
    with serving() as server:
        source = AttachSource(resolved())
        events: list[Event] = []
        for _ in range(10):
            flood(server, 50)
            events += taken(source, 1, Ended)
        source.end()
    assert len(captured(events)) == 10 * 102
    assert not any(isinstance(event, Lost) for event in events)


@pytest.mark.uncounted
def test_one_that_does_not_read_loses_frames_and_nobody_waits() -> None:
    count = 5_000
    with serving() as server, unread() as client:
        flood(server, count, bytes(4096))
        assert process._state.endpoint is not None
        assert process._state.endpoint._server.stats().queued < 2 * LARGEST
        events = read(client)
        assert counted(events) == 2 * count + 2
        assert sum(event.count for event in events if isinstance(event, Lost)) > count
        # What it missed does not hinder it from seeing what comes.
        with connect(f"ws://127.0.0.1:{server.port}") as again:
            again.write("now")
            again.read(scaled(5))
        later = read(client)
        assert [each.frame.payload for each in captured(later)][:2] == [b"now", b"now"]


@pytest.mark.uncounted
def test_one_that_does_not_read_takes_no_more_memory_with_time() -> None:
    with serving() as server, unread():
        flood(server, 3_000, bytes(1024))
        tracemalloc.start()
        try:
            flood(server, 500, bytes(1024))
            before, _ = tracemalloc.get_traced_memory()
            flood(server, 3_000, bytes(1024))
            after, _ = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
    assert after - before < 1 << 18


def test_a_server_stops_in_time_although_one_does_not_read() -> None:
    with serving() as server, unread():
        flood(server, 3_000, bytes(4096))
        before = time.monotonic()
        server.stop()
        assert time.monotonic() - before < scaled(2)


def test_it_comes_and_goes_amid_traffic_and_taps_go_with_it() -> None:
    done = threading.Event()

    def come_and_go() -> None:
        while not done.is_set():
            AttachSource(resolved()).end()

    with serving() as server, connect(f"ws://127.0.0.1:{server.port}") as client:
        visitor = threading.Thread(target=come_and_go)
        visitor.start()
        try:
            for number in range(2_000):
                client.write(str(number))
                message = client.read(scaled(5))
                assert message is not None
                assert message.data == str(number)
        finally:
            done.set()
            visitor.join()
        [conn] = server.connections
        wait_for(lambda: conn._protocol.tap is None)
        assert conn._protocol.gate is None


def test_with_nobody_attached_no_connection_has_a_tap() -> None:
    with serving() as server, connect(f"ws://127.0.0.1:{server.port}"):
        [conn] = server.connections
        assert conn._protocol.tap is None


def test_every_connection_there_is_comes_first() -> None:
    with serving() as server, contextlib.ExitStack() as stack:
        for number in range(50):
            stack.enter_context(connect(f"ws://127.0.0.1:{server.port}/{number}"))
        source = AttachSource(resolved())
        events = taken(source, 50, Opened)
        urls = [event.url for event in events if isinstance(event, Opened)]
        assert urls == [f"/{number}" for number in range(50)]
        source.end()


def test_more_connections_than_there_is_room_for_frames_come_all(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(inspectors, "_ROOM", 1)
    with serving() as server, contextlib.ExitStack() as stack:
        for _ in range(30):
            stack.enter_context(connect(f"ws://127.0.0.1:{server.port}"))
        source = AttachSource(resolved())
        taken(source, 30, Opened)
        source.end()


def test_servers_are_sampled_again_and_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(inspectors, "_SAMPLES", 0.05)
    with serving() as server:
        source = AttachSource(resolved())
        samples = [event for event in taken(source, 3, Sample) if isinstance(event, Sample)]
        assert {sample.server for sample in samples} == {f"127.0.0.1:{server.port}"}
        assert samples[0].time < samples[1].time < samples[2].time
        source.end()


def test_a_failure_of_its_own_ends_it_and_is_logged(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(event: Event) -> str:
        raise LookupError("broken")

    with serving() as server:
        monkeypatch.setattr(inspectors, "event_json", broken)
        with unread() as client, pytest.raises(ConnectionClosed, match="1001"):
            client.read(scaled(5))
        assert "LookupError: broken" in caplog.text
        with connect(f"ws://127.0.0.1:{server.port}") as other:
            other.write("x")
            assert other.read(scaled(5)) is not None
