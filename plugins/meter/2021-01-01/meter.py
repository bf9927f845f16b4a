"""The plugin `meter`, version 2021-01-01: what was used in each month, and readings that are unlike all before.

In Python, it extends a version in Rust: both see the same events, commands and rows.
"""

from decimal import ROUND_HALF_EVEN
from decimal import Decimal as Number
from typing import Annotated, Optional

from daybook_sdk import (
    Command, Creation, Date, Decimal, Event, KeyOf, Materialization, Minimum, NewEvent, Plugin, about, command, event, reject,
    table,
)

TIMES_MAX = 10
"""A reading is suspicious that is more than so many times the mean of those before it."""

MEAN_BELOW = 10**12
"""A mean has fifteen digits, three of them after the point. No event fails for a larger one: there is none then."""


@event
class Measured:
    """A meter was read."""

    meter: str
    day: Date
    value: int


@event
class Suspected:
    """A reading is unlike those before it; somebody should look."""

    meter: str
    day: Date
    used: int


@command
class Measure:
    """Read a meter."""

    meter: str
    day: Date
    value: Annotated[int, Minimum(0)]


@table
class Meter:
    """A meter, and what it stood at when it was last read. The version below writes it."""

    name: KeyOf[str]
    unit: str
    value: int
    used: int
    readings: int
    suspected: int = 0


@table
class Month:
    """What a meter counted between readings of one month."""

    meter: KeyOf[str]
    month: KeyOf[str]
    readings: int
    used: int
    mean: Optional[Decimal[15, 3]]


plugin = Plugin(
    "meter", "2021-01-01", extends="2020-01-01", description="Meters of water, gas or electricity, and what is read from them",
    changes=[
        "what was used is counted for each month, with the mean of its readings",
        "a reading that is more than ten times the mean of those before is told",
        "a meter is not read on a day before 2000",
    ],
    tables=[Meter, Month],
)


@plugin.materialize
def measured(e: Event[Measured], cx: Materialization) -> None:
    before = cx.get(Meter, e.data.meter)
    cx.previous(e)  # Fails where there is no such meter.
    used = e.data.value - (before.value if before else 0)
    key = (e.data.meter, e.data.day.isoformat()[:7])
    month = cx.get(Month, key) or Month(*key, readings=0, used=0, mean=None)
    month.readings += 1
    month.used += used
    mean = (Number(month.used) / month.readings).quantize(Number("0.001"), ROUND_HALF_EVEN)
    month.mean = mean if mean < MEAN_BELOW else None
    cx.upsert(month)


@plugin.materialize
def suspected(e: Event[Suspected], cx: Materialization) -> None:
    row = cx.get(Meter, e.data.meter)
    if row is not None:
        row.suspected += 1
        cx.update(row)


@plugin.create
def measure(c: Command[Measure], cx: Creation) -> list[NewEvent]:
    if c.data.day.year < 2000:
        reject("too-early", f"{c.data.day} is before any meter was read")
    events = cx.previous(c)
    row = cx.get(Meter, c.data.meter)
    if row is not None and row.readings:
        used = c.data.value - row.value
        # Of used > TIMES_MAX * (row.used / row.readings), without a division.
        if used * row.readings > TIMES_MAX * row.used:
            events.append(about(f"meter/{c.data.meter}", Suspected(c.data.meter, c.data.day, used)))
    return events
