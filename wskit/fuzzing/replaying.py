"""Shows a finding again: the same bytes to the same thing."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from typing import NoReturn

from .findings import Finding

__all__ = ["replayed"]


def replayed(data: bytes | None, *arguments: str) -> list[Finding]:
    """Run ``data`` once against what ``arguments`` of ``wskit fuzz`` name; return what failed.

    They are those of ``Finding.options``: ``--self --target NAME``, ``--diff NAMES``,
    ``--client COMMAND`` or a URL, with options of both. Raises ValueError for others. ``data``
    None makes every attack on a client or server.
    """
    match arguments:
        case ("--self", "--target", name) if data is not None:
            return _replay_self(data, name)
        case ("--diff", names) if data is not None:
            from .differential import compared

            return compared(data, names.split(","))
    return _probe_again(data, arguments)


def _probe_again(data: bytes | None, arguments: tuple[str, ...]) -> list[Finding]:
    given = vars(_parser().parse_args(arguments))
    if "command" in given:
        return _attack_client(data, given)
    if "://" in given.get("url", ""):
        return _attack_server(data, given)
    raise ValueError(f"arguments: {' '.join(arguments)!r} names nothing that can be replayed")


def _attack_client(data: bytes | None, given: dict[str, object]) -> list[Finding]:
    from .clients import ClientProbeConfig, probe_client, replay

    Config: Callable[..., ClientProbeConfig] = ClientProbeConfig
    config = Config(**given)
    return list(probe_client(config).findings) if data is None else replay(config, data)


def _attack_server(data: bytes | None, given: dict[str, object]) -> list[Finding]:
    from .probing import ProbeConfig, probe, replay

    Config: Callable[..., ProbeConfig] = ProbeConfig
    config = Config(**given)
    return list(probe(config).findings) if data is None else replay(config, data)


def _replay_self(data: bytes, name: str) -> list[Finding]:
    from .campaign import examined
    from .targets import NAMES, make_target

    if name not in NAMES:
        raise ValueError(f"target: {name!r} is none of {', '.join(NAMES)}")
    target = make_target(name)
    try:
        return examined(target, data)
    finally:
        target.close()


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise ValueError(f"arguments: {message}")


def _parser() -> _Parser:
    parser = _Parser(add_help=False, allow_abbrev=False, argument_default=argparse.SUPPRESS)
    parser.add_argument("url", nargs="?")
    parser.add_argument("--client", dest="command")
    parser.add_argument("--header", dest="headers", action=_Header)
    for flag in ("--reconnects", "--insecure", "--i-own-this-host"):
        parser.add_argument(flag, action="store_true")
    for option in ("--only", "--cacert"):
        parser.add_argument(option)
    for option in ("--seed", "--max-connections", "--pid", "--max-growth"):
        parser.add_argument(option, type=int)
    for option in ("--minutes", "--rate", "--patience", "--max-cpu"):
        parser.add_argument(option, type=float)
    return parser


class _Header(argparse.Action):
    def __call__(
        self,
        parser: argparse.ArgumentParser,
        namespace: argparse.Namespace,
        values: object,
        option_string: str | None = None,
    ) -> None:
        name, _, value = str(values).partition(":")
        before: tuple[tuple[str, str], ...] = getattr(namespace, "headers", ())
        namespace.headers = (*before, (name.strip(), value.strip()))
