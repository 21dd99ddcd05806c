from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction

import pytest

from revops_core.values.money import Money
from revops_core.values.show import show


@pytest.mark.parametrize(
    ("value", "unit", "shown"),
    [
        (None, "", ""),
        (Money("1234.5", "EUR"), "", "1,234.50 EUR"),
        (Money("1234.5", "JPY"), "", "1,234 JPY"),
        (Money("-0.125", "EUR"), "", "-0.12 EUR"),
        (Fraction(2, 3), "", "66.7 %"),
        (Fraction(7, 2), "ratio", "3.50"),
        (1, "fraction", "100.0 %"),
        (Decimal("0.255"), "fraction", "25.5 %"),
        (Decimal("1234.567"), "", "1,234.57"),
        (1234, "", "1,234"),
        (True, "", "True"),
        (1234.5678, "", "1,234.57"),
        (timedelta(seconds=59), "", "59 s"),
        (timedelta(seconds=-90), "", "-2 min"),
        (timedelta(minutes=59, seconds=40), "", "1 h 00 min"),
        (timedelta(hours=47, minutes=59), "", "47 h 59 min"),
        (timedelta(days=51, hours=18), "", "51.8 d"),
        (datetime(2026, 1, 1, 9, tzinfo=UTC), "", "2026-01-01 09:00+00:00"),
        (date(2026, 1, 1), "", "2026-01-01"),
        ("text", "", "text"),
    ],
)
def test_a_value_is_written_as_a_person_reads_it(value, unit, shown):
    assert show(value, unit) == shown
