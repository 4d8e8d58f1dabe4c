"""Shows a finding again: the same bytes to the same thing."""

from __future__ import annotations

from .findings import Finding

__all__ = ["replayed"]


def replayed(data: bytes, *arguments: str) -> list[Finding]:
    """Run ``data`` once against what ``arguments`` of ``wskit fuzz`` name; return what failed.

    They are those of ``Finding.options``: ``--self --target NAME``, ``--diff NAMES``,
    ``--client COMMAND`` or a URL. Raises ValueError for others.
    """
    match arguments:
        case ("--self", "--target", name):
            return _replay_self(data, name)
        case ("--diff", names):
            from .differential import compared

            return compared(data, names.split(","))
        case ("--client", command):
            from .clients import replay as replay_client

            return replay_client(command, data)
        case (url,) if "://" in url:
            from .probing import replay

            return replay(url, data)
    raise ValueError(f"arguments: {' '.join(arguments)!r} names nothing that can be replayed")


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
