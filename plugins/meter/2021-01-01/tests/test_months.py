"""The second version of the meters. Below it is a crate, so the tests give it a stand-in that says what the crate does."""

import os
import sys
from decimal import Decimal
from pathlib import Path

import pytest
from daybook_sdk import Command, Date, Event, Plugin, about, event, reject
from daybook_sdk.build import find_source, load
from daybook_sdk.testing import Scenario, replay_diff

HERE = Path(__file__).parents[1]
plugin = load(find_source(HERE))
meter = sys.modules["meter"]
Meter, Month, Measured, Measure, Suspected = meter.Meter, meter.Month, meter.Measured, meter.Measure, meter.Suspected


@event
class Installed:
    meter: str
    unit: str
    value: int


below = Plugin("meter", "2020-01-01", tables=[Meter])


@below.materialize
def installed(e: Event[Installed], cx):
    cx.insert(Meter(e.data.meter, e.data.unit, e.data.value, 0, 0))


@below.materialize
def measured(e: Event[Measured], cx):
    row = cx.get(Meter, e.data.meter)
    row.used += e.data.value - row.value
    row.value = e.data.value
    row.readings += 1
    cx.update(row)


@below.create
def measure(c: Command[Measure], cx):
    row = cx.get(Meter, c.data.meter)
    if c.data.value < row.value:
        reject("runs-backwards", f"{row.name} stands at {row.value}: it only counts up")
    return [about(f"meter/{row.name}", Measured(c.data.meter, c.data.day, c.data.value))]


def cellar() -> Scenario:
    return Scenario(plugin, [below]).given(Installed("cellar", "kWh", 100))


def test_a_month_has_what_was_used_and_its_mean():
    scenario = cellar().given(Measured("cellar", Date(2020, 1, 10), 110)).given(Measured("cellar", Date(2020, 1, 20), 120))
    scenario.given(Measured("cellar", Date(2020, 1, 31), 120)).given(Measured("cellar", Date(2020, 2, 10), 121))
    scenario.then_rows(
        Month("cellar", "2020-01", 3, 20, Decimal("6.667")), Month("cellar", "2020-02", 1, 1, Decimal("1.000")),
    )


def test_a_mean_with_too_many_digits_is_none_and_fails_no_event():
    cellar().given(Measured("cellar", Date(2020, 1, 10), 2**53)).then_rows(Month("cellar", "2020-01", 1, 2**53 - 100, None))


def test_a_reading_that_is_unlike_the_others_is_told():
    scenario = cellar().when(Measure("cellar", Date(2020, 1, 10), 110)).when(Measure("cellar", Date(2020, 1, 20), 210))
    scenario.then_events(Measured("cellar", Date(2020, 1, 20), 210))
    scenario.when(Measure("cellar", Date(2020, 1, 31), 1000))
    scenario.then_events(Measured("cellar", Date(2020, 1, 31), 1000), Suspected("cellar", Date(2020, 1, 31), 790))
    scenario.then_row(Meter("cellar", "kWh", 1000, 900, 3, suspected=1))


def test_what_the_version_below_rejects_stays_rejected():
    cellar().when(Measure("cellar", Date(2020, 1, 10), 99)).then_rejected("runs-backwards")
    cellar().when(Measure("cellar", Date(1999, 1, 10), 110)).then_rejected("too-early")


CRATE = HERE.parent / "2020-01-01"
BASE = os.environ.get("METER_2020_01_01", str(CRATE))
"""Rust takes its time: where the crate is built already, its component can be named."""


@pytest.mark.skipif("DAYBOOK" not in os.environ, reason="DAYBOOK does not name the command daybook")
@pytest.mark.skipif(
    BASE == str(CRATE) and not (HERE.parents[2] / "Cargo.toml").exists(),
    reason="the crate's workspace is not here: METER_2020_01_01 can name its component",
)
def test_nothing_else_changes():
    replay_diff(BASE, HERE, HERE / "tests" / "meter.jsonl", HERE / "expect.toml")
