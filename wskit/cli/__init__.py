"""The command ``wskit``: data goes to stdout, everything else to stderr.

The law of this package: a command's module holds its options and little else, so that ``--help`` is
quick; what does the work is imported when there is work.
"""

from __future__ import annotations

from importlib import import_module

import click

from .exits import run
from .parameters import HELP

__all__ = ["main"]

_COMMANDS = ("serve", "connect", "inspect", "fuzz")


class _Commands(click.Group):
    def __call__(self, *args: object, **kwargs: object) -> int:
        """Run what the command line says and return the exit code."""
        return run(self)

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in _COMMANDS:
            return None
        command: click.Command = import_module(f".{cmd_name}", __name__).command
        return command


def _print_version(ctx: click.Context, option: click.Parameter, wanted: bool) -> None:
    if not wanted:
        return
    import platform

    from .. import __version__
    from ..protocol.deflate import BACKEND
    from ..testing.builds import build

    python = f"{platform.python_implementation()} {platform.python_version()}"
    click.echo(f"wskit {__version__} ({build()}, deflate by {BACKEND}, {python})")
    ctx.exit()


@click.group(
    cls=_Commands,
    name="wskit",
    invoke_without_command=True,
    context_settings=HELP,
    epilog="Exit codes: 0 done, 2 wrong usage, 3 nobody there, 4 refused, 5 closed abnormally.",
)
@click.option(
    "--version",
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=_print_version,
    help="Say the version, the build and the deflate backend, and exit.",
)
@click.pass_context
def main(ctx: click.Context) -> None:
    """Serve, use and watch WebSocket connections."""
    if ctx.invoked_subcommand is None:
        click.echo(ctx.get_help())
