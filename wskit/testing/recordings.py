"""A server that records what a client and a real server say, and says it again without that server.

The law of this file: what differs from the recording, and what is missing of it, fails the test.
"""

from __future__ import annotations

import contextlib
import os
import socket
import threading
from abc import ABC, abstractmethod
from collections.abc import Callable, Collection
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self
from urllib.parse import urlsplit

from .. import fields
from ..archives import Recording
from ..errors import WebSocketError
from ..protocol.extensions import Compression
from ..protocol.opcodes import Side
from ..urls import parse_url
from ..waiting import wait_readable
from ..wakers import Waker
from .accepting import ServerPeer
from .forwarding import Forwarding, hang_up, refuse
from .har import SECRETS, archive, har_entry
from .peer import Peer
from .replaying import Part, check_match, deflated, own_fields, recorded, target_of
from .timeouts import Patience

if TYPE_CHECKING:
    import ssl

__all__ = ["MODES", "RecordedServer", "recorder_for", "ws_record"]

MODES = ("none", "once", "all")
"""When to record: never, if there is no recording, always."""


def ws_record(
    path: str | os.PathLike[str],
    url: str | None = None,
    *,
    mode: str = "none",
    timing: bool = False,
    match: str = "exact",
    redact: Collection[str] = SECRETS,
    ssl_context: ssl.SSLContext | None = None,
) -> RecordedServer:
    """Return a server for the client under test that replays the HAR file ``path``, or records it.

    It records from the server at ``url``, over TLS with ``ssl_context``, leaving the values of the
    headers ``redact`` out. ``timing`` replays at the recorded times; ``match`` "json" compares
    JSON by value. Raises ValueError, and FileNotFoundError without a recording in mode "none".
    """
    if mode not in MODES:
        raise ValueError(f"mode: must be one of {MODES}, not {mode!r}")
    check_match(match)
    fields.boolean("timing", timing)
    if isinstance(redact, str):
        raise TypeError("redact: must be a collection of names, not one str")
    path = Path(path)
    if mode == "all" or (mode == "once" and not path.exists()):
        if url is None:
            raise ValueError(f"url: is needed to record {path}")
        parse_url(url)
        return _Recorder(path, url, redact, ssl_context)
    if not path.exists():
        raise FileNotFoundError(
            f"{path}: there is no such recording; --wskit-record=once or mode='once' makes it"
        )
    return _Player(recorded(path), match, timing)


def recorder_for(test: Path, name: str, default: str) -> Callable[..., RecordedServer]:
    """Return ``ws_record`` for the test ``name`` in the file ``test``: its path may be left out.

    It is recordings/NAME.har next to the test, for a second call NAME-2.har. ``default`` is the
    mode.
    """
    plain = "".join(c if c.isalnum() or c in "-_.[]" else "-" for c in name)
    count = 0

    def record(
        url: str | None = None,
        *,
        path: str | os.PathLike[str] | None = None,
        mode: str = default,
        timing: bool = False,
        match: str = "exact",
        redact: Collection[str] = SECRETS,
        ssl_context: ssl.SSLContext | None = None,
    ) -> RecordedServer:
        nonlocal count
        if path is None:
            count += 1
            number = f"-{count}" if count > 1 else ""
            path = test.parent / "recordings" / f"{plain}{number}.har"
        return ws_record(
            path,
            url,
            mode=mode,
            timing=timing,
            match=match,
            redact=redact,
            ssl_context=ssl_context,
        )

    return record


