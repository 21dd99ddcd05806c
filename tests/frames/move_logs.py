"""Random logs of moves, for tests that compare what engines make of them with what the core makes of them."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta

from hypothesis import strategies as st

from revops_core.stages import OPPORTUNITY, Moved, StageLog

STAGES = [stage.name for stage in OPPORTUNITY]
ROWS = {"subject_id": "text", "target": "text", "at": "instant"}
MOVES = ROWS | {"seq": "whole", "source": "text"}
FIRST = datetime(2026, 3, 27, 22, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)
STEP = timedelta(hours=5, microseconds=7)


def instants(spread):
    """Instants around the night in which the clocks of Europe change; with a small `spread` many are the same."""
    return st.integers(0, spread).map(lambda steps: FIRST + steps * STEP)


@st.composite
def standings(draw, *, with_ties):
    """Records that tell where a record stood: repeats, and where asked for two stages at one instant."""
    rows = draw(
        st.lists(st.tuples(st.sampled_from("abcd"), st.sampled_from(STAGES), instants(12)), min_size=1, max_size=14)
    )
    if not with_ties:
        seen = {}
        rows = [row for row in rows if seen.setdefault((row[0], row[2]), row[1]) == row[1]]
    return [dict(zip(ROWS, row, strict=True)) for row in rows]


@st.composite
def moves(draw):
    """Facts with numbers, in any order: stages that are entered from themselves, beginnings that are not known."""
    found = []
    for subject_id in draw(st.lists(st.sampled_from("abcd"), min_size=1, max_size=4, unique=True)):
        starts = draw(st.lists(instants(12), min_size=1, max_size=5))
        source = draw(st.none() | st.sampled_from(STAGES))
        for seq, at in enumerate(sorted(starts)):
            target = draw(st.sampled_from(STAGES))
            number = None if draw(st.integers(0, 9)) == 0 and starts.count(at) == 1 else seq
            found.append({"subject_id": subject_id, "target": target, "at": at, "seq": number, "source": source})
            source = target
    return draw(st.permutations(found))


def many_standings(seed, count=400):
    """A larger log that tells one order: no two stages at one instant."""
    generator = random.Random(seed)
    rows = {}
    for _ in range(count):
        subject_id, at = f"o{generator.randrange(60)}", FIRST + generator.randrange(500) * timedelta(minutes=77)
        rows.setdefault((subject_id, at), generator.choice(STAGES))
    found = [{"subject_id": who, "target": stage, "at": at} for (who, at), stage in rows.items()]
    found += generator.choices(found, k=30)  # told twice
    generator.shuffle(found)
    return found


def many_moves(seed, count=60):
    """A larger log of numbered facts, many of them at one instant."""
    generator = random.Random(seed)
    found = []
    for number in range(count):
        source, at = generator.choice([None, None, *STAGES]), FIRST
        for seq in range(generator.randrange(1, 7)):
            target = generator.choice(STAGES)
            found.append({"subject_id": f"o{number}", "target": target, "at": at, "seq": seq, "source": source})
            source, at = target, at + generator.choice([0, 1, 50]) * timedelta(hours=1, microseconds=3)
    generator.shuffle(found)
    return found


def log_of(records):
    """The log that the core makes of the same records."""
    if records and "seq" in records[0]:
        return StageLog.of([Moved(**record) for record in records])
    return StageLog.of([tuple(record.values()) for record in records])


def types_of(records):
    return MOVES if records and "seq" in records[0] else ROWS
