"""Proxies: which one, and the tunnel through it. HTTP CONNECT here, SOCKS by python-socks."""

from __future__ import annotations

import os
import socket
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING

from ..deadlines import Deadline
from ..errors import HandshakeError
from ..urls import basic_credentials
from ..waiting import wait_readable, wait_writable
from .config import ClientConfig

if TYPE_CHECKING:
    from urllib.parse import SplitResult

__all__ = ["choose_proxy", "open_tunnel"]

_MAX_RESPONSE = 65536  # bytes of a proxy's answer
# Scheme and version. The name is always resolved by the proxy: what needs a proxy may not even
# resolve here.
_SOCKS = {"socks": 5, "socks5": 5, "socks5h": 5, "socks4": 4, "socks4a": 4}

Connect = Callable[[str, int, Deadline], socket.socket]


def choose_proxy(config: ClientConfig) -> str | None:
    """Return the URL of the proxy to use: the configured one, or the environment's, or None.

    For wss the order is wss_proxy, socks_proxy, https_proxy, for ws it is ws_proxy, socks_proxy,
    https_proxy, http_proxy; all_proxy comes last. NO_PROXY is honoured.
    """
    if isinstance(config.proxy, str):
        return config.proxy
    if not config.proxy or not _may_have_proxies():
        return None
    from urllib.request import getproxies, proxy_bypass

    proxies = getproxies()
    names = (
        ("wss", "socks", "https", "all") if config.tls else ("ws", "socks", "https", "http", "all")
    )
    found = next((proxies[name] for name in names if name in proxies), None)
    if found is None or proxy_bypass(f"{config.host}:{config.port}"):
        return None
    return found


def open_tunnel(
    proxy: str, host: str, port: int, deadline: Deadline, connect: Connect
) -> socket.socket:
    """Return a socket that the proxy has connected to ``host`` and ``port``.

    Raises ValueError for a URL that names no usable proxy, HandshakeError with the status if an
    HTTP proxy refuses, OSError and TimeoutError as connecting does.
    """
    from urllib.parse import urlsplit

    # The URL may hold a password, so no error repeats it.
    try:
        parts = urlsplit(proxy if "://" in proxy else f"http://{proxy}")
        parts.port  # noqa: B018
    except ValueError as error:
        raise ValueError(f"proxy: {error}") from None
    if not parts.hostname:
        raise ValueError("proxy: the URL has no host")
    if parts.scheme in _SOCKS:
        return _open_socks(parts, host, port, deadline)
    if parts.scheme != "http":
        raise ValueError(f"proxy: the scheme must be http or socks5, not {parts.scheme!r}")
    sock = connect(parts.hostname, parts.port or 80, deadline)
    try:
        _connect_through(sock, parts, host, port, deadline)
    except BaseException:
        sock.close()
        raise
    return sock


def _may_have_proxies() -> bool:
    # urllib.request costs 30 ms to import; without such a variable it finds nothing on Unix.
    if sys.platform in ("darwin", "win32"):
        return True
    return any(name.lower().endswith("_proxy") for name in os.environ)


def _open_socks(proxy: SplitResult, host: str, port: int, deadline: Deadline) -> socket.socket:
    # python-socks applies the time to each of its few steps, not to all of them.
    from urllib.parse import unquote

    try:
        from python_socks import ProxyError, ProxyTimeoutError, ProxyType
        from python_socks.sync import Proxy
    except ImportError:
        raise ImportError("proxy: SOCKS needs python-socks, install wskit[proxy]") from None
    try:
        return Proxy(
            ProxyType.SOCKS5 if _SOCKS[proxy.scheme] == 5 else ProxyType.SOCKS4,
            proxy.hostname or "",
            proxy.port or 1080,
            None if proxy.username is None else unquote(proxy.username),
            None if proxy.password is None else unquote(proxy.password),
            rdns=True,
        ).connect(host, port, timeout=deadline.left("the proxy"))
    except ProxyTimeoutError as error:
        raise TimeoutError(f"proxy: {error}") from error
    except ProxyError as error:
        raise ConnectionRefusedError(f"proxy: {error}") from error


def _connect_through(
    sock: socket.socket, proxy: SplitResult, host: str, port: int, deadline: Deadline
) -> None:
    import h11

    authority = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    headers = [("Host", authority)]
    if proxy.username is not None:
        credentials = basic_credentials(proxy.username, proxy.password or "")
        headers.append(("Proxy-Authorization", credentials))
    connection = h11.Connection(h11.CLIENT, max_incomplete_event_size=_MAX_RESPONSE)
    request = h11.Request(method="CONNECT", target=authority, headers=headers)
    _send_all(sock, connection.send(request) or b"", deadline)
    connection.send(h11.EndOfMessage())
    while True:
        try:
            event = connection.next_event()
        except h11.RemoteProtocolError as error:
            raise HandshakeError(0, f"proxy: no valid HTTP response: {error}") from None
        if isinstance(event, h11.Response):
            if 200 <= event.status_code <= 299:
                return
            fields = [(name.decode(), value.decode("latin-1")) for name, value in event.headers]
            status = event.status_code
            raise HandshakeError(status, f"proxy: refused with status {status}", headers=fields)
        if event is h11.NEED_DATA:
            connection.receive_data(_receive(sock, deadline))


def _send_all(sock: socket.socket, data: bytes, deadline: Deadline) -> None:
    while data:
        if wait_writable(sock.fileno(), deadline.left("the proxy")):
            data = data[sock.send(data) :]


def _receive(sock: socket.socket, deadline: Deadline) -> bytes:
    # More than the head may come with it only from the proxy: a server waits for us to speak.
    while not wait_readable([sock.fileno()], deadline.left("the proxy")):
        pass
    return sock.recv(4096)
