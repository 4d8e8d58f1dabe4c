"""TLS on a non-blocking socket, with the same ``recv_into`` and ``send`` as a plain one.

OpenSSL forbids two threads in one connection at once, and wskit reads in one thread while others
write: a lock goes around each call. None of them blocks, so it is held for microseconds.
"""

from __future__ import annotations

import contextlib
import socket
import ssl
import threading
from collections.abc import Iterator

__all__ = ["TLSSocket", "client_context"]


class TLSSocket:
    """A socket under TLS. Where a plain one would block it raises BlockingIOError as that does.

    ``wants_write`` says what the last handshake or read waits for: TLS may need to write for them.
    """

    def __init__(
        self,
        sock: socket.socket,
        context: ssl.SSLContext,
        *,
        server_side: bool,
        server_hostname: str | None = None,
    ) -> None:
        """Take over ``sock``, which must be non-blocking; the TLS handshake is still to be done."""
        self._lock = threading.Lock()  # guards _tls, _cut and wants_write
        self._cut = False
        self.wants_write = False
        self._tls = context.wrap_socket(
            sock,
            server_side=server_side,
            server_hostname=server_hostname,
            do_handshake_on_connect=False,
        )

    def do_handshake(self) -> None:
        """Go on with the TLS handshake; BlockingIOError until it is done, OSError if it fails."""
        with self._lock, self._blocking_error():
            self._tls.do_handshake()

    def recv_into(self, target: bytearray | memoryview) -> int:
        """Read up to ``len(target)`` bytes; 0 at the end of the stream."""
        with self._lock, self._blocking_error():
            if self._cut:
                return 0  # and not the ciphertext that may have arrived before
            try:
                return self._tls.recv_into(target)
            except (ssl.SSLEOFError, BrokenPipeError):
                # §7.1.1 of RFC 6455 has its own close: a ragged end of TLS adds nothing. OpenSSL
                # answers one with an alert, and what became of that is all that newer Pythons say.
                return 0

    def recv(self, size: int) -> bytes:
        """Read and return up to ``size`` bytes; b"" at the end of the stream."""
        data = bytearray(size)
        return bytes(data[: self.recv_into(data)])

    def send(self, data: bytes | memoryview) -> int:
        """Write what goes at once and return how much that was."""
        # Not a word to wants_write, which belongs to the thread that reads.
        try:
            with self._lock:
                return self._tls.send(data)
        except (ssl.SSLWantReadError, ssl.SSLWantWriteError):
            raise BlockingIOError from None

    def shutdown(self, how: int) -> None:
        """Tell the peer that nothing more comes (close_notify, then TCP).

        TLS ends with it, so after SHUT_WR what can still be read is only good to be dropped.
        """
        with self._lock:
            if how != socket.SHUT_RD:
                with contextlib.suppress(OSError, ValueError):
                    self._tls.unwrap()  # sends close_notify; the peer's is not awaited
            self._cut = self._cut or how == socket.SHUT_RDWR
            self._tls.shutdown(how)

    def fileno(self) -> int:
        """Return the descriptor; -1 once closed."""
        return self._tls.fileno()

    def close(self) -> None:
        """Close the socket."""
        with self._lock:
            self._tls.close()

    def setsockopt(self, level: int, option: int, value: int | bytes) -> None:
        """Set an option of the socket below."""
        self._tls.setsockopt(level, option, value)

    def version(self) -> str | None:
        """Return the TLS version agreed, such as "TLSv1.3"."""
        return self._tls.version()

    @contextlib.contextmanager
    def _blocking_error(self) -> Iterator[None]:
        try:
            yield
        except ssl.SSLWantReadError:
            self.wants_write = False
            raise BlockingIOError from None
        except ssl.SSLWantWriteError:
            self.wants_write = True
            raise BlockingIOError from None


def client_context(cacert: str | None, *, insecure: bool) -> ssl.SSLContext:
    """Return a context that trusts the PEM file ``cacert``, or, None, what the system does.

    ``insecure`` takes any certificate. Raises OSError for a file that is none.
    """
    context = ssl.create_default_context(cafile=cacert)
    if insecure:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context
