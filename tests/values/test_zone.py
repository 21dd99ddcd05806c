from __future__ import annotations

from datetime import date
from zoneinfo import ZoneInfo

import pytest

from revops_core.errors import InvalidValueError
from revops_core.values.zone import day_start, is_zone, zone


def test_a_known_zone_is_found() -> None:
    assert zone("Europe/Paris") is ZoneInfo("Europe/Paris")
    assert is_zone("Europe/Paris")


@pytest.mark.parametrize("key", ["Mars/Olympus", "", "Europe", "/etc/passwd", "../UTC", "a\0b", "é", 3, None])
def test_anything_else_is_refused_by_name(key: object) -> None:
    assert not is_zone(key)
    with pytest.raises(InvalidValueError, match="'tz' must be the key of an IANA time zone"):
        zone(key)


def test_the_start_of_a_day_in_an_unknown_zone_is_refused() -> None:
    with pytest.raises(InvalidValueError, match="Nowhere"):
        day_start(date(2026, 1, 1), "Nowhere")
