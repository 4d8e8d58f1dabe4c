"""A real server, several threads and peers of every kind: does it keep all that it promises?

What happens when is left to the threads; what is checked holds for every order of events.
"""

from __future__ import annotations

import itertools
import os
import threading
from collections.abc import Callable

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
)

from tests.deadlines import scaled, wait_for
from tests.server.actors import Actor, Obedient, Stage, Writer
from tests.server.peer import CLOSE
from tests.server.remotes import Remote
from wskit import BufferConfig, Server, ServerConfig, ThreadPoolConfig

STEPS = 25
sizes = st.sampled_from([0, 1, 200, 3000, 20_000])
actor_numbers = st.integers(0, 2)
configs = st.fixed_dictionaries(
    {
        "worker_count": st.integers(1, 2),
        "max_write_buffer": st.sampled_from([1 << 20, 1 << 14, 1]),
        "thread_pool": st.builds(ThreadPoolConfig, count=st.integers(1, 3)),
        "buffers": st.builds(
            BufferConfig,
            small_size=st.sampled_from([2048, 256]),
            small_pool=st.sampled_from([None, 0, 1, 4]),
            large_pool=st.sampled_from([8, 1, 0]),
        ),
    }
)
LIMIT = 10.0  # seconds before scaling; nothing ever waits for it where all is well
# What ends a connection would else end most of them in the first few steps.
old = precondition(lambda self: self.life <= 0)


