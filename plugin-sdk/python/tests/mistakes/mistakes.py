"""A plugin whose handlers do what no handler should, each when an event or a command names it."""

import datetime
import enum
import os
import random
import socket
import threading
import time
import uuid
from typing import Annotated, Optional

from daybook_sdk import (
    Command, Date, Decimal, Event, Instant, KeyOf, Maximum, Money, Plugin, command, event, fail, reject, table, task,
)


class Kind(enum.Enum):
    CASH = "cash"
    CARD = "card"


@event
class Did:
    """A materializer makes a mistake."""

    what: str


@event
class Paid:
    """An event that a creator gets wrong."""

    amount: Annotated[int, Maximum(100)]


@command
class Do:
    """A creator makes a mistake."""

    what: str


@task
class Mail:
    """A mail."""

    to: str


@table(index={"by_name": ["name"]}, unique={"by_code": ["code"]})
class Account:
    """A table."""

    id: KeyOf[int]
    balance: Money["CZK", 2] = 0
    name: str = ""
    code: Optional[str] = None
    day: Optional[Date] = None
    at: Optional[Instant] = None
    share: Optional[float] = None
    price: Optional[Decimal[8, 2]] = None
    kind: Kind = Kind.CASH


class Bare:
    """A class without a decorator."""


plugin = Plugin("mistakes", "2020-01-01", changes=["The first version."], tables=[Account], tasks=[Mail], events=[Paid])


@table
class Elsewhere:
    """A table that the plugin does not name."""

    id: KeyOf[int]


@task
class Fax:
    """A task that the plugin does not name."""

    to: str


@event
class Forgotten:
    """An event that the plugin does not name."""

    id: int


# These three are mistakes to make below; a build refuses a module that has them.
UNNAMED = [Elsewhere, Fax, Forgotten]
del Elsewhere, Fax, Forgotten

TEXTS = {"a", "b", "c"}


def wrong_type(e, cx):
    cx.upsert(Account("one"))


def missing_column(e, cx):
    cx.upsert(Account())


def other_column(e, cx):
    cx.upsert(Account(1, balanse=3))


def other_attribute(e, cx):
    row = Account(1)
    row.balanse = 3
    cx.upsert(row)


def none_in_column(e, cx):
    cx.upsert(Account(1, name=None))


def no_table(e, cx):
    cx.get(Bare, 1)


def unnamed_table(e, cx):
    cx.get(UNNAMED[0], 1)


def class_for_row(e, cx):
    cx.upsert(Account)


def clock(e, cx):
    time.time()


def now(e, cx):
    datetime.datetime.now()


def today(e, cx):
    datetime.date.today()


def dice(e, cx):
    random.randint(1, 6)


def urandom(e, cx):
    os.urandom(8)


def uuid4(e, cx):
    uuid.uuid4()


def hashed(e, cx):
    cx.upsert(Account(hash("text")))


def identity(e, cx):
    sorted([Account(1), Account(2)], key=lambda row: id(row))


def set_of_texts(e, cx):
    for place, text in enumerate(TEXTS):
        cx.upsert(Account(place, name=text))


def exception(e, cx):
    {"a": 1}["b"]


def too_large(e, cx):
    cx.upsert(Account(1, 2**63))


def float_money(e, cx):
    cx.upsert(Account(1, 12.5))


def decimal_of_float(e, cx):
    cx.upsert(Account(1, price=1.1))


def nan(e, cx):
    cx.upsert(Account(1, share=float("nan")))


def text_for_date(e, cx):
    cx.upsert(Account(1, day="2020-01-31"))


def datetime_for_date(e, cx):
    cx.upsert(Account(1, day=datetime.datetime(2020, 1, 31)))


def text_for_instant(e, cx):
    cx.upsert(Account(1, at="2020-01-31T00:00:00Z"))


def text_for_enum(e, cx):
    cx.upsert(Account(1, kind="cash"))


def no_previous(e, cx):
    cx.previous(e)


def twice(e, cx):
    cx.insert(Account(1))
    cx.insert(Account(1))


def not_there(e, cx):
    cx.update(Account(404))


def delete_not_there(e, cx):
    cx.delete(Account, 404)


def not_unique(e, cx):
    cx.insert(Account(1, code="x"))
    cx.insert(Account(2, code="x"))


def other_index(e, cx):
    cx.find(Account, by="by_nane")


def no_row(e, cx):
    cx.get(Account, 404).balance += 1


def long_key(e, cx):
    cx.get(Account, (1, 2))


def sql(e, cx):
    cx.query("SELECT 1")


def unnamed_task(e, cx):
    cx.enqueue(UNNAMED[1]("a@b"))


def wrong_task(e, cx):
    cx.enqueue(Mail(to=5))


def recursion(e, cx):
    recursion(e, cx)


def loop(e, cx):
    while True:
        pass


def files(e, cx):
    open("/etc/hostname")


def network(e, cx):
    socket.create_connection(("localhost", 80))


def thread(e, cx):
    threading.Thread(target=clock).start()


def printed(e, cx):
    print("seen", e.data.what)
    fail("printed", "and given up")


def lazy(e, cx):
    import calendar_of_mine  # noqa: F401


def memory(e, cx):
    bytearray(2**29)


def many(e, cx):
    kept = []
    while True:
        kept.append("x" * 100_000 + str(len(kept)))


def rejects(e, cx):
    reject("no", "a materializer cannot")


def leaves(e, cx):
    raise SystemExit(1)


def now_of_creator(e, cx):
    cx.now()


def returns_one(c, cx):
    return Paid(1)


def returns_nothing(c, cx):
    Paid(1)


def returns_text(c, cx):
    return ["Paid"]


def returns_class(c, cx):
    return [Paid]


def unnamed_event(c, cx):
    return [UNNAMED[2](1)]


def wrong_payload(c, cx):
    return [Paid("much")]


def large_payload(c, cx):
    return [Paid(2**70)]


def over_maximum(c, cx):
    return [Paid(101)]


def undeclared_code(c, cx):
    reject("Whatever: I say", "codes are the author's own")


def number_for_code(c, cx):
    reject(404, "not found")


def writes(c, cx):
    cx.upsert(Account(1))


ACTS = {
    f.__name__: f for f in (
        wrong_type, missing_column, other_column, other_attribute, none_in_column, no_table, unnamed_table, class_for_row, clock,
        now, today, dice, urandom, uuid4, hashed, identity, set_of_texts, exception, too_large, float_money, decimal_of_float,
        nan, text_for_date, datetime_for_date, text_for_instant, text_for_enum, no_previous, twice, not_there, delete_not_there,
        not_unique, other_index, no_row, long_key, sql, unnamed_task, wrong_task, recursion, loop, files, network, thread,
        printed, lazy, memory, many, rejects, leaves, now_of_creator,
    )
}
ANSWERS = {
    f.__name__: f for f in (
        returns_one, returns_nothing, returns_text, returns_class, unnamed_event, wrong_payload, large_payload, over_maximum,
        undeclared_code, number_for_code, writes,
    )
}


@plugin.materialize
def did(e: Event[Did], cx):
    ACTS[e.data.what](e, cx)


@plugin.create
def do(c: Command[Do], cx):
    return ANSWERS[c.data.what](c, cx)
