"""What ``wskit fuzz`` does: chooses a fuzzer, prints what it finds, and ends as pytest would."""

from __future__ import annotations

import traceback
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Literal, TypeVar

import click

from .exits import NobodyReads
from .fuzz import Misuse
from .streams import standard_error, standard_output

if TYPE_CHECKING:
    from ..fuzzing.clients import ClientProbeConfig
    from ..fuzzing.findings import Finding, Report
    from ..fuzzing.probing import ProbeConfig
    from .fuzz import FuzzOptions

__all__ = ["fuzz"]

T = TypeVar("T")
_CORPUS = Path("tests/corpus")
_OWN_CORPUS = "wskit-corpus"  # where there is none of wskit's own
_FINDINGS = "wskit-findings"  # of black boxes
_MINUTES = 1.0
_INTERNAL = 3
_MODES = ("URL", "--self", "--client", "--diff", "--amplification")
# The options that mean something to some modes only.
_MEANING: dict[str, tuple[str, ...]] = {
    "--target": ("--self",),
    "--list": ("--self",),
    "--grow": ("--self",),
    "--guide": ("--self",),
    "--corpus": ("URL", "--self", "--client", "--diff"),
    "--executions": ("--self", "--diff"),
    "--replay": ("URL", "--self", "--client", "--diff"),
    "--minutes": ("URL", "--self", "--client", "--diff"),
    "--seed": ("URL", "--self", "--client", "--diff"),
    "--only": ("URL", "--client"),
    "--rate": ("URL", "--client"),
    "--max-connections": ("URL", "--client"),
    "--patience": ("URL", "--client"),
    "--reconnects": ("--client",),
    "--header": ("URL",),
    "--insecure": ("URL",),
    "--cacert": ("URL",),
    "--max-growth": ("URL",),
    "--max-cpu": ("URL",),
    "--json": ("URL", "--self", "--client", "--diff"),
    "--junit": ("URL", "--self", "--client", "--diff"),
    "--pid": ("URL",),
    "--i-own-this-host": ("URL",),
}


def fuzz(options: FuzzOptions) -> int:
    """Do what the command line says; return the exit code."""
    mode = _mode(options)
    try:
        return _done_with(mode, options)
    except (click.ClickException, NobodyReads):
        raise
    except Exception:  # Python's own exit code for it would mean findings here
        traceback.print_exc()
        return _INTERNAL


def _done_with(mode: str, options: FuzzOptions) -> int:
    if mode == "--amplification":
        return _amplification()
    if mode == "--self" and options["list_"]:
        return _list()
    if options["replay"] is not None:
        report = _replay(mode, options, options["replay"])
    else:
        report = _run(mode, options)
    _write(report, options)
    return report.exit_code


def _mode(options: FuzzOptions) -> str:
    given = {
        "URL": options["url"] != "",
        "--self": options["self_"],
        "--client": options["client"] is not None,
        "--diff": options["diff"] is not None,
        "--amplification": options["amplification"],
    }
    chosen = [mode for mode in _MODES if given[mode]]
    if not chosen:
        raise Misuse("what to fuzz? --self, a URL, --client, --diff or --amplification")
    if len(chosen) > 1:
        raise Misuse(f"{chosen[1]}: does not go with {chosen[0]}")
    _check_meaning(chosen[0], options)
    return chosen[0]


def _check_meaning(mode: str, options: FuzzOptions) -> None:
    names = {"--list": "list_"}
    values: dict[str, object] = dict(options)
    for option, modes in _MEANING.items():
        value = values[names.get(option, option[2:].replace("-", "_"))]
        if value not in (None, False, ()) and mode not in modes:
            raise Misuse(f"{option}: means nothing to {mode}")


def _run(mode: str, options: FuzzOptions) -> Report:
    match mode:
        case "--self":
            return _run_self(options)
        case "--diff":
            return _run_diff(options)
        case "--client":
            return _probe_client(options)
        case _:
            return _probe(options)