class Traffic(RuleBasedStateMachine):
    """Rules only begin things; ``teardown`` lets all of them end and looks at what came of it."""

    remotes: Bundle[Remote] = Bundle("remotes")
    blocking = False

    # -- what happens --------------------------------------------------------------------------

    @initialize(config=configs, polite=st.booleans(), life=st.integers(0, STEPS))
    def start(self, config: dict[str, object], polite: bool, life: int) -> None:
        """``polite``: all peers close before the server stops.

        ``life``: how many steps pass before anything ends.
        """
        self.polite, self.life, self.stopping = polite, life, False
        self.threads, self.descriptors = set(threading.enumerate()), descriptors()
        self.all: list[Remote] = []
        self.stage = Stage()
        self.server = Server(
            Obedient,
            ServerConfig(
                port=0,
                blocking=self.blocking,
                ping_interval=None,
                write_timeout=None,
                close_timeout=scaled(LIMIT),
                **config,  # type: ignore[arg-type]
            ),
        )
        self.stage.server = self.server
        self.listening = self.server.listen_in_new_thread(self.stage)
        self.actors = [Actor(f"actor{number}") for number in range(3)]

    @precondition(lambda self: not self.stopping and len(self.all) < 4)
    @rule(target=remotes, narrow=st.booleans())
    def connect(self, narrow: bool) -> Remote:
        assert self.server.port is not None
        remote = Remote(self.server.port, f"/{len(self.all)}", narrow=narrow)
        self.all.append(remote)
        self.wait(lambda: remote.opened or remote.ended, "the handshake")
        return remote

    @rule(
        remote=remotes,
        order=st.sampled_from(["echo", "echo", "dawdle", "broadcast"]),
        size=sizes,
        count=st.sampled_from([1, 2, 3, 150]),
    )
    def send(self, remote: Remote, order: str, size: int, count: int) -> None:
        for _ in range(count if order == "echo" and size < 3000 else min(count, 3)):
            if remote.talks:
                remote.text(f"{order}:{len(remote.sent)}:{'x' * size}")

    @rule(remote=remotes)
    def flood(self, remote: Remote) -> None:
        """Ask for more than the way takes, and for something else in the same packet."""
        if remote.talks:
            number = len(remote.sent)
            remote.text(f"flood:{number}:", f"echo:{number + 1}:x", f"echo:{number + 2}:y")

    @rule(remote=remotes, payload=st.binary(max_size=4))
    def ping(self, remote: Remote, payload: bytes) -> None:
        if remote.talks:
            remote.ping(payload)

    @rule(number=actor_numbers, remote=remotes, size=sizes, count=st.integers(1, 4))
    def write(self, number: int, remote: Remote, size: int, count: int) -> None:
        actor, handler = self.actors[number], self.stage.by_path[remote.path]
        for _ in range(count):
            actor.ask(lambda: actor.write(handler, size))

    @rule(number=actor_numbers, size=sizes)
    def broadcast(self, number: int, size: int) -> None:
        actor = self.actors[number]
        actor.ask(lambda: actor.broadcast(self.server, size))

    @old
    @rule(remote=remotes, order=st.sampled_from(["close", "raise", "exit"]))
    def have_it_end(self, remote: Remote, order: str) -> None:
        """By its handler, which has more to do."""
        for each in ("echo", order, "echo"):
            self.send(remote, each, 200, 1)

    @old
    @rule(number=actor_numbers, remote=remotes)
    def close(self, number: int, remote: Remote) -> None:
        handler = self.stage.by_path[remote.path]
        self.actors[number].ask(lambda: handler.conn.close(4001 + number))

    @old
    @rule(remote=remotes, how=st.sampled_from(["close", "break a rule", "half", "reset", "finish"]))
    def leave(self, remote: Remote, how: str) -> None:
        if remote.talks:
            ways = {
                "half": remote.finish_in_a_frame,
                "close": lambda: remote.close(1000),
                "break a rule": remote.break_a_rule,
                "reset": remote.reset,
                "finish": remote.finish_sending,
            }
            ways[how]()

    @rule(remote=remotes)
    def listen(self, remote: Remote) -> None:
        remote.read()

    @rule()
    def settle(self) -> None:
        """Whoever has something to do gets it done, with no more help than peers that read."""
        self.wait(lambda: all(actor.idle for actor in self.actors), "the actors")
        self.wait(lambda: all(map(self.heard, self.all)), "what was sent to be handled")

    def heard(self, remote: Remote) -> bool:
        handler = self.stage.by_path[remote.path]
        return not remote.talks or handler.conn.is_closed or handler.messages == remote.sent

    @old
    @precondition(lambda self: len(self.all) > 1 and not self.stopping)
    @rule(by=actor_numbers | st.none(), remote=remotes)
    def stop(self, by: int | None, remote: Remote) -> None:
        """``by`` None: from a handler."""
        if by is not None:
            self.actors[by].ask(self.server.stop)
        elif remote.talks:
            remote.text(f"stop:{len(remote.sent)}:")
        self.stopping = by is not None or remote.talks

    @invariant()
    def nothing_is_broken(self) -> None:
        self.life -= 1
        self.stage.check()
        assert not any(actor.errors for actor in self.actors)

    # -- what must come of it ------------------------------------------------------------------

    def wait(self, predicate: Callable[[], bool], what: str) -> None:
        """Wait, while every peer reads."""

        def holds() -> bool:
            # Much comes through narrow ways, in many small pieces: no pauses between them.
            while sum([remote.read() for remote in self.all]):
                pass
            return predicate()

        wait_for(holds, LIMIT, what)

    def teardown(self) -> None:
        if not hasattr(self, "server"):
            return
        try:
            self.end()
        finally:
            for remote in self.all:
                remote.peer.hang_up()
            self.server.stop(timeout=0)
            for actor in self.actors:
                actor.end()
        self.check()

    def end(self) -> None:
        self.settle()
        if self.polite and not self.stopping:
            for remote in self.all:
                if remote.talks:
                    remote.close(1000)
            self.gone()
        else:
            self.actors[0].ask(self.server.stop)
            self.stopping = True
            self.settle()
            self.gone()

    def gone(self) -> None:
        def over() -> bool:
            stats = self.server.stats()
            return all(remote.ended for remote in self.all) and not stats.connections

        self.wait(over, "the end of all connections")

    def check(self) -> None:
        wait_for(lambda: not self.listening.is_alive(), LIMIT, "the end of listen()")
        self.nothing_is_broken()
        for remote in self.all:
            handler = self.stage.by_path[remote.path]
            assert handler.calls.count("close") == 1, "close() is called once"
            assert handler.calls[-1] == "close", "close() is the last callback"
            self.check_received(handler, remote)
            self.check_written(remote)
            if not remote.disorderly:
                self.check_end(remote)
        self.check_broadcasts()
        self.check_books()
        wait_for(lambda: set(threading.enumerate()) <= self.threads, LIMIT, "no thread left")
        wait_for(lambda: descriptors() <= self.descriptors, LIMIT, "no descriptor left")

    def check_received(self, handler: Obedient, remote: Remote) -> None:
        """The handler got what the peer sent, in order; all of it if nobody else closed first."""
        assert handler.messages == remote.sent[: len(handler.messages)]
        assert not any(map(ends, handler.messages[:-1])), "nothing is delivered after the end"
        assert remote.pongs == remote.pings[: len(remote.pongs)]
        if not remote.disorderly and remote.close_received == 1000:
            assert handler.messages == remote.sent
            assert remote.pongs == remote.pings

    def writers(self) -> list[Writer]:
        return [*self.actors, *(handler.writer for handler in self.stage.by_path.values())]

    def check_written(self, remote: Remote) -> None:
        """Whatever a write took is there, in the order of each writer."""
        came = remote.numbers()
        for writer in self.writers():
            taken, got = writer.taken.get(remote.path, []), came.get(writer.name, [])
            assert got == taken if not remote.disorderly else got == taken[: len(got)]

    def check_end(self, remote: Remote) -> None:
        """The last frame, and only that, is a close with a code that somebody gave."""
        closes = [at for at, got in enumerate(remote.frames) if got.opcode == CLOSE]
        assert closes == [len(remote.frames) - 1]
        ordered = {message.split(":")[0] for message in remote.sent}
        possible = {1000: remote.close_sent == 1000, 1001: self.stopping}
        possible |= {1002: remote.broke_a_rule, 1011: bool(ordered & {"raise", "exit"})}
        possible |= {4000: "close" in ordered, 4001: True, 4002: True, 4003: True}
        assert remote.close_received is not None
        assert possible[remote.close_received]

    def check_broadcasts(self) -> None:
        """As many got it as it says, and each in the order of the one who sent it."""
        came = [(remote, remote.numbers()) for remote in self.all]
        for writer in self.writers():
            name = f"all-{writer.name}"
            heard = [number for _, found in came for number in found.get(name, [])]
            for remote, found in came:
                got = found.get(name, [])
                assert got == sorted(set(got)), f"{remote.path}: in order, and once"
            unsure = sum(remote.disorderly for remote in self.all)
            for number, count in writer.broadcasts.items():
                assert count - unsure <= heard.count(number) <= count

    def check_books(self) -> None:
        """The server counted what happened, and has everything back."""
        stats = self.server.stats()
        handlers = list(self.stage.by_path.values())
        taken = [numbers for writer in self.writers() for numbers in writer.taken.values()]
        broadcasts = [writer.broadcasts.values() for writer in self.writers()]
        assert stats.messages_in == sum(len(handler.messages) for handler in handlers)
        assert stats.messages_out == sum(map(len, taken)) + sum(itertools.chain(*broadcasts))
        assert stats.connections_total == len(self.all) == len(handlers)
        assert (stats.connections, stats.handshakes_pending, stats.queued) == (0, 0, 0)
        assert (stats.threads, stats.threads_busy, stats.queue_depth) == (0, 0, 0)
        for pool in (stats.small_buffers, stats.large_buffers):
            assert (pool.in_use, pool.available) == (0, pool.count)


def ends(message: str | bytes) -> bool:
    """Whether the connection ends while its handler does this."""
    return str(message).split(":")[0] in ("close", "raise", "exit")


def descriptors() -> int:
    """Count the open descriptors of this process."""
    return len(os.listdir("/dev/fd"))


class BlockingTraffic(Traffic):
    blocking = True


Traffic.TestCase.settings = BlockingTraffic.TestCase.settings = settings(
    max_examples=2 * settings().max_examples,
    stateful_step_count=STEPS,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
TestEventMode = pytest.mark.uncounted(Traffic.TestCase)
TestBlockingMode = pytest.mark.uncounted(BlockingTraffic.TestCase)
