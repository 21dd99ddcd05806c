"""What each engine can do, tried out: the table in docs/frames-capabilities.md is written from it.

    python -m tests.frames.test_capabilities

writes the page; the column of PySpark is tried where REVOPS_SPARK is set, and kept as it is elsewhere.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from revops_core import frames, kpis
from revops_core.errors import RevopsError
from revops_core.kpis import Kpi, count, distinct, mean, quantile, total
from revops_core.stages import OPPORTUNITY
from revops_core.testing import sample_company
from revops_core.values.condition import each
from revops_core.values.money import Money
from revops_core.values.period import Period
from tests.frames.engines import ENGINES, SPARK, WITH_SPARK, frame_of, rows_of
from tests.frames.move_logs import FIRST, MOVES, many_moves, many_standings, types_of
from tests.frames.test_entity_frames import flat
from tests.frames.test_funnel import steps_in, steps_of
from tests.frames.test_time_in_stage import OFFICE, stays_in, stays_of
from tests.frames.test_working_time import TYPES as PAIRS
from tests.frames.test_working_time import expected, pairs
from tests.frames.test_working_time import found as found_in

PAGE = Path(__file__).resolve().parents[2] / "docs" / "frames-capabilities.md"
EXACT, REFUSED = "exact", "refused"
TYPES = {
    "id": "text",
    "amount": "amount",
    "code": "text",
    "at": "instant",
    "on": "day",
    "seats": "whole",
    "price": "float",
}
TYPES |= {"outcome": "text", "closed_on": "day", "created_on": "day", "response_time": "duration", "wall_at": "wall"}
ROWS = [
    {
        "id": "abc"[number % 3],
        "amount": Decimal(number * 997).scaleb(-2) if number % 4 else None,
        "code": "EUR",
        "at": datetime(2026, 3, 28, 22, 30, tzinfo=UTC) + timedelta(minutes=37 * number, microseconds=number),
        "on": date(2026, 3, 20) + timedelta(days=number),
        "seats": 2**61 - number,
        "price": 10.005,
        "outcome": ("won", "lost", "open")[number % 3],
        "created_on": date(2026, 1, 1 + number),
        "closed_on": date(2026, 2, 1 + number) if number % 3 < 2 else None,
        "response_time": timedelta(microseconds=10**14 + number),
        "wall_at": datetime(2026, 3, 28, 23, 30) + timedelta(hours=number) if number != 3 else None,
    }
    for number in range(17)
]
row = each(object)
MONTHS = Period.year(2026, tz="Europe/Berlin").months()


def zoned(record):
    wall = record["wall_at"]
    return {**record, "wall_at": None if wall is None else wall.replace(tzinfo=ZoneInfo("Europe/Berlin"))}


def same(kpi, *, rows=ROWS, told=None, **options):
    """A trial: the measurements of a frame, with their intervals, are those of objects."""

    def trial(engine):
        table = frames.kpi_table(frame_of(engine, ROWS, TYPES), kpi, **options, **(told or {}))
        return list(table.measurements()) == list(kpis.measure(rows, kpi, **options).measurements())

    return trial


def tidy(engine):
    rows = rows_of(frames.measure(frame_of(engine, ROWS, TYPES), kpis.win_rate, over=MONTHS[:3]))
    expected = {str(one.period): one.value for one in kpis.measure(ROWS, kpis.win_rate, over=MONTHS[:3]).measurements()}
    return {row["period"]: row["value"] for row in rows} == {
        period: None if not hasattr(value, "numerator") else float(value) for period, value in expected.items()
    }


def intervals(engine):
    rows = rows_of(frames.measure(frame_of(engine, ROWS, TYPES), kpis.win_rate))
    return "`kpi_table`" if rows[0]["low"] is None else kpis.win_rate(ROWS).ci().low == rows[0]["low"]


def funnels(engine):
    question = {"cohort": Period.quarter(2026, 2, tz="Europe/Berlin"), "as_of": FIRST + timedelta(hours=150)}
    records = many_moves(6, 20)
    return steps_in(frames.funnel(frame_of(engine, records, MOVES), OPPORTUNITY, **question)) == steps_of(
        records, question
    )


def stays(*, of, **options):
    def trial(engine):
        return stays_in(frames.time_in_stage(frame_of(engine, of, types_of(of)), **options)) == stays_of(of, **options)

    return trial


def order_of_rows(engine):
    tied = [{"subject_id": "o1", "target": stage, "at": FIRST} for stage in ("won", "lost")]
    rows = rows_of(frames.time_in_stage(frame_of(engine, tied, types_of(tied))))
    return "a problem" if "problem_count" in rows[0] else [row["stage"] for row in rows] == ["won", "lost"]


def working_time(engine):
    records = pairs(5, 40)
    timed = frames.working_time(frame_of(engine, records, PAIRS), "from", "to", calendar=OFFICE)
    return found_in(timed) == expected(OFFICE, records)


def there_and_back(engine):
    records = [flat(record) for record in sample_company(12).opportunities]
    frame = frames.from_entities(records, like=frame_of(engine, [], {"x": "whole"}))
    again, problems = frames.to_entities(type(records[0]), frame)
    return sorted(again, key=str) == sorted(records, key=str) and not problems


def kpi(name, formula, **told):
    return Kpi(name=name, **{"unit": "score", "dated": (), "formula": formula, **told})


FEATURES = {
    "counts, and shares of them": same(kpis.win_rate, by="id", over=MONTHS),
    "sums of minor units": same(kpi("sum", total(row.amount), unit="money"), by="id", currency="EUR"),
    "sums and squares beyond 64 bits": same(kpi("sum", mean(row.seats))),
    "means, with their intervals": same(kpi("mean", mean(row.response_time), unit="duration"), by="id"),
    "medians and quantiles": same(kpi("p90", quantile(row.amount, "0.9"), unit="money"), by="id", currency="EUR"),
    "distinct counts": same(kpi("ids", distinct(row.id), unit="count", dated=row.at), over=MONTHS),
    "stocks at the end of each period": same(kpis.open_opportunities, over=MONTHS),
    "instants by the days of a zone": same(kpi("rows", count(row), unit="count", dated=row.at), over=MONTHS),
    "durations from a day to an instant": same(
        kpi("days", mean(row.at - row.created_on), unit="duration"), tz="Europe/Berlin"
    ),
    "timestamps without a zone": same(
        kpi("walls", mean(row.wall_at - row.at, where=row.wall_at > row.at), unit="duration"),
        rows=list(map(zoned, ROWS)),
        tz="Europe/Berlin",
    ),
    "currencies of a column": same(
        kpi("sum", total(row.amount), unit="money"),
        rows=[{**one, "amount": one["amount"] and Money(one["amount"], one["code"])} for one in ROWS],
        told={"columns": {"amount.currency": "code"}},
    ),
    "floats that are no amounts": same(kpi("sum", total(row.price), unit="money"), currency="EUR"),
    "tidy rows": tidy,
    "intervals in tidy rows": intervals,
    "funnel of moves": funnels,
    "time in stage": stays(of=many_moves(6, 20)),
    "time in stage, in working time": stays(
        of=many_standings(6, 60), calendar=OFFICE, as_of=FIRST + timedelta(hours=99)
    ),
    "two rows at one instant, without a number": order_of_rows,
    "working time between two columns": working_time,
    "entities to a frame and back": there_and_back,
}


def found(engine, feature):
    """What came of a trial: exact, or the name of the error; anything else is a failure."""
    try:
        result = FEATURES[feature](engine)
    except RevopsError as error:
        return f"{REFUSED} ({type(error).__name__})"
    assert result, f"{feature} differs on {engine}"
    return result if isinstance(result, str) else EXACT


def written():
    """The table on the page: engine → feature → what came of it."""
    text = PAGE.read_text("utf-8").splitlines()
    lines = [line.strip("| \n").split(" | ") for line in text if line.startswith("| ") and "---" not in line]
    engines = lines[0][1:]
    return {engine: {line[0]: line[1 + place] for line in lines[1:]} for place, engine in enumerate(engines)}


@pytest.mark.parametrize("engine", [*ENGINES, *([SPARK] if WITH_SPARK else [])])
def test_the_page_says_what_the_engine_does(engine):
    assert written()[engine] == {feature: found(engine, feature) for feature in FEATURES}


HEAD = """\
# What each engine can do

Written by `python -m tests.frames.test_capabilities`, which tries every cell and compares it with the measurement of
objects; a test fails where the page is stale. *Exact* is equal, never nearly so: counts, minor units, whole
microseconds, and the exact fraction or decimal made of them. What cannot be exact is *refused* with an error that says
why. A lazy frame has no intervals in the rows of `frames.measure`, as they need every sum at once: `frames.kpi_table`
has them.

"""


def page():
    known = written() if PAGE.exists() else {}
    engines = [*ENGINES, SPARK]
    told = {
        engine: known.get(engine, dict.fromkeys(FEATURES, "not tried"))
        if engine == SPARK and not WITH_SPARK
        else {one: found(engine, one) for one in FEATURES}
        for engine in engines
    }
    lines = [["", *engines], ["---"] * (len(engines) + 1)]
    lines += [[feature, *(told[engine][feature] for engine in engines)] for feature in FEATURES]
    lines[0][0] = "feature"
    return HEAD + "".join(f"| {' | '.join(line)} |\n" for line in lines)


if __name__ == "__main__":
    PAGE.write_text(page(), "utf-8")
