"""Strategies for Sec-WebSocket-Extensions, and what they amount to (RFC 6455 §9, RFC 7692 §7.1)."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable

from hypothesis import strategies as st

from .arguments import named
from .rules import OFFER_VIOLATIONS
from .values import Agreement

__all__ = [
    "Parameters",
    "agreed",
    "answerable",
    "answers",
    "deflate_offers",
    "extension_offers",
    "offers_of",
]

Parameters = dict[str, str | None]

_DEFLATE = "permessage-deflate"
_SERVER_FRESH, _CLIENT_FRESH = "server_no_context_takeover", "client_no_context_takeover"
_SERVER_BITS, _CLIENT_BITS = "server_max_window_bits", "client_max_window_bits"
_BITS = [str(bits) for bits in range(15, 7, -1)]

_OTHERS = (
    "permessage-bzip2",
    "x-webkit-deflate-frame",
    "foo; bar",
    "foo; bar=1; baz=two",
    'foo; bar="quoted"',
    "x;y=z;y=z",
)
_UNGRAMMATICAL = (
    "",
    ",",
    ";",
    "=",
    "permessage-deflate;",
    "permessage-deflate; =15",
    "permessage-deflate; server_max_window_bits=",
    "permessage-deflate client_max_window_bits",
    'foo; bar="',
    'foo; bar=""',
    'foo; bar="two words"',
    "foo; bar=a b",
    "foo(bar)",
    "foo; bar=1=2",
)
_WRONG = (
    "unknown",
    "unknown=1",
    f"{_SERVER_FRESH}=1",
    f"{_CLIENT_FRESH}=true",
    _SERVER_BITS,
    *(f"{name}={bits}" for name in (_SERVER_BITS, _CLIENT_BITS) for bits in ("7", "16", "08", "x")),
    f"{_SERVER_FRESH}; {_SERVER_FRESH}",
    f"{_CLIENT_BITS}; {_CLIENT_BITS}=10",
)


def extension_offers(*, violations: Collection[str] = ()) -> st.SearchStrategy[str]:
    """Generates values of Sec-WebSocket-Extensions as clients offer them: permessage-deflate with
    any parameters, extensions that nobody knows, several in a row.

    ``violations`` may name "extensions" (the grammar is broken) and "parameters" (an offer that
    a server must decline). Examples shrink towards "permessage-deflate".
    """
    wrong = named("violations", violations, OFFER_VIOLATIONS)
    if not wrong:
        return _joined(st.just(_DEFLATE) | st.sampled_from(_OTHERS) | deflate_offers())
    made = {
        "extensions": _ungrammatical(),
        "parameters": st.sampled_from(_WRONG).map(lambda wrong: f"{_DEFLATE}; {wrong}"),
    }
    return st.one_of([made[name] for name in wrong])


def deflate_offers() -> st.SearchStrategy[str]:
    """Generates single offers of permessage-deflate."""
    fresh = [st.sampled_from(["", name]) for name in (_SERVER_FRESH, _CLIENT_FRESH)]
    server = st.sampled_from(["", *(f"{_SERVER_BITS}={bits}" for bits in _BITS)])
    client = st.sampled_from(
        ["", _CLIENT_BITS, *(f"{_CLIENT_BITS}={bits}" for bits in _BITS), f'{_CLIENT_BITS}="12"']
    )
    joint = st.sampled_from(["; ", ";", " ; "])
    order = st.booleans()
    return st.builds(_offer, *fresh, server, client, joint, order)


def offers_of(values: Iterable[str]) -> list[tuple[str, Parameters]]:
    """Read legal values of the header: name and parameters of each offer or answer."""
    found = []
    for element in ",".join(values).split(","):
        name, *parts = [part.strip() for part in element.split(";")]
        if name:
            found.append((name, dict(_parameter(part) for part in parts)))
    return found


def answerable(offer: Parameters) -> bool:
    """Tell whether zlib can keep to an offer of permessage-deflate: it has no window of 2**8."""
    return min(_bits(offer, _SERVER_BITS), _bits(offer, _CLIENT_BITS)) > 8


def answers(offer: Parameters) -> st.SearchStrategy[str]:
    """Generates what a server may answer to an answerable offer of permessage-deflate."""
    server_most, client_most = _bits(offer, _SERVER_BITS), _bits(offer, _CLIENT_BITS)
    must = _SERVER_FRESH in offer
    server_fresh = st.just(_SERVER_FRESH) if must else st.sampled_from(["", _SERVER_FRESH])
    said = [f"{_SERVER_BITS}={bits}" for bits in range(server_most, 8, -1)]
    server = st.sampled_from(said if _SERVER_BITS in offer else ["", *said])
    limits = [f"{_CLIENT_BITS}={bits}" for bits in range(client_most, 8, -1)]
    client = st.sampled_from(["", *(limits if _CLIENT_BITS in offer else [])])
    fresh = st.sampled_from(["", _CLIENT_FRESH])
    return st.builds(_offer, server_fresh, fresh, server, client, st.just("; "), st.just(False))


def agreed(offer: Parameters, answer: Parameters) -> Agreement:
    """Return what an answer to an offer means."""
    return Agreement(
        _SERVER_FRESH in answer,
        _CLIENT_FRESH in answer or _CLIENT_FRESH in offer,
        _bits(answer, _SERVER_BITS),
        # §7.1.2.2: the client keeps to what it has promised in any case.
        min(_bits(offer, _CLIENT_BITS), _bits(answer, _CLIENT_BITS)),
    )


def _bits(parameters: Parameters, name: str) -> int:
    return int(parameters.get(name) or 15)


def _ungrammatical() -> st.SearchStrategy[str]:
    bad = st.sampled_from(_UNGRAMMATICAL)
    broken = st.sampled_from([each for each in _UNGRAMMATICAL if each.strip(",")])
    return bad | st.builds("{}, {}".format, deflate_offers(), broken)


def _joined(one: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    joint = st.sampled_from([", ", ",", " , ", ",, "])
    return st.builds(
        lambda joint, offers: joint.join(offers), joint, st.lists(one, min_size=1, max_size=3)
    )


def _offer(*parts_and_style: object) -> str:
    *parts, joint, backwards = parts_and_style
    said = [str(part) for part in parts if part]
    return str(joint).join([_DEFLATE, *(reversed(said) if backwards else said)])


def _parameter(part: str) -> tuple[str, str | None]:
    name, equals, value = re.sub(r"\s", "", part).partition("=")
    return name, value.strip('"') if equals else None
