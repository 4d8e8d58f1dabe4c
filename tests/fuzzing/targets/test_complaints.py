"""What threads complain of is raised, once, and nothing is left behind."""

from __future__ import annotations

import logging
import threading

import pytest

from wskit.fuzzing.checks import ERRORS, Violation
from wskit.fuzzing.targets.complaints import Complaints


def test_logs_and_deaths_are_collected() -> None:
    hook, logger = threading.excepthook, logging.getLogger("wskit")
    handlers = list(logger.handlers)
    complaints = Complaints()
    try:
        complaints.raise_any()
        logging.getLogger("wskit.server").error("a handler raised")
        with pytest.raises(Violation, match="a handler raised") as caught:
            complaints.raise_any()
        assert caught.value.check is ERRORS
        thread = threading.Thread(target=lambda: [][0])
        thread.start()
        thread.join()
        with pytest.raises(Violation, match="a thread died of IndexError"):
            complaints.raise_any()
        complaints.raise_any()
    finally:
        complaints.end()
    assert threading.excepthook == hook
    assert logger.handlers == handlers
    assert logger.propagate
