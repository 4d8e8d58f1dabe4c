"""The plugin as pytest meets it: what it costs, that it can be left out, what it registers."""

from __future__ import annotations

import subprocess
import sys
from itertools import pairwise

import pytest

from tests.deadlines import scaled
from tests.pytest_runs import uncounted

# What no test that has nothing to do with WebSockets should pay for.
NEVER = ("asyncio", "hypothesis", "ssl", "textual", "wskit.client", "wskit.conn", "wskit.server")


def printed(code: str) -> str:
    """Run ``code`` in a fresh interpreter and give what it prints."""
    command = [sys.executable, "-W", "error", "-c", code]
    ran = subprocess.run(command, env=uncounted(), capture_output=True, text=True, check=True)
    return ran.stdout


def test_importing_it_loads_nothing_heavy() -> None:
    loaded = printed(
        "import sys, pytest; before = set(sys.modules); import wskit.pytest_plugin\n"
        "print(*set(sys.modules) - before)"
    ).split()
    assert "wskit.testing.plugin_chaperon" in loaded
    assert not [name for name in loaded if name.startswith(NEVER)]


def test_importing_it_takes_at_most_15_ms_of_cpu() -> None:
    """One of several rounds is enough: others may have had to share the processor."""
    code = (
        "import time, pytest; start = time.process_time(); import wskit.pytest_plugin\n"
        "print(time.process_time() - start)"
    )
    assert any(float(printed(code)) <= scaled(0.015) for _ in range(10))


def test_run_without_websockets_loads_nothing_heavy(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        f"""
        import sys

        def test_it():
            assert "wskit.pytest_plugin" in sys.modules
            assert not [m for m in sys.modules if m.startswith({NEVER[4:]!r})]
        """
    )
    own = ("--import-mode=importlib", "--strict-markers", "--strict-config", "-W", "error")
    pytester.runpytest_subprocess(*own).assert_outcomes(passed=1)


def test_it_can_be_left_out(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        """
        import wskit.testing.timeouts

        def test_it(pytestconfig):
            assert not pytestconfig.pluginmanager.has_plugin("wskit")
            assert not pytestconfig.pluginmanager.has_plugin("wskit-chaperon")
        """
    )
    own = ("-p", "no:wskit", "-W", "error")
    pytester.runpytest_subprocess(*own).assert_outcomes(passed=1)


def test_fixtures_options_and_the_marker_are_explained(pytester: pytest.Pytester) -> None:
    fixtures = pytester.runpytest("--fixtures").stdout.lines
    own = [line for line in fixtures if line.startswith(("ws_", "wtt"))]
    assert {"wtt", "ws_pair", "ws_server", "ws_client"} <= {line.split()[0] for line in own}
    assert not [line for line, text in pairwise(fixtures) if line in own and "no doc" in text]
    pytester.runpytest("--markers").stdout.fnmatch_lines(
        ["@pytest.mark.wskit(timeout=None, allow_errors=False, allow_leaks=False): how long *"]
    )
    pytester.runpytest("--help").stdout.fnmatch_lines_random(
        [
            "*--wskit-timeout=SECONDS*",
            "*--wskit-wire=fail|all|off*",
            "*--wskit-har=DIR*",
            "*wskit_timeout (*",
            "*wskit_fail_on_error (bool)*",
            "*wskit_fail_on_leak (*",
        ]
    )


class TestComparisons:
    def test_other_types_are_left_to_pytest(self, pytestconfig: pytest.Config) -> None:
        from wskit.protocol.opcodes import Message, MessageType

        compare = pytestconfig.hook.pytest_assertrepr_compare
        message = Message(MessageType.TEXT, "a")
        for op, left, right in [("==", 1, 2), ("==", message, 2), ("!=", message, message)]:
            answers = compare(config=pytestconfig, op=op, left=left, right=right)
            assert not [answer for answer in answers if answer and answer[0].startswith("text ")]

    def test_messages_are_compared_in_words(self, pytestconfig: pytest.Config) -> None:
        from wskit.protocol.opcodes import Message, MessageType

        left, right = (Message(MessageType.TEXT, data) for data in "ab")
        first = pytestconfig.hook.pytest_assertrepr_compare(
            config=pytestconfig, op="==", left=left, right=right
        )[0]
        assert first[0] == "text 'a' == text 'b'"
