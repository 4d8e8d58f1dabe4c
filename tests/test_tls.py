"""TLS: the socket that never blocks, and wss servers in both modes."""

from __future__ import annotations

import contextlib
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator

import pytest
import trustme
from websockets.sync.client import connect as websockets_connect

from tests.deadlines import scaled, wait_for
from tests.server.peer import BINARY, PING, PONG, TEXT, Frame, Peer, frame
from tests.server.recording import Book, Recorded
from wskit import BufferConfig, HandshakeConfig, Server, ServerConfig
from wskit.tls import TLSSocket


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture(scope="module")
def server_context(authority: trustme.CA) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("localhost").configure_cert(context)
    return context


@pytest.fixture(scope="module", params=["TLSv1_2", "TLSv1_3"])
def client_context(request: pytest.FixtureRequest, authority: trustme.CA) -> ssl.SSLContext:
    context = ssl.create_default_context()
    authority.configure_trust(context)
    context.minimum_version = context.maximum_version = ssl.TLSVersion[request.param]
    return context


# -- the socket ----------------------------------------------------------------------------------

Ends = tuple[TLSSocket, TLSSocket]


@pytest.fixture
def raw() -> Iterator[tuple[socket.socket, socket.socket]]:
    ours, theirs = socket.socketpair()
    ours.setblocking(False)
    theirs.setblocking(False)
    with ours, theirs:
        yield ours, theirs


@pytest.fixture
def shaking(
    raw: tuple[socket.socket, socket.socket],
    server_context: ssl.SSLContext,
    client_context: ssl.SSLContext,
) -> Iterator[Ends]:
    """Give both ends, server first, with the TLS handshake still to be done."""
    server = TLSSocket(raw[0], server_context, server_side=True)
    client = TLSSocket(
        raw[1], client_context, server_side=False, server_hostname="localhost"
    )
    yield server, client
    server.close()
    client.close()


@pytest.fixture
def ends(shaking: Ends) -> Ends:
    """Give both ends after the handshake."""
    waiting = list(shaking)
    while waiting:
        for end in waiting[:]:
            try:
                end.do_handshake()
            except BlockingIOError:
                assert not end.wants_write
            else:
                waiting.remove(end)
    return shaking


def receive(end: TLSSocket, size: int) -> bytes:
    data = b""

    def more() -> bool:
        nonlocal data
        try:
            data += end.recv(size - len(data))
        except BlockingIOError:
            return False
        return len(data) >= size

    wait_for(more)
    return data


def test_the_handshake_goes_on_where_it_would_have_blocked(shaking: Ends) -> None:
    server, client = shaking
    with pytest.raises(BlockingIOError):
        server.do_handshake()
    with pytest.raises(BlockingIOError):
        client.do_handshake()
    with pytest.raises(BlockingIOError):
        server.do_handshake()


def test_both_ends_agree_on_a_version(ends: Ends, client_context: ssl.SSLContext) -> None:
    expected = client_context.maximum_version.name.replace("_", ".")
    assert ends[0].version() == ends[1].version() == expected


def test_what_one_end_sends_the_other_receives(ends: Ends) -> None:
    server, client = ends
    assert client.send(b"to the server") == 13
    assert receive(server, 13) == b"to the server"
    assert server.send(memoryview(b"to the client")) == 13
    target = bytearray(20)

    def read() -> int:
        try:
            return client.recv_into(target)
        except BlockingIOError:
            return 0

    assert wait_for(read) == 13
    assert target[:13] == b"to the client"


def test_with_nothing_to_read_it_would_block(ends: Ends) -> None:
    with pytest.raises(BlockingIOError):
        ends[0].recv_into(bytearray(10))
    assert not ends[0].wants_write


def test_a_send_that_finds_no_room_is_made_again_with_more_behind_it(ends: Ends) -> None:
    server, client = ends
    server.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)
    data = bytes(range(256)) * 4096  # 1 MiB
    sent = 0

    def send() -> None:
        nonlocal sent, data
        try:
            while sent < len(data):
                sent += server.send(data[sent:])
        except BlockingIOError:
            pass

    send()
    assert sent < len(data)
    data += b"more, queued meanwhile"
    received = bytearray()
    deadline = time.monotonic() + scaled(10)
    while len(received) < len(data):
        assert time.monotonic() < deadline
        try:
            received += client.recv(1 << 16)
        except BlockingIOError:
            send()
    assert received == data


@pytest.mark.parametrize("early", [b"", b"on its way"])
def test_a_shutdown_is_the_end_for_the_peer_whose_rest_is_read_to_its_end(
    early: bytes, ends: Ends
) -> None:
    server, client = ends
    client.send(early)
    server.shutdown(socket.SHUT_WR)
    assert client.recv(10) == b""
    with pytest.raises(BlockingIOError):
        while server.recv(1000):  # that is not the end
            pass
    client.send(b"later")
    assert server.recv(1000)
    client.close()
    assert wait_for(lambda: not server.recv(1000))


