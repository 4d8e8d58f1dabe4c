"""How long the operations of the protocol core take, with pytest-benchmark: `make bench-micro`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from micro.core import OPERATIONS

if TYPE_CHECKING:
    from pytest_benchmark.fixture import BenchmarkFixture


@pytest.mark.parametrize("name", OPERATIONS)
def test_operation(benchmark: BenchmarkFixture, name: str) -> None:
    """Time one operation."""
    benchmark(OPERATIONS[name]())
