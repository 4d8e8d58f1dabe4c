"""Each request of ``openings`` is what its name says: our reader, tested elsewhere, agrees."""

from __future__ import annotations

from wskit.errors import HandshakeError
from wskit.fuzzing.attacks.openings import openings
from wskit.fuzzing.scripts import Attack, Does, Ending
from wskit.protocol.extensions import Compression
from wskit.protocol.handshake import Handshake, negotiate
from wskit.protocol.request import RequestReader


def read(attack: Attack) -> Handshake | HandshakeError | None:
    reader = RequestReader()
    heads = (Does.HEAD, Does.DRIBBLE, Does.SEND)
    try:
        for step in attack.steps:
            data = step.data.replace(b"{host}", b"a").replace(b"{target}", b"/")
            for _ in range(step.times if step.does in heads else 0):
                if (request := reader.feed(data)) is not None:
                    negotiate(request, compression=Compression())
                    return request
    except HandshakeError as error:
        return error
    return None


def test_what_is_expected_is_right() -> None:
    for attack in openings():
        answer = read(attack)
        match attack.expects.ending:
            case Ending.REFUSED:
                assert isinstance(answer, HandshakeError), attack.name
                assert not attack.expects.statuses or answer.status in attack.expects.statuses
                names = {name for name, _ in answer.headers}
                assert not attack.expects.header or attack.expects.header in names
            case Ending.OPENED:
                assert isinstance(answer, Handshake), attack.name
            case Ending.DECLINED:
                assert isinstance(answer, HandshakeError) or answer.extensions is None, attack.name  # type: ignore[union-attr]


def test_each_has_a_section_of_an_rfc() -> None:
    for attack in openings():
        assert attack.classname.startswith(("rfc6455.", "rfc7692.", "rfc9112.")), attack.name
