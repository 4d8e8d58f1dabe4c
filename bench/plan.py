"""What is measured: what was chosen, less what this machine or a peer cannot do, each told once."""

from __future__ import annotations

import argparse
import subprocess

from environment import COMPILED, MissingTool, certificates, has_library, peers_python
from floor import FLOOR
from goals import GOALS
from limits import needed
from peers import PEERS, Peer, RunningServer, ServerFailed
from rich.console import Console
from works import QUICK, WORKS, Kind, Work

__all__ = ["Plan", "make_plan", "narration", "without_absent", "without_impossible"]

Plan = dict[str, list[str]]
"""For each work the peers that do it."""

SPARE_FILES = 200  # beside one a connection
IMPORTS = {  # of client scripts
    "wskit_client.py": "wskit",
    "websockets_sync.py": "websockets",
    "websocket_client.py": "websocket",
    "picows_uvloop.py": "picows, uvloop",
}

narration = Console(stderr=True, highlight=False, soft_wrap=True)


def make_plan(chosen: argparse.Namespace) -> Plan:
    """Return what is to be measured, before it is known what is here."""
    works = chosen.only or [name for name in WORKS if name in QUICK or not chosen.quick]
    plan = {name: list(PEERS) for name in works}
    if chosen.check or chosen.goals:
        plan = needed(FLOOR if chosen.check else GOALS)
    return {
        name: [peer for peer in peers if is_chosen(PEERS[peer], WORKS[name], chosen)]
        for name, peers in plan.items()
        if chosen.only is None or name in chosen.only
    }


def is_chosen(peer: Peer, work: Work, chosen: argparse.Namespace) -> bool:
    """Say whether ``peer`` can do ``work``, and was not left out on the command line."""
    if chosen.peers:
        named = peer.name in chosen.peers
    else:
        named = peer.quick or not chosen.quick or bool(chosen.check or chosen.goals)
    built = chosen.build is None or peer.build in (None, chosen.build)
    return named and built and peer.can(work)


def without_impossible(plan: Plan, files: int) -> Plan:
    """Leave out, with a word, the works for which this machine lacks something."""
    reasons = {name: reason for name in plan if (reason := impossible(WORKS[name], files))}
    for name, reason in reasons.items():
        narration.print(f"{name} is not measured: {reason}", markup=False)
    return {name: peers for name, peers in plan.items() if name not in reasons and peers}


def impossible(work: Work, files: int) -> str:
    """Say why ``work`` cannot be done here; nothing if it can."""
    if work.asks == "tls" and not has_library("tls"):
        return "OpenSSL's headers are missing (Debian: libssl-dev)"
    if work.asks == "tls":
        return without_certificate()
    if work.asks == "deflate" and not has_library("deflate"):
        return "zlib's headers are missing (Debian: zlib1g-dev)"
    if work.kind is Kind.CLIENT and not has_library("tls"):
        return "the native echo needs OpenSSL's headers for SHA-1 (Debian: libssl-dev)"
    if work.connections + SPARE_FILES > files:
        return f"a process here may open {files} files only (ulimit -Hn)"
    return ""


def without_certificate() -> str:
    """Say why there is no certificate; nothing if there is one."""
    try:
        certificates()
    except MissingTool as error:
        return str(error)
    return ""


def without_absent(plan: Plan) -> Plan:
    """Start each peer once; leave out, with a word, those that do not start."""
    absent = set()
    for name in dict.fromkeys(peer for peers in plan.values() for peer in peers):
        if reason := absence(PEERS[name]):
            absent.add(name)
            narration.print(f"{name} is not measured: {reason}", markup=False)
    return {work: [name for name in peers if name not in absent] for work, peers in plan.items()}


def absence(peer: Peer) -> str:
    """Say why ``peer`` cannot be measured; nothing if it can."""
    if peer.build == "compiled" and not list(COMPILED.glob("wskit/**/*.so")):
        return "there is no compiled build (make ext)"
    try:
        if not peer.client:
            with RunningServer(peer):
                return ""
        command = [str(peers_python()), "-c", f"import {IMPORTS[peer.script]}"]
        done = subprocess.run(command, env=peer.environment(), capture_output=True, text=True)
        return done.stderr.strip().rpartition("\n")[2]
    except (OSError, ServerFailed) as error:
        return f"it does not start: {error}"
