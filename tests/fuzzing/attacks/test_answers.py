"""Each response of ``answers`` is what its name says: our client's reader agrees."""

from __future__ import annotations

from wskit.errors import HandshakeError
from wskit.fuzzing.attacks.answers import answers
from wskit.fuzzing.scripts import Attack, Does, Ending
from wskit.protocol.extensions import Compression
from wskit.protocol.handshake import accept_key
from wskit.protocol.response import ClientHandshake, ClientHandshakeResult

KEY = "dGhlIHNhbXBsZSBub25jZQ=="


def read(attack: Attack) -> ClientHandshakeResult | HandshakeError | None:
    client = ClientHandshake("a", "/", KEY, compression=Compression())
    client.request()
    try:
        for step in attack.steps:
            data = step.data.replace(b"{accept}", accept_key(KEY).encode())
            for _ in range(step.times if step.does is not Does.CUT else 0):
                if (response := client.feed(data)) is not None:
                    return response
        client.eof()
    except HandshakeError as error:
        return error


def test_what_is_expected_is_right() -> None:
    for attack in answers():
        answer = read(attack)
        if attack.expects.ending is Ending.DROPPED:
            assert isinstance(answer, HandshakeError), attack.name
        elif attack.expects.ending is Ending.OPENED:
            assert isinstance(answer, ClientHandshakeResult), attack.name


def test_what_comes_behind_a_response_is_frames() -> None:
    (behind,) = [one for one in answers() if one.name == "answer: with a ping behind it"]
    assert isinstance(read(behind), ClientHandshakeResult)
