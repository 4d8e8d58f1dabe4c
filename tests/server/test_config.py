"""What a server can be told: the defaults, and an error that names each field told wrongly."""

from __future__ import annotations

import dataclasses
import os
import re
import select
import ssl
import sys
from typing import Any

import pytest

from wskit.protocol.extensions import Compression
from wskit.server.config import (
    BufferConfig,
    HandshakeConfig,
    ServerConfig,
    ThreadPoolConfig,
    blocking_mode,
)

NAN, INF = float("nan"), float("inf")

# For each field what it takes, and what it does not: by value, then by type.
FIELDS: dict[type, dict[str, tuple[list[Any], list[Any], list[Any]]]] = {
    ServerConfig: {
        "port": ([None, 0, 65535], [-1, 65536], ["80", 80.0, True]),
        "address": (["::1", "localhost", ""], [], [None, b"::1"]),
        "unix_path": ([None, "a.sock"], [""], [b"a.sock", 1]),
        "unix_mode": ([None], [0o600], []),  # it needs a unix_path; more below
        "reuse_port": ([True, False], [], [None, 1]),
        "ssl_context": ([None, ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)], [], ["cert.pem", True]),
        "blocking": ([True, False], [], [None, 0]),
        "worker_count": ([1, 255], [0, 256, -1], [None, 1.0, True]),
        "max_conn": ([1, 1 << 40], [0, -1], [None, 1.5, True]),
        "max_message_size": ([1, 1 << 40], [0, -1], [None, "1 MiB", True]),
        "max_fragments": ([1], [0], [None]),
        "origins": ([None, (), ["https://a", re.compile("a"), None]], [], ["https://a", [1], 3]),
        "subprotocols": ([(), ["chat", "x.y"]], [["a b"], [""], ["a,b"]], ["chat", None, 3, [1]]),
        "ping_interval": ([None, 0.5], [0, -1, NAN, INF], ["20", True]),
        "ping_timeout": ([None, 0.5], [0, -1, NAN, INF], ["20", True]),
        "close_timeout": ([0.5], [0, -1, NAN, INF], [None, "20", True]),
        "write_timeout": ([None, 0.5], [0, -1, NAN, INF], ["20", True]),
        "max_write_buffer": ([1], [0], [None]),
        "compression": ([None, Compression()], [], [True, {}]),
        "handshake": ([HandshakeConfig()], [], [None, {}]),
        "thread_pool": ([ThreadPoolConfig()], [], [None, {}]),
        "buffers": ([BufferConfig()], [], [None, {}]),
    },
    HandshakeConfig: {
        "timeout": ([0.1, 60], [0, -1, NAN], [None, True]),
        "max_size": ([128, 1 << 20], [127, (1 << 20) + 1], [None, True]),
        "max_headers": ([4, 65535], [3, 65536], [None]),
        "max_res_headers": ([0, 65535], [-1, 65536], [None]),
        "count": ([1, 65535], [0, 65536], [None]),
    },
    ThreadPoolConfig: {
        "count": ([1, 65535], [0, 65536], [None, 4.0]),
        "backlog": ([1, 1 << 20], [0], [None]),
        "buffer_size": ([0, 1 << 20], [-1], [None]),
    },
    BufferConfig: {
        "small_size": ([256, 1 << 20], [0, 255], [None]),
        "small_pool": ([None, 0, 100], [-1], [1.0, True]),
        "large_size": ([None, 0, 1 << 20], [-1], [1.0]),
        "large_pool": ([0, 65535], [-1, 65536], [None]),
    },
}
PREFIXES = {
    HandshakeConfig: "handshake.",
    ThreadPoolConfig: "thread_pool.",
    BufferConfig: "buffers.",
}


def shown(value: object) -> str:
    """Give what is the same in every process, as the names of tests must be."""
    return repr(value).partition(" object at ")[0]