def test_a_peer_that_hangs_up_without_a_word_has_ended(
    ends: Ends, raw: tuple[socket.socket, socket.socket]
) -> None:
    server, client = ends
    client.close()
    assert server.recv(10) == b""


def test_after_close_there_is_no_descriptor_and_nothing_crashes(ends: Ends) -> None:
    server, _ = ends
    server.close()
    assert server.fileno() == -1
    with pytest.raises(OSError, match="."):
        server.send(b"x")
    with pytest.raises(OSError, match="."):
        server.recv_into(bytearray(1))
    server.close()


def test_two_threads_may_read_and_write_at_once(ends: Ends) -> None:
    server, client = ends
    total = 1 << 20
    received = {server: 0, client: 0}

    def write(end: TLSSocket) -> None:
        sent = 0
        while sent < total:
            try:
                sent += end.send(bytes(min(5000, total - sent)))
            except BlockingIOError:
                threading.Event().wait(0.0001)

    def read(end: TLSSocket) -> None:
        while received[end] < total:
            try:
                received[end] += len(end.recv(5000))
            except BlockingIOError:
                threading.Event().wait(0.0001)

    threads = [threading.Thread(target=job, args=(end,)) for job in (write, read) for end in ends]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(scaled(20))
    assert received == {server: total, client: total}


# -- servers -------------------------------------------------------------------------------------


class Secure:
    """A wss server, and peers of it."""

    def __init__(self, server: Server, context: ssl.SSLContext) -> None:
        self.server = server
        self.context = context
        self.peers: list[Peer] = []

    def connect(self, *, tls: bool = True, opened: bool = True, narrow: bool = False) -> Peer:
        assert self.server.port is not None
        peer = Peer(self.server.port, tls=self.context if tls else None, narrow=narrow)
        self.peers.append(peer)
        return peer.open() if opened else peer


@pytest.fixture
def book() -> Iterator[Book]:
    kept = Book()
    yield kept
    kept.check()


@pytest.fixture(params=[False, True], ids=["event", "blocking"])
def secure(
    request: pytest.FixtureRequest,
    server_context: ssl.SSLContext,
    client_context: ssl.SSLContext,
    book: Book,
) -> Iterator[Callable[..., Secure]]:
    """Give ``secure(Handler, **config)``."""
    made: list[Secure] = []

    def start(handler: type = Recorded, **config: object) -> Secure:
        options: dict[str, object] = {"port": 0, "blocking": request.param, **config}
        server = Server(handler, ServerConfig(ssl_context=server_context, **options))  # type: ignore[arg-type]
        made.append(Secure(server, client_context))
        server.listen_in_new_thread(book)
        return made[-1]

    yield start
    for each in made:
        for peer in each.peers:
            peer.hang_up()
        each.server.stop(timeout=scaled(2))


@pytest.mark.parametrize("small_pool", [None, 2])
def test_wss_messages_of_every_size_come_back(
    small_pool: int | None, secure: Callable[..., Secure]
) -> None:
    peer = secure(buffers=BufferConfig(small_pool=small_pool)).connect()
    for size in [0, 1, 125, 2048, 16384, 16385, 65536, 1 << 20]:
        data = bytes([size % 251]) * size
        peer.binary(data)
        assert peer.read() == Frame(BINARY, data)


def test_wss_messages_in_one_record_are_all_delivered(secure: Callable[..., Secure]) -> None:
    """The kernel says once that there is something, and OpenSSL has it all by then."""
    peer = secure().connect()
    texts = [str(number) * 10 for number in range(400)]
    data = b"".join(frame(TEXT, text.encode()) for text in texts)
    assert 4096 < len(data) < 16384
    for _ in range(3):
        peer.send(data)
        assert [peer.read_text() for _ in texts] == texts


def test_wss_first_messages_with_the_request(secure: Callable[..., Secure]) -> None:
    peer = secure().connect(opened=False)
    peer.open(after=frame(TEXT, b"first") + frame(BINARY, bytes(12_000)))
    assert peer.read_text() == "first"
    assert peer.read() == Frame(BINARY, bytes(12_000))