# -- wskit itself ------------------------------------------------------------------------------


def _run_self(options: FuzzOptions) -> Report:
    from ..fuzzing.running import SelfConfig, fuzz
    from ..fuzzing.targets import NAMES

    for name in options["target"]:
        if name not in NAMES:
            raise Misuse(f"--target: {name!r} is none of {', '.join(NAMES)}")
    config = SelfConfig(
        targets=options["target"] or NAMES,
        seconds=_seconds(options),
        executions=options["executions"],
        seed=options["seed"] or 0,
        corpus=_corpus(options),
        grow=options["grow"],
        guide=_guide(options),
    )
    return fuzz(config, found=_found, done=_done)


def _guide(options: FuzzOptions) -> Literal["atheris", "lines"]:
    from ..fuzzing.libfuzzer import MISSING, installed

    if options["guide"] == "lines":
        return "lines"
    if installed():
        return "atheris"
    if options["guide"] == "atheris":
        raise Misuse("--guide: needs atheris: pip install atheris")
    standard_error().line(MISSING)
    return "lines"


def _list() -> int:
    from ..fuzzing.running import left_out, listing

    for target, check, source in listing():
        told = target or f"left out: {left_out(check)}"
        standard_output().line(f"{told:<12} {check} ({source})")
    return 0


def _done(name: str, report: Report) -> None:
    from ..fuzzing.running import summary

    standard_error().line(summary(name, report))
    if report.problem:
        standard_error().line(f"{name}: {report.problem}")


def _found(finding: Finding, path: Path | None) -> None:
    from ..trace import printable

    standard_output().line(f"{finding.target}: {finding.check} ({finding.source})")
    standard_output().line(f"  {printable(finding.detail)}")
    standard_output().line(f"  {len(finding.data)} bytes: {finding.data[:64].hex(' ')}")
    if path is not None:
        standard_output().line(f"  replay: {finding.command(str(path))}")
    standard_output().line("\n" + finding.snippet())


def _corpus(options: FuzzOptions) -> Path | None:
    """The folder of inputs; findings always have a place, and it is made when there are some."""
    if options["corpus"] is None:
        return _CORPUS if _CORPUS.is_dir() else Path(_OWN_CORPUS)
    corpus = Path(options["corpus"])
    if corpus.exists() and not corpus.is_dir():
        raise Misuse(f"--corpus {corpus}: is no directory")
    return corpus


def _seconds(options: FuzzOptions) -> float:
    return 60 * (options["minutes"] or _MINUTES)


# -- the same bytes to others ------------------------------------------------------------------


def _run_diff(options: FuzzOptions) -> Report:
    from ..fuzzing.differential import LIBRARIES, DiffConfig, differ, missing

    names = tuple(name.strip() for name in (options["diff"] or "").split(","))
    for name in names:
        if name not in LIBRARIES:
            raise Misuse(f"--diff: {name!r} is none of {', '.join(LIBRARIES)}")
    if absent := missing(names):
        raise Misuse(f"--diff: needs {absent}: pip install {absent}")
    config = DiffConfig(
        libraries=names,
        seconds=_seconds(options),
        executions=options["executions"],
        seed=options["seed"] or 0,
        corpus=_corpus(options),
    )
    report = differ(config, found=_found)
    for note in report.notes:
        standard_error().line(note)
    return report


def _replay(mode: str, options: FuzzOptions, file: str) -> Report:
    from ..fuzzing.conducting import CannotProbe
    from ..fuzzing.findings import Report
    from ..fuzzing.replaying import replayed

    try:
        data = Path(file).read_bytes()
    except OSError as error:
        raise Misuse(f"--replay {file}: {error.strerror}") from None
    try:
        findings = replayed(data, *_arguments(mode, options))
    except (ValueError, CannotProbe) as error:
        raise Misuse(str(error)) from None
    for finding in findings:
        _found(finding, Path(file))
    if not findings:
        standard_output().line(f"{file}: nothing found")
    return Report(findings=tuple(findings), executions=1)