def table(column: int) -> list[Any]:
    return [
        pytest.param(kind, name, value, id=f"{PREFIXES.get(kind, '')}{name}={shown(value)}")
        for kind, fields in FIELDS.items()
        for name, columns in fields.items()
        for value in columns[column]
    ]


@pytest.mark.parametrize("kind", FIELDS)
def test_every_field_is_in_the_table(kind: type) -> None:
    assert {field.name for field in dataclasses.fields(kind)} == set(FIELDS[kind])


@pytest.mark.parametrize(("kind", "name", "value"), table(0))
def test_a_good_value_is_taken(kind: type, name: str, value: object) -> None:
    kept = getattr(kind(**{name: value}), name)
    assert kept == value


@pytest.mark.parametrize(("kind", "name", "value"), table(1))
def test_a_bad_value_is_an_error_that_names_the_field(kind: type, name: str, value: object) -> None:
    with pytest.raises(ValueError, match=f"^{PREFIXES.get(kind, '')}{name}: "):
        kind(**{name: value})


@pytest.mark.parametrize(("kind", "name", "value"), table(2))
def test_a_bad_type_is_an_error_that_names_the_field(kind: type, name: str, value: object) -> None:
    with pytest.raises(TypeError, match=f"^{PREFIXES.get(kind, '')}{name}: "):
        kind(**{name: value})


def test_unix_mode_is_permission_bits_of_a_unix_path() -> None:
    for mode in (0, 0o660, 0o777):
        assert ServerConfig(unix_path="a.sock", unix_mode=mode).unix_mode == mode
    for mode in (-1, 0o1000):
        with pytest.raises(ValueError, match=r"^unix_mode: must be 0\.\.511, not"):
            ServerConfig(unix_path="a.sock", unix_mode=mode)
    with pytest.raises(TypeError, match=r"^unix_mode: "):
        ServerConfig(unix_path="a.sock", unix_mode=True)
    with pytest.raises(ValueError, match=r"^unix_mode: needs a unix_path$"):
        ServerConfig(unix_mode=0o600)


@pytest.mark.parametrize(
    ("buffers", "max_message_size", "size"),
    [
        (BufferConfig(), 1 << 20, 1 << 16),
        (BufferConfig(), 3000, 3000),
        (BufferConfig(large_size=10_000), 3000, 10_000),
        (BufferConfig(large_size=0), 1 << 20, 0),
    ],
)
def test_a_large_buffer_takes_64_kib_unless_told(
    buffers: BufferConfig, max_message_size: int, size: int
) -> None:
    assert ServerConfig(buffers=buffers, max_message_size=max_message_size).large_size == size


def test_there_is_one_worker_unless_threads_run_in_parallel(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(sys, "_is_gil_enabled", lambda: True, raising=False)
    assert ServerConfig().worker_count == 1
    monkeypatch.setattr(sys, "_is_gil_enabled", lambda: False)
    assert ServerConfig().worker_count == min(255, len(os.sched_getaffinity(0)))


def test_the_defaults_are_those_of_websocket_zig_but_for_the_raised_ones() -> None:
    config = ServerConfig()
    assert (config.port, config.address, config.unix_path) == (9882, "127.0.0.1", None)
    assert config.max_conn == 16384
    assert config.max_message_size == 1 << 20
    assert dataclasses.astuple(config.handshake) == (10.0, 8192, 64, 32, 32)
    assert dataclasses.astuple(config.thread_pool) == (4, 500, 32768)
    assert dataclasses.astuple(config.buffers) == (2048, None, None, 8)
    assert config.compression is None


def test_a_config_does_not_change() -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        ServerConfig().port = 80  # type: ignore[misc]


def test_blocking_mode_is_for_want_of_epoll_and_kqueue(monkeypatch: pytest.MonkeyPatch) -> None:
    assert blocking_mode() is not (hasattr(select, "epoll") or hasattr(select, "kqueue"))
    monkeypatch.delattr(select, "epoll", raising=False)
    monkeypatch.delattr(select, "kqueue", raising=False)
    assert blocking_mode()
