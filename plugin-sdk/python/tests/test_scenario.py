"""Given, when, then: the deposit plugin and the rules of tables, without WebAssembly."""

import decimal
from typing import Optional

import pytest
from daybook_sdk import (
    Command, Date, Decimal, Event, Instant, Json, KeyOf, Plugin, Uuid, WriteRefused, command, event, fail, reject, table, task,
)
from daybook_sdk.testing import Scenario
from deposit import Account, Deposit, Deposited, plugin


def test_a_deposit_is_answered_and_added_up():
    (
        Scenario(plugin).given(Deposited(1, 2)).when(Deposit(1, 2**53 + 1)).then_events(Deposited(1, 2**53 + 1))
        .then_row(Account(1, 2**53 + 3, 2))
    )


def test_a_failed_event_keeps_nothing():
    scenario = Scenario(plugin).given(Deposited(1, 2**63 - 1)).when(Deposit(1, 1))
    scenario.then_failed("balance-too-large").then_row(Account(1, 2**63 - 1, 1))
    assert len(scenario.events) == 1


@event
class Set:
    id: int
    name: Optional[str] = None


@command
class Put:
    id: int


@task
class SendMail:
    to: str


@table(index={"by_name": ["name"]}, unique={"by_code": ["code"]})
class Item:
    id: KeyOf[int]
    name: Optional[str]
    code: Optional[str] = None
    price: Decimal[8, 3] = decimal.Decimal("0")
    day: Date = Date(2020, 1, 1)
    at: Instant = Instant(0)
    uuid: Uuid = ""
    more: Json = None


seen = []
items = Plugin("item", "2020-01-01", tables=[Item], tasks=[SendMail])


@items.materialize
def on_set(e: Event[Set], cx):
    if e.data.name == "oops":
        raise KeyError("no such thing")
    cx.upsert(Item(e.data.id, e.data.name, price=decimal.Decimal("1.5"), more={"b": [1], "a": 2**60}))
    cx.enqueue(SendMail("a@b"))
    seen[:] = [
        [r.id for r in cx.find(Item, lower=2)], [r.id for r in cx.find(Item, above=2)],
        [r.id for r in cx.find(Item, by="by_name", descending=True, limit=2)],
        [r.id for r in cx.each(Item, by="by_name", page=1)], [r.id for r in cx.find(Item, by="by_name", prefix="b")],
    ]


@items.create
def on_put(c: Command[Put], cx):
    if c.data.id < 0:
        return reject("negative", "below zero")
    cx.info(f"now {cx.now().text} {cx.make_id()}")
    return [Set(c.data.id, "made")]


def test_rows_come_in_the_order_of_key_or_index():
    Scenario(items).given(Set(2, "b")).given(Set(1, "b")).given(Set(3)).given(Set(4, "a"))
    assert seen == [[2, 3, 4], [3, 4], [2, 1], [3, 4, 1, 2], [1, 2]]


def test_values_come_back_as_they_were():
    scenario = Scenario(items).given(Set(1, "x")).then_tasks(SendMail("a@b"))
    row = scenario.row(Item, 1)
    assert (str(row.price), row.more) == ("1.500", {"a": 2**60, "b": [1]})


def test_unique_index_refuses_a_second_row_and_takes_nulls():
    scenario = Scenario(items).with_row(Item(1, None, "c")).with_row(Item(2, None)).with_row(Item(3, None))
    with pytest.raises(WriteRefused, match="unique-violated"):
        scenario.with_row(Item(4, None, "c"))


def test_an_uncaught_exception_is_told_with_its_line():
    scenario = Scenario(items).when_event(Set(1, "oops")).then_failed("exception")
    assert "no such thing" in scenario.failed.message
    assert scenario.failed.trace.splitlines()[0].startswith("test_scenario.py:")
    assert scenario.failed.trace.endswith(" in on_set")


def test_a_rejection_is_an_answer():
    Scenario(items).when(Put(-1)).then_rejected("negative")
    Scenario(items).when(Put(1)).then_events(Set(1, "made")).then_logged("now 2020-01-01T00:00:00Z")


def test_a_second_version_runs_the_first_and_adds_a_column():
    @table(name="account")
    class Account2:
        id: KeyOf[int]
        balance: int
        last_seq: int
        count: int = 0

    second = Plugin("deposit", "2021-01-01", tables=[Account2], extends="2020-01-01")

    @second.materialize
    def deposited(e: Event[Deposited], cx):
        cx.previous(e)
        row = cx.get(Account2, e.data.account)
        row.count += 1
        cx.update(row)

    @second.create
    def deposit(c: Command[Deposit], cx):
        if c.data.amount > 9:
            reject("too-much", "at once")
        return cx.previous(c)

    scenario = Scenario(second, [plugin]).given(Deposited(1, 5)).when(Deposit(1, 6))
    scenario.then_events(Deposited(1, 6)).then_row(Account2(1, 11, 2, 2)).when(Deposit(1, 10)).then_rejected("too-much")


def test_a_decimal_is_never_rounded():
    with pytest.raises(Exception, match="more than 3 digits after the point"):
        Scenario(items).with_row(Item(1, None, price=decimal.Decimal("1.0005")))


def test_instants_are_parsed_and_written():
    assert str(Instant.parse("1969-12-31T23:59:59.5-01:00")) == "1970-01-01T00:59:59.5Z"
    with pytest.raises(ValueError):
        Instant.parse("2020-01-01 00:00:00Z")
