"""The lender: what is out is counted, what comes back is spoiled."""

from __future__ import annotations

import pytest

from wskit.fuzzing.checks import BOUNDED, STATE, Violation
from wskit.fuzzing.targets.lending import CountingLender


def test_loans_come_back() -> None:
    lender = CountingLender()
    buffer = lender.lend(10)
    assert (lender.held, lender.most, set(buffer)) == (10, 10, {0xA5})
    lender.release(buffer)
    assert (lender.held, lender.most, set(buffer)) == (0, 10, {0x5A})
    lender.settle(received=2, small=0)
    with pytest.raises(Violation) as caught:
        lender.release(buffer)
    assert caught.value.check is STATE


def test_what_stays_out_or_is_too_much_is_told() -> None:
    lender = CountingLender()
    buffer = lender.lend(100)
    with pytest.raises(Violation, match="never came back") as caught:
        lender.settle(received=1000, small=14)
    assert caught.value.check is BOUNDED
    lender.release(buffer)
    with pytest.raises(Violation, match="100 bytes were lent for 10 received"):
        lender.settle(received=10, small=14)
