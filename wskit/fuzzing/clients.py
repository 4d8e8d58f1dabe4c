"""``probe_client`` attacks a client: a command that is given a URL, of a server that misbehaves.

The law of this file: what was started is ended, by its id, whatever happens.
"""

from __future__ import annotations

import random
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace

from .. import fields
from ..protocol.opcodes import Side
from .arguments import ATTACK, words
from .attacks import catalogue
from .bounds import Bounds, Spent
from .cases import Cases, ProbeReport
from .client_ground import ClientGround
from .commands import arguments
from .conducting import CannotOpen, CannotProbe, conduct
from .findings import Finding
from .scripts import Attack, read_attack
from .varying import varied
from .verdicts import Fault, judged
from .wire import Speaker

__all__ = ["ClientProbeConfig", "probe_client", "replay"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientProbeConfig:
    """Which client is attacked and how hard. Times are seconds."""

    command: str  # its words as a shell has them; {url} is replaced, else the URL comes last
    reconnects: bool = False  # it is run once and connects again; else it is run for each attack
    seed: int = 0  # of what is varied after the first round
    minutes: float | None = None  # None: each attack once; else until then, varied
    rate: float = 200.0  # connections a second, at most
    max_connections: int = 10_000  # in all
    patience: float = 5.0  # how long an answer may take, and the client to connect
    only: str = ""  # attacks whose name has this

    def __post_init__(self) -> None:
        """Check every field."""
        fields.instance("command", self.command, str)
        try:
            arguments(self.command, "")
        except ValueError as error:
            raise ValueError(f"command: {str(error).removeprefix('command: ')}") from None
        fields.boolean("reconnects", self.reconnects)
        fields.integer("seed", self.seed, 0)
        fields.seconds("minutes", self.minutes, optional=True)
        fields.seconds("rate", self.rate)
        fields.integer("max_connections", self.max_connections, 1)
        fields.seconds("patience", self.patience)
        fields.instance("only", self.only, str)


def probe_client(config: ClientProbeConfig) -> ProbeReport:
    """Make every attack on the client, then vary them while there is time.

    Raises CannotProbe where the command cannot be run, or does not connect. Ctrl-C ends it with
    what was found until then.
    """
    return _ClientProbe(config, catalogue(Side.CLIENT)).run()


def replay(config: ClientProbeConfig, data: bytes) -> list[Finding]:
    """Make the one attack that ``data`` holds, as a finding has it; return what was found.

    Raises as ``probe_client`` does, ValueError where ``data`` is no attack.
    """
    once = replace(config, minutes=None, only="")
    return list(_ClientProbe(once, [read_attack(data)]).run().findings)


class _ClientProbe:
    """One run."""

    def __init__(self, config: ClientProbeConfig, attacks: Sequence[Attack]) -> None:
        self._config = config
        self._attacks = [one for one in attacks if config.only in one.name]
        self._bounds = Bounds(
            rate=config.rate, connections=config.max_connections, minutes=config.minutes
        )
        self._cases = Cases(config.command, words(config, ATTACK), words(config))
        self._notes: list[str] = []
        self._count = 0

    def run(self) -> ProbeReport:
        interrupted = False
        ground = ClientGround(
            self._config.command,
            self._bounds,
            reconnects=self._config.reconnects,
            patience=self._config.patience,
        )
        try:
            self._learn(ground)
            self._notes.append(ground.words())
            self._attack_all(ground)
        except Spent as spent:
            self._notes.append(f"ended early: {spent}")
        except KeyboardInterrupt:
            interrupted = True
        finally:
            ground.end()
        return self._cases.report(
            executions=self._count,
            seconds=self._bounds.seconds,
            notes=self._notes,
            interrupted=interrupted,
        )

    def _learn(self, ground: ClientGround) -> None:
        try:
            ground.learn()
        except CannotOpen as error:
            raise CannotProbe(f"command: {error}") from None
        except OSError as error:
            raise CannotProbe(f"command: {error.filename}: {error.strerror}") from None

    def _attack_all(self, ground: ClientGround) -> None:
        for attack in self._attacks:
            self._attack(ground, attack)
        if self._config.minutes is None:
            return
        source, say = random.Random(self._config.seed), Speaker(masked=False)
        while self._attacks:
            self._bounds.check()  # where all are skipped, nothing else would end this
            self._attack(ground, varied(source.choice(self._attacks), source, say))

    def _attack(self, ground: ClientGround, attack: Attack) -> None:
        if attack.deflate and not ground.learned.deflate:
            self._cases.skip(attack, "permessage-deflate is not offered")
            return
        self._bounds.check()
        start = time.monotonic()
        self._count += 1
        try:
            outcome = conduct(ground, attack)
            faults = judged(attack, outcome, ground.learned, "")
        except CannotOpen as error:
            faults = [Fault("connects", str(error), "RFC 6455 §4.1")]
        faults += self._lives_on(ground)
        self._cases.add(attack, time.monotonic() - start, faults)

    def _lives_on(self, ground: ClientGround) -> list[Fault]:
        if ground.command.killed_by:
            detail = f"the client was ended by {ground.command.killed_by}"
            return [Fault("lives on", detail, "RFC 6455 §10.4")]
        if not self._config.reconnects:
            return []
        try:
            ground.visit()
            return []
        except CannotOpen as error:
            return [Fault("lives on", f"a new connection after it: {error}", "RFC 6455 §10.4")]
