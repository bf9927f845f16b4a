"""What crosses the contract, as plain records, and what a host does for a handler.

The component's host is `component.py`, the tests' is `testing/memory.py`. Nothing else knows which one there is.
"""

from __future__ import annotations

import dataclasses
from typing import Any, Generic, Protocol, TypeVar

from .values import Instant, Raw

T = TypeVar("T")
Row = list[Raw]


@dataclasses.dataclass(frozen=True)
class Time:
    """A moment as it was given and as a number; the host parsed it."""

    text: str
    seconds: int
    nanoseconds: int

    @property
    def instant(self) -> Instant:
        """The moment as a value for a column."""
        return Instant(self.seconds * 10**9 + self.nanoseconds)

    @classmethod
    def of(cls, text: str) -> Time:
        """The moment that this text of RFC 3339 names."""
        seconds, nanoseconds = divmod(Instant.parse(text).nanoseconds, 10**9)
        return cls(text, seconds, nanoseconds)


@dataclasses.dataclass(frozen=True)
class Event(Generic[T]):
    """An event of the log. `data` is the payload."""

    seq: int
    id: str
    source: str
    type: str
    subject: str | None
    time: Time
    version: str
    attributes: dict[str, str]
    data: T


@dataclasses.dataclass(frozen=True)
class Command(Generic[T]):
    """A command. `data` is the payload."""

    id: str
    type: str
    subject: str | None
    time: Time
    actor: str | None
    attributes: dict[str, str]
    data: T


@dataclasses.dataclass
class NewEvent:
    """An event that a creator asks for. `data` is an event's class, or JSON values where the version below gave it."""

    data: Any
    subject: str | None = None
    attributes: dict[str, str] = dataclasses.field(default_factory=dict)
    type: str | None = None
    """Full type; none: that of `data`'s class."""


def about(subject: str, event: Any) -> NewEvent:
    """The event with a subject."""
    if isinstance(event, NewEvent):
        return dataclasses.replace(event, subject=subject)
    return NewEvent(event, subject)


@dataclasses.dataclass(frozen=True)
class Bound:
    """One end of a range."""

    values: Row
    inclusive: bool


@dataclasses.dataclass(frozen=True)
class Search:
    """A read by key or index."""

    index: str | None
    prefix: Row
    lower: Bound | None
    upper: Bound | None
    descending: bool
    limit: int | None
    after: bytes | None


@dataclasses.dataclass(frozen=True)
class TaskRecord:
    """A side effect that was asked for; `data` is JSON text."""

    kind: str
    key: str | None
    data: str
    not_before: str | None


class Host(Protocol):
    """What a handler can ask for. Writes raise `WriteRefused`."""

    def get(self, table: str, key: Row) -> Row | None: ...
    def find(self, table: str, search: Search) -> tuple[list[Row], bytes | None]: ...
    def query(self, sql: str, parameters: Row) -> tuple[list[str], list[Row]]: ...
    def write(self, how: str, table: str, row: Row) -> None:
        """`how` is insert, update, upsert or delete; for delete the row is a key."""
    def enqueue(self, task: TaskRecord) -> None: ...
    def log(self, level: str, message: str) -> None: ...
    def previous_event(self, event: Event[str]) -> None:
        """Raises `Failed`."""
    def previous_command(self, command: Command[str]) -> list[NewEvent]:
        """Raises `Rejected` and `Failed`. The events' data is JSON text."""
    def now(self) -> Time: ...
    def make_id(self) -> str: ...