class RecordedServer(ABC):
    """A server on a free port of loopback, for clients under test. From any thread.

    Clients connect to ``url``. Leaving its ``with`` block, or ``end``, waits for connections that
    are still needed and raises AssertionError for the first deviation; if the block itself failed,
    the deviation becomes a note on that error.
    """

    recording: bool
    """Whether it records, and does not replay."""

    def __init__(self, path: str) -> None:
        """Record servers are made by ``ws_record``; ``path`` is that of ``url``."""
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._listener.setblocking(False)
        self._stop = Waker()
        self._lock = threading.Lock()  # guards _failures and what subclasses gather
        self._failures: list[Exception] = []
        self._ended = False
        self._threads: list[threading.Thread] = []  # the accepting thread's, until it has ended
        self.url = f"ws://127.0.0.1:{self._listener.getsockname()[1]}{path}"
        self._acceptor = threading.Thread(target=self._accept, name="wskit-record", daemon=True)
        self._acceptor.start()

    def end(self) -> None:
        """Stop, write what was recorded, and raise what went wrong; may be called again."""
        if self._ended:
            return
        self._ended = True
        self._stop.wake()
        self._acceptor.join()
        for thread in self._threads:
            thread.join()
        self._listener.close()
        self._stop.close()
        self._finish(len(self._threads))
        if self._failures:
            raise self._failures[0]

    def __enter__(self) -> Self:
        """Return the server."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """End it."""
        try:
            self.end()
        except Exception as failure:
            if error is None:
                raise
            error.add_note(f"wskit: {failure}")

    def _accept(self) -> None:
        listener, stop = self._listener, self._stop
        while True:
            ready = wait_readable([listener.fileno(), stop.fileno()], None)
            if listener.fileno() not in ready:
                return  # those who connected before the stop have been accepted
            with contextlib.suppress(BlockingIOError, ConnectionError):
                sock, address = listener.accept()
                sock.setblocking(False)
                sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                number = len(self._threads) + 1
                peer = ServerPeer(sock, address=address, name="record")
                thread = threading.Thread(
                    target=self._run, args=(peer, number), name="wskit-record", daemon=True
                )
                self._threads.append(thread)
                thread.start()

    def _run(self, peer: ServerPeer, number: int) -> None:
        try:
            self._serve(peer, number)
            peer.end()
        except Exception as error:
            with self._lock:
                self._failures.append(error)
            hang_up(peer, 1011, "not as it was recorded")

    @abstractmethod
    def _serve(self, peer: ServerPeer, number: int) -> None:
        """Serve one connection, on a thread of its own."""

    @abstractmethod
    def _finish(self, count: int) -> None:
        """Do what is left after the last of ``count`` connections."""


class _Recorder(RecordedServer):
    """Relays to the real server."""

    recording = True

    def __init__(
        self,
        path: Path,
        url: str,
        redact: Collection[str],
        ssl_context: ssl.SSLContext | None,
    ) -> None:
        self._path = path
        self._real = url
        self._redact = tuple(redact)
        self._ssl_context = ssl_context
        self._entries: dict[int, dict[str, object]] = {}
        super().__init__(target_of(url))

    def _serve(self, peer: ServerPeer, number: int) -> None:
        try:
            forwarding = Forwarding(peer, self._real, self._ssl_context)
        except (OSError, WebSocketError) as error:
            peer.reject(502)
            raise AssertionError(
                f"connection {number}: nothing to record at {self._real}: {error}"
            ) from error
        try:
            if peer.rejection is None:
                forwarding.run(self._stop)
            # Before the end of it closes what the test left open: that was not said by anybody.
            entry = har_entry(forwarding.wire, redact=self._redact, body=forwarding.body)
            with self._lock:
                self._entries[number] = entry
        finally:
            forwarding.end()

    def _finish(self, count: int) -> None:
        if not self._entries:
            return
        self._path.parent.mkdir(parents=True, exist_ok=True)
        unfinished = self._path.with_name(f".{self._path.name}.{os.getpid()}")
        unfinished.write_text(archive(self._entries[number] for number in sorted(self._entries)))
        os.replace(unfinished, self._path)


class _Player(RecordedServer):
    """Says what the real server said."""

    recording = False

    def __init__(self, recordings: list[Recording], match: str, timing: bool) -> None:
        self._recordings = recordings
        self._match = match
        self._timing = timing
        super().__init__(target_of(recordings[0].url))

    def _serve(self, peer: ServerPeer, number: int) -> None:
        if number > len(self._recordings):
            peer.reject(503)
            raise AssertionError(f"connection {number}: the recording has {self._count}")
        recording = self._recordings[number - 1]
        try:
            self._open(peer, recording)
        except AssertionError as error:
            raise AssertionError(f"the handshake of connection {number}: {error}") from None
        part = Part(
            peer,
            Side.SERVER,
            recording,
            number,
            match=self._match,
            timing=self._timing,
            until=self._until,
        )
        part.play()
        if recording.close is None or recording.close.code == 1006:
            hang_up(peer)

    @property
    def _count(self) -> str:
        count = len(self._recordings)
        return f"{count} connection{'s' * (count > 1)}"

    def _open(self, peer: ServerPeer, recording: Recording) -> None:
        request = peer.request
        path, wanted = request.path, urlsplit(recording.url).path or "/"
        problem = None
        if path != wanted:
            problem = f"expected the path {wanted!r}, got {path!r}"
        elif recording.subprotocol not in (None, *request.subprotocols):
            offers = list(request.subprotocols)
            problem = (
                f"expected an offer of the subprotocol {recording.subprotocol!r}, got {offers}"
            )
        if problem is not None:
            peer.reject(400, body=problem)
            raise AssertionError(problem)
        if recording.status != 101:
            refuse(peer, recording.status, recording.response_headers, recording.body)
            return
        peer.accept(
            recording.subprotocol,
            headers=own_fields(recording.response_headers),
            compression=Compression() if deflated(recording.response_headers) else None,
        )

    def _until(self, peer: Peer) -> None:
        """Wait for a message or the end, for as long as the test runs."""
        stream = peer._stream
        while stream.inbox.data() is None and not stream.over:
            if stream.receive(Patience(0)):
                continue
            if self._stop.fileno() in wait_readable(
                [stream.transport.fileno(), self._stop.fileno()], None
            ):
                return

    def _finish(self, count: int) -> None:
        if count < len(self._recordings):
            self._failures.append(
                AssertionError(
                    f"connection {count + 1} was not made: the recording has {self._count}"
                )
            )
