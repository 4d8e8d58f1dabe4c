"""What a fuzzer reports: a table for people, JSON for programs, JUnit XML for CI."""

from __future__ import annotations

import io
import json
from xml.etree import ElementTree

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from ..trace import printable
from .cases import Case, ProbeReport
from .findings import Finding, Report

__all__ = ["drawn", "json_text", "junit_text"]

_REPLAY = "FINDING"  # the file of a finding, where nobody has said which that is


def drawn(
    report: Report, *, width: int, colour: bool, paths: dict[str, str] | None = None
) -> list[str]:
    """Return the lines of ``report``, at most ``width`` columns wide but for commands.

    Each finding is followed by what replays it; ``paths`` are the files of findings by their keys.
    """
    console = Console(
        file=io.StringIO(),
        width=width,
        force_terminal=colour,
        no_color=not colour,
        color_system="standard" if colour else None,
        legacy_windows=False,
    )
    with console.capture() as capture:
        if isinstance(report, ProbeReport) and report.cases:
            console.print(_sections(report.cases))
        for number, finding in enumerate(report.findings, 1):
            source = f" ({finding.source})" if finding.source else ""
            console.print(_plain(f"{number}. {finding.check}: {finding.detail}{source}"))
            command = finding.command((paths or {}).get(finding.key, _REPLAY))
            console.print(_plain(f"  replay: {command}"), soft_wrap=True)  # to be copied whole
        for note in report.notes:
            console.print(_plain(f"note: {note}"))
        console.print(_plain(_summary(report)))
    return [line.rstrip() for line in capture.get().splitlines()]


def json_text(report: Report) -> str:
    """Return ``report`` as one JSON object; what was sent is in hexadecimal."""
    fields: dict[str, object] = {
        "exit_code": int(report.exit_code),
        "executions": report.executions,
        "seconds": report.seconds,
        "coverage": report.coverage,
        "interrupted": report.interrupted,
        "problem": report.problem,
        "notes": report.notes,
        "findings": [_finding_fields(finding) for finding in report.findings],
    }
    if isinstance(report, ProbeReport):
        fields["target"] = report.target
        fields["cases"] = [_case_fields(case) for case in report.cases]
    return json.dumps(fields, indent=2) + "\n"


def junit_text(report: Report) -> str:
    """Return ``report`` as JUnit XML: a test case for each attack, or for each finding."""
    cases = report.cases if isinstance(report, ProbeReport) else ()
    elements = [_case_element(case) for case in cases] or _finding_elements(report)
    suite = ElementTree.Element("testsuite", name="wskit fuzz", time=f"{report.seconds:.3f}")
    suite.extend(elements)
    suite.set("tests", str(len(elements)))
    suite.set("failures", str(len(suite.findall("testcase/failure"))))
    suite.set("skipped", str(len(suite.findall("testcase/skipped"))))
    suite.set("errors", "1" if report.problem else "0")
    if report.problem:
        ElementTree.SubElement(suite, "system-err").text = _xml(report.problem)
    root = ElementTree.Element("testsuites")
    root.append(suite)
    ElementTree.indent(root)
    return ElementTree.tostring(root, encoding="unicode", xml_declaration=True) + "\n"


def _sections(cases: tuple[Case, ...]) -> Table:
    table = Table(box=box.SIMPLE_HEAD)
    table.add_column("section", overflow="fold")
    for title in ("attacks", "findings", "notes", "skipped"):
        table.add_column(title, justify="right")
    names = dict.fromkeys(case.classname for case in cases)
    for name in sorted(names, key=_section_order):
        mine = [case for case in cases if case.classname == name]
        found = sum(len(case.findings) for case in mine)
        table.add_row(
            name,
            str(len(mine)),
            Text(str(found), "red" if found else "green"),
            str(sum(len(case.notes) for case in mine)),
            str(sum(bool(case.skipped) for case in mine)),
        )
    return table


def _section_order(classname: str) -> tuple[str, list[int]]:
    rfc, _, number = classname.partition(".")
    return rfc, [int(part) for part in number.split("_") if part.isdigit()]


def _plain(text: str) -> Text:
    return Text(printable(text))  # no markup, no escapes: a peer may have written it


def _summary(report: Report) -> str:
    words = f"{len(report.findings)} findings in {report.executions} executions"
    words += f", {report.seconds:.1f} s"
    if report.coverage is not None:
        words += f", {report.coverage[0]} of {report.coverage[1]} lines reached"
    if report.interrupted:
        words += "; interrupted"
    return words + (f"; {report.problem}" if report.problem else "")


def _finding_fields(finding: Finding) -> dict[str, object]:
    return {
        "key": finding.key,
        "check": finding.check,
        "target": finding.target,
        "detail": finding.detail,
        "source": finding.source,
        "data": finding.data.hex(),
        "command": finding.command(_REPLAY),
        "snippet": finding.snippet(),
    }


def _case_fields(case: Case) -> dict[str, object]:
    return {
        "name": case.name,
        "classname": case.classname,
        "seconds": case.seconds,
        "findings": [finding.key for finding in case.findings],
        "notes": case.notes,
        "skipped": case.skipped,
    }


def _case_element(case: Case) -> ElementTree.Element:
    element = ElementTree.Element(
        "testcase", classname=case.classname, name=_xml(case.name), time=f"{case.seconds:.3f}"
    )
    for finding in case.findings:
        element.append(_failure(finding))
    if case.skipped:
        ElementTree.SubElement(element, "skipped", message=_xml(case.skipped))
    if case.notes:
        ElementTree.SubElement(element, "system-out").text = _xml("\n".join(case.notes))
    return element


def _finding_elements(report: Report) -> list[ElementTree.Element]:
    elements = []
    for finding in report.findings:
        element = ElementTree.Element(
            "testcase", classname=f"wskit.fuzz.{finding.target}", name=_xml(finding.check)
        )
        element.append(_failure(finding))
        elements.append(element)
    if not elements and report.executions:
        elements.append(ElementTree.Element("testcase", classname="wskit.fuzz", name="nothing"))
    return elements


def _failure(finding: Finding) -> ElementTree.Element:
    failure = ElementTree.Element("failure", type=_xml(finding.check), message=_xml(finding.detail))
    failure.text = _xml(f"{finding.source}\n{finding.command(_REPLAY)}\n\n{finding.snippet()}")
    return failure


def _xml(text: str) -> str:
    """Return ``text`` as XML may have it: no control characters but the line end."""
    return printable(text, keep="\n")
