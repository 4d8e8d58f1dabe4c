"""The options of ``wskit fuzz``."""

from __future__ import annotations

from typing import Literal, TypedDict, Unpack

import click

from .parameters import HELP, SECONDS, header, size

__all__ = ["FuzzOptions", "Misuse", "command"]


class FuzzOptions(TypedDict):
    """What the command line says, under the names of the options; ``url`` "" for none."""

    url: str
    self_: bool
    client: str | None
    diff: str | None
    amplification: bool
    target: tuple[str, ...]
    minutes: float | None
    executions: int | None
    seed: int | None
    corpus: str | None
    replay: str | None
    grow: bool
    guide: Literal["atheris", "lines"] | None
    list_: bool
    only: str | None
    rate: float | None
    max_connections: int | None
    patience: float | None
    reconnects: bool
    header: tuple[tuple[str, str], ...]
    insecure: bool
    cacert: str | None
    pid: int | None
    max_growth: int | None
    max_cpu: float | None
    i_own_this_host: bool
    json: str | None
    junit: str | None


class Misuse(click.UsageError):
    """Wrong usage: the exit code is pytest's."""

    exit_code = 4


class _Command(click.Command):
    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        try:
            return super().parse_args(ctx, args)
        except click.UsageError as error:
            raise Misuse(error.format_message(), error.ctx) from None


@click.command(
    "fuzz", context_settings=HELP, cls=_Command, short_help="Break wskit, a server, or a client."
)
@click.argument("url", metavar="[URL]", default="")
@click.option("--self", "self_", is_flag=True, help="Fuzz wskit itself.")
@click.option("--client", metavar="COMMAND", help="Fuzz a client: the command is given a URL.")
@click.option(
    "--diff", metavar="LIBRARIES", help="The same bytes to wskit and to websockets,wsproto."
)
@click.option("--amplification", is_flag=True, help="Measure the memory that a wire byte pins.")
@click.option("--list", "list_", is_flag=True, help="With --self: say targets and checks.")
@click.option("--target", multiple=True, metavar="NAME", help="With --self: only this; repeatable.")
@click.option(
    "--minutes",
    type=SECONDS,
    metavar="N",
    help="How long, all in all; a URL or client: each attack once, or so long.",
)
@click.option(
    "--executions", type=click.IntRange(min=1), metavar="N", help="At most so many a target."
)
@click.option("--seed", type=int, metavar="N", help="The same seed does the same; else 0.")
@click.option("--corpus", metavar="DIR", help="Inputs to begin with, and where findings go.")
@click.option("--grow", is_flag=True, help="Store inputs that reach new lines there, too.")
@click.option(
    "--guide",
    type=click.Choice(["atheris", "lines"]),
    help="With --self: what says that an input is new; else atheris where it is installed.",
)
@click.option("--replay", metavar="FILE", help="Run this one input only.")
@click.option("--only", metavar="WORDS", help="Of a URL or client: attacks whose names have them.")
@click.option("--rate", type=SECONDS, metavar="N", help="At most so many connections a second.")
@click.option(
    "--max-connections", type=click.IntRange(min=1), metavar="N", help="At most so many in all."
)
@click.option(
    "--patience", type=SECONDS, metavar="SECONDS", help="How long an answer may take; else 5."
)
@click.option("--reconnects", is_flag=True, help="With --client: it is run once, and reconnects.")
@click.option(
    "-H",
    "--header",
    type=header,
    multiple=True,
    metavar="'NAME: VALUE'",
    help="In every right opening handshake; repeatable.",
)
@click.option("-k", "--insecure", is_flag=True, help="wss with any certificate.")
@click.option("--cacert", metavar="PEM", help="Trust the certificates in this file only.")
@click.option(
    "--pid", type=click.IntRange(min=1), metavar="PID", help="The server's: watch memory and CPU."
)
@click.option(
    "--max-growth", type=size, metavar="SIZE", help="Of its memory, with --pid; else 64M."
)
@click.option(
    "--max-cpu", type=SECONDS, metavar="SECONDS", help="Of an attack, with --pid; else 5."
)
@click.option("--i-own-this-host", is_flag=True, help="Allow a URL that is not this machine.")
@click.option("--json", metavar="FILE", help="Write the report as JSON.")
@click.option("--junit", metavar="FILE", help="Write the report as JUnit XML.")
@click.pass_context
def command(context: click.Context, **options: Unpack[FuzzOptions]) -> int:
    """Feed legal and illegal bytes to wskit itself, to the server at URL, or to a client.

    Every finding is printed with a command that replays it and a test for pytest. Exit codes are
    those of pytest: 0 nothing found, 1 findings, 2 interrupted, 3 the fuzzer failed, 4 wrong usage,
    5 nothing ran.
    """
    from .fuzzing import fuzz

    return fuzz(options)
