"""wskit says nothing unless it is asked to."""

from __future__ import annotations

import logging
import subprocess
import sys

import pytest

from wskit.logs import logger

WARN = "from wskit.logs import logger; logger('server').error('something')"


def test_logger_is_below_wskit() -> None:
    assert logger("server") is logging.getLogger("wskit.server")


def test_errors_are_not_printed_unless_logging_is_configured() -> None:
    done = subprocess.run([sys.executable, "-c", WARN], capture_output=True, text=True, check=True)
    assert (done.stdout, done.stderr) == ("", "")


def test_configured_logging_gets_them(caplog: pytest.LogCaptureFixture) -> None:
    logger("server").error("something")
    assert [record.name for record in caplog.records] == ["wskit.server"]
