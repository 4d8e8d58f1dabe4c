"""The words that make a probe again: what they say, ``replayed`` and the command line read."""

from __future__ import annotations

import shlex

import pytest

from wskit.fuzzing import clients, probing
from wskit.fuzzing.arguments import ATTACK, words
from wskit.fuzzing.clients import ClientProbeConfig
from wskit.fuzzing.findings import Finding, Report
from wskit.fuzzing.probing import ProbeConfig
from wskit.fuzzing.replaying import replayed

URL = "wss://127.0.0.1:1/"
PROBES = [
    ProbeConfig(url=URL),
    ProbeConfig(
        url=URL,
        headers=(("Cookie", "a=b; c"), ("X-Y", "")),
        patience=0.5,
        pid=7,
        max_growth=1 << 20,
        max_cpu=2.0,
        insecure=True,
        cacert="a b.pem",
        i_own_this_host=True,
    ),
    ClientProbeConfig(command="node 'x y'.js {url}", reconnects=True, patience=1.5),
]


def test_defaults_are_left_out() -> None:
    assert words(ProbeConfig(url=URL)) == (URL,)
    assert words(ClientProbeConfig(command="a b")) == ("--client", "a b")


def test_what_chooses_attacks_is_left_out_of_one() -> None:
    config = ProbeConfig(url=URL, seed=5, minutes=1.0, rate=3.0, only="mask", patience=2.0)
    assert shlex.join(words(config)) == (
        f"{URL} --seed 5 --minutes 1.0 --rate 3.0 --patience 2.0 --only mask"
    )
    assert words(config, ATTACK) == (URL, "--patience", "2.0")


@pytest.mark.parametrize("config", PROBES)
@pytest.mark.parametrize("data", [b"", None])
def test_they_are_read_as_what_they_were_made_of(
    monkeypatch: pytest.MonkeyPatch, config: ProbeConfig | ClientProbeConfig, data: bytes | None
) -> None:
    asked: list[object] = []

    def replay(config: object, data: bytes) -> list[Finding]:
        asked.append(config)
        return []

    def probe(config: object) -> Report:
        asked.append(config)
        return Report()

    for module, name in ((probing, "probe"), (clients, "probe_client")):
        monkeypatch.setattr(module, "replay", replay)
        monkeypatch.setattr(module, name, probe)
    assert replayed(data, *words(config)) == []
    assert asked == [config]
