"""Opening handshakes as a target: what may not be accepted, and answers that are wrong."""

from __future__ import annotations

import contextlib

import pytest

from tests.fuzzing.planting import plant
from wskit.fuzzing.checks import Violation
from wskit.fuzzing.seeds import seeds
from wskit.fuzzing.targets.handshake import target
from wskit.protocol.extensions import Compression, offer_client

SEEDS = seeds("handshake")
OFFER = f"Sec-WebSocket-Extensions: {offer_client(Compression())}\r\n\r\n".encode()
OWN_OFFER = SEEDS["request"].replace(b"\0\0", b"\2\0", 1)[:-2] + OFFER


@pytest.mark.parametrize(
    ("module", "old", "new", "data"),
    [
        (
            "request",
            'versions != ["13"]',
            "versions == []",
            SEEDS["request"].replace(b"13\r", b"8\r"),
        ),
        ("request", 'request.method != b"GET"', "False", SEEDS["request"].replace(b"GET", b"PUT")),
        ("request", "window == self._max_size", "False", b"\0\0" + b"G" * 2000),
        ("handshake", '"Connection: Upgrade"', '"Connection: close"', SEEDS["request"]),
        ("handshake", "str(size)", "str(size + 1)", SEEDS["not-http"]),
        ("response", "!= [accept_key(key)]", "== []", SEEDS["response"].replace(b"s3pP", b"xxxx")),
        ("extensions", "server_bits > wish", "server_bits < 99 + wish", OWN_OFFER),
    ],
)
def test_faults_are_told(
    monkeypatch: pytest.MonkeyPatch, module: str, old: str, new: str, data: bytes
) -> None:
    handshake = target()
    handshake.examine(data, contextlib.nullcontext)
    plant(monkeypatch, f"wskit.protocol.{module}", old, new)
    with pytest.raises(Violation):
        handshake.examine(data, contextlib.nullcontext)
    handshake.close()


def test_both_sides_and_waiting_are_told_apart() -> None:
    handshake = target()
    told = [handshake.examine(data, contextlib.nullcontext) for data in SEEDS.values()]
    told.append(handshake.examine(b"\0\0GET /", contextlib.nullcontext))
    assert len(set(told)) >= 6