def _arguments(mode: str, options: FuzzOptions) -> tuple[str, ...]:
    from ..fuzzing.arguments import ATTACK, words

    match mode:
        case "--self":
            if len(options["target"]) != 1:
                raise Misuse("--replay: needs one --target")
            return ("--self", "--target", options["target"][0])
        case "--diff":
            return ("--diff", options["diff"] or "")
        case "--client":
            return words(_client_probe_config(options), ATTACK)
        case _:
            return words(_probe_config(options), ATTACK)


# -- black boxes -------------------------------------------------------------------------------


def _probe(options: FuzzOptions) -> Report:
    from ..fuzzing.probing import probe

    return _shown(_attempted(probe, _probe_config(options)), options)


def _probe_client(options: FuzzOptions) -> Report:
    from ..fuzzing.clients import probe_client

    return _shown(_attempted(probe_client, _client_probe_config(options)), options)


def _probe_config(options: FuzzOptions) -> ProbeConfig:
    from ..fuzzing.probing import ProbeConfig

    given = {
        "pid": options["pid"],
        "cacert": options["cacert"],
        "max_growth": options["max_growth"],
        "max_cpu": options["max_cpu"],
        **_of_both(options),
    }
    return _checked(
        ProbeConfig,
        url=options["url"],
        headers=options["header"],
        insecure=options["insecure"],
        i_own_this_host=options["i_own_this_host"],
        **_given(given),
    )


def _client_probe_config(options: FuzzOptions) -> ClientProbeConfig:
    from ..fuzzing.clients import ClientProbeConfig

    return _checked(
        ClientProbeConfig,
        command=options["client"],
        reconnects=options["reconnects"],
        **_given(_of_both(options)),
    )


def _attempted(run: Callable[[T], Report], config: T) -> Report:
    from ..fuzzing.conducting import CannotProbe

    try:
        return run(config)
    except CannotProbe as error:
        raise Misuse(str(error)) from None


def _of_both(options: FuzzOptions) -> dict[str, object]:
    return {
        "seed": options["seed"],
        "minutes": options["minutes"],
        "only": options["only"],
        "rate": options["rate"],
        "max_connections": options["max_connections"],
        "patience": options["patience"],
    }


def _given(values: dict[str, object]) -> dict[str, object]:
    """What was given; for the rest the fuzzer has its own."""
    return {name: value for name, value in values.items() if value is not None}


def _checked(Config: Callable[..., T], **values: object) -> T:
    try:
        return Config(**values)
    except (TypeError, ValueError) as error:
        raise Misuse(str(error)) from None


def _shown(report: Report, options: FuzzOptions) -> Report:
    """Print the table; the findings are stored first, so that it can say what replays them."""
    from ..fuzzing.reports import drawn
    from ..fuzzing.store import Store

    store = Store(Path(options["corpus"] or _FINDINGS))
    paths = {finding.key: str(store.keep(finding)) for finding in report.findings}
    out = standard_output()
    for line in drawn(report, width=out.width, colour=out.colour, paths=paths):
        out.line(line)
    return report


def _amplification() -> int:
    from ..fuzzing.amplification import drawn_figures, measure

    out = standard_output()
    for line in drawn_figures(measure(), width=out.width, colour=out.colour):
        out.line(line)
    return 0


def _write(report: Report, options: FuzzOptions) -> None:
    json, junit = options["json"], options["junit"]
    if json is None and junit is None:
        return
    from ..fuzzing.reports import json_text, junit_text

    for option, file, text in (("--json", json, json_text), ("--junit", junit, junit_text)):
        if file is not None:
            try:
                Path(file).write_text(text(report), encoding="utf-8")
            except OSError as error:
                raise Misuse(f"{option} {file}: {error.strerror}") from None
