"""What threads say when nobody hears them: errors in wskit's log, exceptions that end a thread."""

from __future__ import annotations

import logging
import threading

from ..checks import ERRORS, Violation

__all__ = ["Complaints"]


class Complaints(logging.Handler):
    """Collects them from its making until ``end``; nothing is printed meanwhile."""

    def __init__(self) -> None:
        """Listen from here."""
        super().__init__(logging.ERROR)
        self._said: list[str] = []
        self._logger = logging.getLogger("wskit")
        self._propagated = self._logger.propagate
        self._logger.addHandler(self)
        self._logger.propagate = False
        self._hook = threading.excepthook
        threading.excepthook = self._died

    def emit(self, record: logging.LogRecord) -> None:
        """Take one from the log."""
        self._said.append(f"{record.name}: {record.getMessage()}")

    def raise_any(self) -> None:
        """Raise Violation of ERRORS if there was any since the last call."""
        said, self._said = self._said, []
        if said:
            raise Violation(ERRORS, said[0], said[0][:60])

    def end(self) -> None:
        """Listen no more."""
        threading.excepthook = self._hook
        self._logger.removeHandler(self)
        self._logger.propagate = self._propagated

    def _died(self, args: threading.ExceptHookArgs) -> None:
        self._said.append(f"a thread died of {args.exc_type.__name__}: {args.exc_value}")
