"""The plugin's options: which of them counts, and what is said about wrong ones."""

from __future__ import annotations

from pathlib import Path

import pytest

from wskit.testing.plugin_options import Marks, marks, settings, unmarked


def configured(pytester: pytest.Pytester, *args: str, ini: str = "") -> pytest.Config:
    pytester.makeini(f"[pytest]\n{ini}")
    return pytester.parseconfig(*args)


class TestSettings:
    def test_without_options(self, pytester: pytest.Pytester) -> None:
        found = settings(configured(pytester))
        assert (found.timeout, found.wire, found.har) == (1.0, "fail", None)
        assert (found.fail_on_error, found.fail_on_leak) == (True, "wskit")

    def test_command_line_counts_more_than_ini_file(self, pytester: pytest.Pytester) -> None:
        ini = "wskit_timeout = 2.5\nwskit_fail_on_error = false\nwskit_fail_on_leak = all"
        found = settings(configured(pytester, ini=ini))
        assert (found.timeout, found.fail_on_error, found.fail_on_leak) == (2.5, False, "all")
        assert settings(configured(pytester, "--wskit-timeout=3", ini=ini)).timeout == 3.0

    def test_har_directory_is_relative_to_where_pytest_was_called(
        self, pytester: pytest.Pytester
    ) -> None:
        found = settings(configured(pytester, "--wskit-har=out"))
        assert found.har == Path(pytester.path, "out")

    @pytest.mark.parametrize(
        ("args", "ini", "error"),
        [
            (["--wskit-timeout=soon"], "", "--wskit-timeout: must be a number of seconds, not"),
            (["--wskit-timeout=-1"], "", "--wskit-timeout: must be at least 0 seconds, not -1"),
            (["--wskit-timeout=nan"], "", "--wskit-timeout: must be at least 0 seconds, not nan"),
            (["--wskit-wire=some"], "", "--wskit-wire: must be one of fail, all, off, not 'some'"),
            (["--wskit-har=tox.ini"], "", "--wskit-har: must be a directory, not the file"),
            ([], "wskit_timeout = soon", "wskit_timeout: "),
            ([], "wskit_fail_on_leak = yes", "wskit_fail_on_leak: must be one of wskit, all, off"),
            ([], "wskit_fail_on_error = maybe", "wskit_fail_on_error: .*maybe"),
        ],
    )
    def test_wrong_one_is_named(
        self, pytester: pytest.Pytester, args: list[str], ini: str, error: str
    ) -> None:
        with pytest.raises(pytest.UsageError, match=error):
            settings(configured(pytester, *args, ini=ini))


class TestMarks:
    def found(self, pytester: pytest.Pytester, marker: str) -> Marks:
        module = pytester.getmodulecol(
            f"import pytest\n"
            f"@pytest.mark.wskit(timeout=7, allow_leaks=True)\n"
            f"class TestIt:\n"
            f"    @pytest.mark.wskit({marker})\n"
            f"    def test_it(self): pass\n"
        )
        [item] = pytester.genitems([module])
        return marks(item, unmarked(settings(item.config)))

    @pytest.mark.parametrize(
        ("marker", "expected"),
        [
            ("", Marks(7, False, True)),
            ("timeout=5", Marks(5, False, True)),
            ("allow_errors=True, allow_leaks=False", Marks(7, True, False)),
        ],
    )
    def test_each_argument_of_the_nearest_marker_counts(
        self, pytester: pytest.Pytester, marker: str, expected: Marks
    ) -> None:
        assert self.found(pytester, marker) == expected

    @pytest.mark.parametrize(
        ("marker", "error"),
        [
            ("5", "takes arguments by name only, not 5"),
            ("timeout=0.1, nope=1", "nope: no such argument; there are timeout, allow_errors"),
            ("timeout='1'", "timeout: must be a number of seconds, not str"),
            ("timeout=-1", "timeout: must be at least 0 seconds, not -1"),
            ("allow_errors=1", "allow_errors: must be True or False, not 1"),
        ],
    )
    def test_wrong_arguments_are_named(
        self, pytester: pytest.Pytester, marker: str, error: str
    ) -> None:
        with pytest.raises((TypeError, ValueError), match=error):
            self.found(pytester, marker)


def test_limit_of_each_test_is_set_and_taken_back(pytester: pytest.Pytester) -> None:
    pytester.makeini("[pytest]\nwskit_timeout = 0.5")
    pytester.makepyfile(
        """
        import pytest
        from wskit.testing.timeouts import Patience, defaults

        @pytest.fixture
        def limit():
            yield defaults.timeout
            print("teardown with", defaults.timeout)

        def test_unmarked(limit):
            assert limit == defaults.timeout == 0.25

        @pytest.mark.wskit(timeout=0.125)
        def test_marked(limit):
            assert limit == defaults.timeout == 0.125
            assert str(Patience(None)) == "0.125 s"
            assert str(Patience(2)) == "2 s"

        @pytest.mark.wskit(timeout=0.125, wait=3)
        def test_wrong_marker(limit): pass

        def test_afterwards(limit):
            assert limit == 0.25
        """
    )
    own = ("-rA", "-W", "error", "--strict-markers", "--strict-config")
    ran = pytester.runpytest_subprocess("--wskit-timeout=0.25", *own)
    ran.assert_outcomes(passed=3, errors=1)
    ran.stdout.fnmatch_lines_random(
        [
            "teardown with 0.125",
            "@pytest.mark.wskit: wait: no such argument; there are timeout, allow_errors, *",
        ]
    )
    ran.stdout.no_fnmatch_line("*During handling*")


def test_wrong_option_is_a_usage_error_in_one_line(pytester: pytest.Pytester) -> None:
    ran = pytester.runpytest_subprocess("--wskit-timeout=soon")
    assert ran.ret == pytest.ExitCode.USAGE_ERROR
    assert [line for line in ran.errlines if line] == [
        "ERROR: --wskit-timeout: must be a number of seconds, not 'soon'"
    ]
    assert not ran.outlines