def test_wss_to_a_slow_consumer_arrives_intact(secure: Callable[..., Secure]) -> None:
    started = secure(max_write_buffer=1 << 16)
    peer = started.connect(narrow=True)
    sent = [bytes([number]) * (1 << 16 if number % 3 else 100) for number in range(150)]
    total = b"".join(frame(BINARY, data) for data in sent)
    peer.sock.settimeout(0)
    position = received = 0
    deadline = time.monotonic() + scaled(20)
    expected = b"".join(frame(BINARY, data, mask=None) for data in sent)
    while received < len(expected):  # in one thread, since OpenSSL wants that
        assert time.monotonic() < deadline
        with contextlib.suppress(ssl.SSLWantWriteError, ssl.SSLWantReadError):
            position += peer.sock.send(total[position : position + (1 << 14)])
        try:
            data = peer.sock.recv(3000)
        except (ssl.SSLWantWriteError, ssl.SSLWantReadError):
            threading.Event().wait(0.0001)
            continue
        assert data == expected[received : received + len(data)]
        received += len(data)


def test_wss_closes_in_order(secure: Callable[..., Secure], book: Book) -> None:
    started = secure()
    peer = started.connect()
    peer.close_frame(3000)
    assert peer.read_close() == 3000
    peer.read_end()
    book.closed()
    other = started.connect()
    book.handler(1).conn.close(4000)
    assert other.read_close() == 4000
    other.close_frame(4000)
    other.read_end()
    book.closed(2)
    wait_for(lambda: not started.server.connections)


def test_wss_input_that_nobody_reads_does_not_destroy_the_close_frame(
    secure: Callable[..., Secure], book: Book
) -> None:
    peer = secure().connect()
    peer.send(frame(3, b"violation"))
    book.closed()
    peer.send(bytes(1 << 20))
    assert peer.read_close() == 1002


@pytest.mark.parametrize("ending", ["reset", "hang_up"])
def test_wss_peers_that_go_without_a_word(
    ending: str, secure: Callable[..., Secure], book: Book
) -> None:
    peer = secure().connect()
    peer.send(frame(BINARY, bytes(1000))[:-1])
    getattr(peer, ending)()
    book.closed()


def test_wss_a_write_from_another_thread_while_messages_arrive(
    secure: Callable[..., Secure], book: Book
) -> None:
    peer = secure().connect()
    conn = book.handler().conn

    def write() -> None:
        for _ in range(200):
            conn.write_ping(b"x" * 100)

    writer = threading.Thread(target=write)
    writer.start()
    for number in range(200):
        peer.text(str(number))
    texts, pings = [], 0
    while len(texts) < 200 or pings < 200:
        got = peer.read()
        if got.opcode == PING:
            pings += 1
        else:
            texts.append(got.payload.decode())
    writer.join(scaled(5))
    assert texts == [str(number) for number in range(200)]


def test_wss_plain_http_on_the_port_ends_that_connection_only(
    secure: Callable[..., Secure],
) -> None:
    started = secure(max_conn=1)
    for _ in range(3):
        plain = started.connect(tls=False, opened=False)
        plain.send(plain.request())
        assert plain.ended()
    wait_for(lambda: started.server.stats().handshakes_pending == 0)
    peer = started.connect()
    peer.send(frame(PING, b"alive"))
    assert peer.read() == Frame(PONG, b"alive")


def test_wss_a_slow_tls_handshake_is_cut_in_time(secure: Callable[..., Secure]) -> None:
    started = secure(handshake=HandshakeConfig(timeout=0.1))
    silent = started.connect(tls=False, opened=False)
    begun = started.connect(tls=False, opened=False)
    begun.send(b"\x16\x03\x01\x02\x00")
    assert silent.ended()
    assert begun.ended()
    wait_for(lambda: started.server.stats().handshakes_pending == 0)


def test_wss_a_slow_request_gets_408_under_tls(secure: Callable[..., Secure]) -> None:
    peer = secure(handshake=HandshakeConfig(timeout=0.3)).connect(opened=False)
    peer.send(peer.request()[:30])
    assert " 408 " in peer.read_head()


def test_wss_stop_says_1001_and_waits(secure: Callable[..., Secure], book: Book) -> None:
    started = secure()
    peers = [started.connect() for _ in range(3)]
    stopping = threading.Thread(target=started.server.stop)
    stopping.start()
    for peer in peers:
        assert peer.read_close() == 1001
        peer.close_frame(1001)
        peer.read_end()
    stopping.join(scaled(5))
    assert not stopping.is_alive()
    book.closed(3)


def test_wss_with_an_independent_client(
    secure: Callable[..., Secure], client_context: ssl.SSLContext
) -> None:
    port = secure().server.port
    with websockets_connect(
        f"wss://localhost:{port}/", ssl=client_context, compression=None, proxy=None
    ) as client:
        client.send("text")
        assert client.recv(timeout=scaled(5)) == "text"
        client.send(bytes(100_000))
        assert client.recv(timeout=scaled(5)) == bytes(100_000)
