"""What would differ between two runs fails, with advice."""

import datetime
import os
import random
import threading
import time
import uuid

import pytest
from daybook_sdk import Event, KeyOf, Plugin, event, table
from daybook_sdk.testing import Scenario


@event
class Did:
    what: str


@table
class Row:
    id: KeyOf[str]


plugin = Plugin("guarded", "2020-01-01", tables=[Row])
TEXTS = {"a", "b", "c"}


def helper():
    return [text for text in TEXTS]


ACTS = {
    "time": lambda: time.time(),
    "now": lambda: datetime.datetime.now(),
    "today": lambda: datetime.date.today(),
    "random": lambda: random.random(),
    "randint": lambda: random.randint(1, 6),
    "shuffle": lambda: random.shuffle([1, 2, 3]),
    "uuid4": lambda: uuid.uuid4(),
    "urandom": lambda: os.urandom(4),
    "thread": lambda: threading.Thread(target=print).start(),
}


@plugin.materialize
def did(e: Event[Did], cx):
    what = e.data.what
    if what in ACTS:
        ACTS[what]()
    elif what == "hash":
        hash("text")
    elif what == "set":
        for text in TEXTS:
            cx.upsert(Row(text))
    elif what == "list":
        list(TEXTS)
    elif what == "helper":
        helper()
    elif what == "sorted":
        for text in sorted(TEXTS):
            cx.upsert(Row(text))
        sorted(text for text in TEXTS)


@pytest.mark.parametrize(
    ("what", "advice"),
    [(what, "clock") for what in ("time", "now", "today")]
    + [(what, "make_id") for what in ("random", "randint", "shuffle", "uuid4", "urandom")]
    + [("thread", "a task"), ("hash", "hashlib"), ("set", "sorted"), ("list", "sorted"), ("helper", "sorted")],
)
def test_it_fails_with_advice(what, advice):
    scenario = Scenario(plugin).when_event(Did(what)).then_failed("exception")
    assert advice in scenario.failed.message
    assert "test_guard.py:" in scenario.failed.trace


def test_a_sorted_set_is_fine():
    Scenario(plugin).given(Did("sorted")).then_rows(Row("a"), Row("b"), Row("c"))


def test_outside_of_handlers_the_clock_goes_on():
    assert time.time() > 0 and list(TEXTS) and uuid.uuid4()
