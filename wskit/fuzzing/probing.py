"""``probe`` attacks a server, whatever it runs on, and says what it did wrong.

The law of this file: after each attack the server must take a new connection and answer a ping
there; where it does not, that attack is what it died of.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from .. import fields
from ..protocol.opcodes import Side
from ..urls import parse_url
from .arguments import ATTACK, words
from .attacks import catalogue
from .bounds import Bounds, Spent
from .cases import Cases, ProbeReport
from .conducting import CannotOpen, CannotProbe, conduct
from .findings import Finding
from .process_watch import Unwatchable, watch
from .resources import Limits, Meter
from .scripts import Attack, Ending, Expects, read_attack
from .server_ground import KEY, ServerGround
from .varying import varied
from .verdicts import Fault, judged
from .wire import Speaker

__all__ = ["ProbeConfig", "probe", "replay"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ProbeConfig:
    """What is attacked and how hard. Times are seconds, sizes bytes."""

    url: str
    seed: int = 0  # of what is varied after the first round
    minutes: float | None = None  # None: each attack once; else until then, varied
    rate: float = 200.0  # connections a second, at most
    max_connections: int = 10_000  # made in all
    patience: float = 5.0  # how long an answer may take
    pid: int | None = None  # the server's process, to watch what it costs
    max_growth: int = 64 << 20  # of its memory, above it a finding
    max_cpu: float = 5.0  # processor seconds that one attack may cost
    only: str = ""  # attacks whose name has this
    headers: tuple[tuple[str, str], ...] = ()  # more, for every opening handshake that is right
    cacert: str | None = None  # a PEM file: trust these certificates only
    insecure: bool = False  # wss with any certificate
    i_own_this_host: bool = False  # attack what is not loopback

    def __post_init__(self) -> None:
        """Check every field."""
        parse_url(self.url)
        fields.integer("seed", self.seed, 0)
        fields.seconds("minutes", self.minutes, optional=True)
        fields.seconds("rate", self.rate)
        fields.integer("max_connections", self.max_connections, 1)
        fields.seconds("patience", self.patience)
        if self.pid is not None:
            fields.integer("pid", self.pid, 1)
        fields.integer("max_growth", self.max_growth, 1)
        fields.seconds("max_cpu", self.max_cpu)
        fields.instance("only", self.only, str)
        fields.boolean("insecure", self.insecure)
        fields.boolean("i_own_this_host", self.i_own_this_host)


def probe(config: ProbeConfig) -> ProbeReport:
    """Make every attack on the server at ``config.url``, then vary them while there is time.

    Raises CannotProbe for a host that is not loopback, and where no server answers there. Ctrl-C
    ends it with what was found until then.
    """
    return _Probe(config, catalogue(Side.SERVER)).run()


def replay(config: ProbeConfig, data: bytes) -> list[Finding]:
    """Make the one attack that ``data`` holds, as a finding has it; return what was found.

    Raises as ``probe`` does, ValueError where ``data`` is no attack.
    """
    once = replace(config, minutes=None, only="")
    return list(_Probe(once, [read_attack(data)]).run().findings)


class _Probe:
    """One run."""

    def __init__(self, config: ProbeConfig, attacks: Sequence[Attack]) -> None:
        self._config = config
        self._attacks = [one for one in attacks if config.only in one.name]
        self._bounds = Bounds(
            rate=config.rate, connections=config.max_connections, minutes=config.minutes
        )
        self._ground = ServerGround(config, self._bounds)
        self._cases = Cases(config.url, words(config, ATTACK), words(config))
        self._notes: list[str] = []
        self._meter: Meter | None = None
        self._count = 0
        self._dead = False

    def run(self) -> ProbeReport:
        interrupted = False
        try:
            self._learn()
            self._notes.append(self._ground.words())
            self._begin_watch()
            self._attack_all()
            self._finish_watch()
        except Spent as spent:
            self._notes.append(f"ended early: {spent}")
        except KeyboardInterrupt:
            interrupted = True
        return self._cases.report(
            executions=self._count,
            seconds=self._bounds.seconds,
            notes=self._notes,
            interrupted=interrupted,
        )

    def _learn(self) -> None:
        try:
            self._ground.learn()
        except CannotOpen as error:
            raise CannotProbe(f"{self._config.url}: {error}") from None

    def _attack_all(self) -> None:
        for attack in self._attacks:
            self._attack(attack)
        if self._config.minutes is None:
            return
        source, say = random.Random(self._config.seed), Speaker(masked=True)
        while not self._dead and self._attacks:
            self._bounds.check()  # where all are skipped, nothing else would end this
            self._attack(varied(source.choice(self._attacks), source, say))

    def _attack(self, attack: Attack) -> None:
        if self._dead:
            self._cases.skip(attack, "the server is gone")
        elif attack.deflate and not self._ground.learned.deflate:
            self._cases.skip(attack, "permessage-deflate is not agreed on")
        else:
            self._bounds.check()
            start = time.monotonic()
            self._count += 1
            faults = self._faults(attack)
            self._cases.add(attack, time.monotonic() - start, faults)

    def _faults(self, attack: Attack) -> list[Fault]:
        faults = self._metered(Meter.start)
        try:
            outcome = conduct(self._ground, attack)
            faults += judged(attack, outcome, self._ground.learned, KEY)
        except CannotOpen as error:
            faults.append(Fault("accepts", str(error), "RFC 6455 §4.2.2"))
        return faults + self._lives_on() + self._metered(Meter.stop)

    def _lives_on(self) -> list[Fault]:
        try:
            self._ground.visit()
            return []
        except CannotOpen as error:
            why = str(error)
        try:
            self._ground.visit()
            why += "; later it answered"
        except CannotOpen:
            self._dead = True
            why += "; nor later"
        return [Fault("lives on", f"a new connection after it: {why}", "RFC 6455 §10.4")]

    # -- what it costs -------------------------------------------------------------------------

    def _begin_watch(self) -> None:
        config = self._config
        if config.pid is None:
            return
        try:
            self._meter = Meter(watch(config.pid), Limits(config.max_growth, config.max_cpu))
        except Unwatchable as error:
            self._notes.append(f"not watched: {error}")

    def _metered(self, measure: Callable[[Meter], list[Fault]]) -> list[Fault]:
        if self._meter is None or self._dead:
            return []
        try:
            return measure(self._meter)
        except Unwatchable as error:
            self._meter = None
            return [Fault("lives on", str(error), "RFC 6455 §10.4")]

    def _finish_watch(self) -> None:
        faults = self._metered(lambda meter: meter.finish(self._config.patience * 3))
        if faults:
            self._cases.add(_AFTERWARDS, 0.0, faults)


_AFTERWARDS = Attack("afterwards", "RFC 6455 §7.1.1", Expects(Ending.ANY), ())
