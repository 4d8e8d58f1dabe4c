"""What a client can be told: each field is checked when the object is made, by name."""

from __future__ import annotations

import dataclasses
import math
import ssl

import pytest

from wskit import BufferProvider, ClientConfig, Compression


def config(**options: object) -> ClientConfig:
    return ClientConfig(**{"host": "h", "port": 80, **options})  # type: ignore[arg-type]


def test_the_defaults_are_the_documented_ones() -> None:
    made = ClientConfig(host="h", port=1)
    assert dataclasses.asdict(made) == {
        "host": "h",
        "port": 1,
        "tls": False,
        "ssl_context": None,
        "server_hostname": None,
        "unix_path": None,
        "proxy": True,
        "connect_timeout": 10.0,
        "max_size": 1048576,
        "max_fragments": 4096,
        "buffer_size": 4096,
        "buffer_provider": None,
        "mask_fn": None,
        "subprotocols": (),
        "origin": None,
        "compression": None,
        "read_timeout": None,
        "write_timeout": 10.0,
        "ping_interval": 20.0,
        "ping_timeout": 20.0,
        "close_timeout": 10.0,
        "inspect": False,
    }


@pytest.mark.parametrize(
    ("field", "value"),
    [
        *(("host", value) for value in ("", "a b", "a/b", "a\r\nb", "ü", "[::1]", "u@h", 1, None)),
        *(("port", value) for value in (0, -1, 65536, "80", True, 80.0, None)),
        *(("tls", value) for value in (1, "yes", None)),
        *(("ssl_context", value) for value in (object(), True)),
        *(("server_hostname", value) for value in ("", 1)),
        *(("unix_path", value) for value in ("", 1)),
        *(("proxy", value) for value in (1, b"http://p")),
        *(("max_size", value) for value in (0, -1, 1.5, "1", True)),
        *(("max_fragments", value) for value in (0, "1")),
        *(("buffer_size", value) for value in (0, 255, None)),
        *(("buffer_provider", value) for value in (object(), 1)),
        *(("mask_fn", value) for value in (1, b"abcd")),
        *(("subprotocols", value) for value in ("a", ["a b"], [1], [""], ["a", "a"])),
        *(("origin", value) for value in ("", 1)),
        *(("compression", value) for value in (True, object())),
        *(("connect_timeout", value) for value in (0, -1, math.nan, math.inf, "1", True)),
        *(("read_timeout", value) for value in (-1, math.nan, "1")),
        *(("write_timeout", value) for value in (0, -1, "1")),
        *(("ping_interval", value) for value in (0, -1, "1")),
        *(("ping_timeout", value) for value in (0, -1, "1")),
        *(("close_timeout", value) for value in (0, -1, None, "1")),
        *(("inspect", value) for value in (1, None, "unix", "")),
    ],
)
def test_a_wrong_value_is_an_error_that_names_the_field(field: str, value: object) -> None:
    with pytest.raises((ValueError, TypeError), match=f"^{field}: "):
        config(**{"tls": field == "ssl_context", field: value})


@pytest.mark.parametrize(
    "options",
    [
        {"host": "::1"},
        {"host": "127.0.0.1"},
        {"host": "a-b.example"},
        {"port": 65535},
        {"port": 0, "unix_path": "/tmp/s"},
        {"tls": True, "ssl_context": ssl.create_default_context()},
        {"tls": True, "server_hostname": "other"},
        {"proxy": False},
        {"proxy": None},
        {"proxy": "http://p"},
        {"max_size": 1},
        {"buffer_size": 256},
        {"buffer_provider": BufferProvider()},
        {"mask_fn": lambda: 1},
        {"subprotocols": ["a", "b"]},
        {"origin": "null"},
        {"compression": Compression()},
        {"read_timeout": 0},
        {"connect_timeout": None, "write_timeout": None, "read_timeout": None},
        {"ping_interval": None, "ping_timeout": None},
        {"inspect": True},
        {"inspect": "tcp"},
    ],
)
def test_right_values_pass(options: dict[str, object]) -> None:
    config(**options)


def test_a_context_needs_tls() -> None:
    with pytest.raises(ValueError, match=r"^ssl_context: needs tls"):
        config(ssl_context=ssl.create_default_context())


def test_it_never_changes() -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        config().port = 1  # type: ignore[misc]


def test_the_message_limit_is_the_smaller_of_its_own_and_the_providers() -> None:
    assert config(max_size=1000).message_limit == 1000
    assert config(max_size=1000, buffer_provider=BufferProvider(max=10)).message_limit == 10
    assert config(max_size=1000, buffer_provider=BufferProvider(max=9999)).message_limit == 1000
