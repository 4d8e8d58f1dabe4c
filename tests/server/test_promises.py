"""Smoke."""
from tests.server.recording import Recorded, Book
def test_echo(serve, connect, book):
    server = serve(Recorded, book)
    peer = connect(server)
    peer.text("hello", "you")
    assert peer.read_text() == "hello"
    assert peer.read_text() == "you"
    peer.close_frame(3001)
    assert peer.read_close() == 3001
    peer.read_end()
    book.closed()
    assert book.handlers[0].calls == ["after_init", "message", "message", "client_close", "close"]
