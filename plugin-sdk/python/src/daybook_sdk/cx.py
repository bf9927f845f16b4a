"""`cx`, the second argument of a handler: reads for all, writes and tasks for materializers, ids and time for creators."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

from . import declare, guard
from .declare import table_of
from .failures import Fault, WriteRefused
from .records import Bound, Command, Event, Host, NewEvent, Row, Search, TaskRecord, Time
from .values import Raw, read_json, write_json

if TYPE_CHECKING:
    from .plugin import Plugin

R = TypeVar("R")
PAGE = 1_000
"""Rows that `each` reads at once."""

_WAYS_OUT = {
    "row-exists": ": there is a row with this key; cx.upsert replaces it",
    "row-missing": ": there is no row with this key; ask cx.get first, or write it with cx.upsert",
    "unique-violated": ": another row has these values",
}


class Context:
    """What materializers and creators share."""

    def __init__(self, host: Host, plugin: Plugin) -> None:
        self._host, self._version = host, plugin
        self._original: Any = None
        guard.printed = self.info

    def _name(self, table: declare.Table) -> str:
        own = table.plugin in (None, self._version.name)
        # By identity: this is asked at every read.
        if not any(table is declared for declared in (self._version.tables if own else self._version.reads)):
            where = "tables" if own else "reads"
            version = f"{self._version.name}@{self._version.version}"
            raise Fault(f"{table.name} is not declared by {version}: write Plugin({where}=[...])")
        return table.name if own else f"{table.plugin}.{table.name}"

    def _below(self) -> None:
        if self._version.extends is None:
            raise Fault(
                f"previous(): {self._version.name}@{self._version.version} extends no version; write Plugin(extends=\"...\")"
            )

    def get(self, table: type[R], key: Any) -> R | None:
        """The row with this primary key, a tuple where the key is composite. None: there is no such row."""
        declared = table_of(table)
        row = self._host.get(self._name(declared), declared.to_key(key))
        return None if row is None else _from_row(table, declared, row)

    def find(
        self, table: type[R], *, by: str | None = None, prefix: Any = (), lower: Any = None, upper: Any = None,
        above: Any = None, below: Any = None, descending: bool = False, limit: int | None = None,
    ) -> list[R]:
        """Rows by primary key, or by the index `by`, in its order.

        `prefix` are equal values of the first columns. `lower` and `upper` are the ends of a range over the columns after
        them, and belong to it; `above` and `below` do not. Each is a value, or a tuple.
        """
        declared, search = _search(table, by, prefix, lower, upper, above, below, descending, limit)
        rows, _ = self._host.find(self._name(declared), search)
        return [_from_row(table, declared, row) for row in rows]

    def each(
        self, table: type[R], *, by: str | None = None, prefix: Any = (), lower: Any = None, upper: Any = None,
        above: Any = None, below: Any = None, descending: bool = False, page: int = PAGE,
    ) -> Iterator[R]:
        """As `find`, for any number of rows: they are read in pages, by the host's cursor."""
        declared, search = _search(table, by, prefix, lower, upper, above, below, descending, page)
        while True:
            rows, after = self._host.find(self._name(declared), search)
            for row in rows:
                yield _from_row(table, declared, row)
            if after is None:
                return
            search = dataclasses.replace(search, after=after)

    def query(self, sql: str, *parameters: Raw) -> list[tuple[Raw, ...]]:
        """One SELECT in SQLite's dialect; tables are `plugin_table`. The plugin has to say `sql=True`."""
        if not self._version.sql:
            raise Fault("SQL is an import of its own: write Plugin(..., sql=True)")
        _, rows = self._host.query(sql, list(parameters))
        return [tuple(row) for row in rows]

    def log(self, level: str, message: str) -> None:
        """A line for the plugin's log. `level` is debug, info, warn or error."""
        self._host.log(level, message)

    def debug(self, message: str) -> None:
        """A line for the plugin's log."""
        self.log("debug", message)

    def info(self, message: str) -> None:
        """A line for the plugin's log."""
        self.log("info", message)

    def warn(self, message: str) -> None:
        """A line for the plugin's log."""
        self.log("warn", message)


class Materialization(Context):
    """What a materializer may do."""

    def _write(self, how: str, row: Any) -> None:
        declared = table_of(row)
        if isinstance(row, type):
            raise Fault(f"{how}({declare.named(row)}): that is the table; write a row of it, {declare.named(row)}(...)")
        self._change(how, declared, declared.to_row(row))

    def _change(self, how: str, declared: declare.Table, values: Row) -> None:
        if declared.plugin not in (None, self._version.name):
            raise Fault(f"{declared.plugin}.{declared.name} belongs to {declared.plugin}, which alone writes there")
        name = self._name(declared)
        try:
            self._host.write(how, name, values)
        except WriteRefused as refused:
            places = range(len(declared.key)) if how == "delete" else [
                i for i, field in enumerate(declared.fields) if field.name in declared.key
            ]
            key = ", ".join(repr(values[i]) for i in places)
            what = f"{how} of {key} in {name}{_WAYS_OUT.get(refused.code, '')}"
            raise WriteRefused(refused.code, refused.index, what) from None

    def insert(self, row: Any) -> None:
        """A new row. Raises `WriteRefused` with `row-exists` or `unique-violated`."""
        self._write("insert", row)

    def update(self, row: Any) -> None:
        """In place of the row with this key. Raises `WriteRefused` with `row-missing` or `unique-violated`."""
        self._write("update", row)

    def upsert(self, row: Any) -> None:
        """A new row, or one in place of the row with this key. Raises `WriteRefused` with `unique-violated`."""
        self._write("upsert", row)

    def delete(self, table: type[Any], key: Any) -> None:
        """Takes the row with this key away. Raises `WriteRefused` with `row-missing`."""
        declared = table_of(table)
        self._change("delete", declared, declared.to_key(key))

    def enqueue(self, task: Any, *, key: str | None = None, not_before: str | None = None) -> None:
        """Asks for a side effect: delivered after the commit, at least once, and never on replay.

        Tasks of one kind with the same `key` are carried out in order.
        """
        declared = declare.payload_of(task, "task")
        if declared not in self._version.tasks:
            raise Fault(f"{declared.name} is no kind of task that is declared: write Plugin(tasks=[{type(task).__name__}])")
        self._host.enqueue(TaskRecord(declared.name, key, write_json(declare.payload_to_json(task)), not_before))

    def previous(self, event: Event[Any], data: Any = None) -> None:
        """Runs the version below on the event, perhaps with another payload. Raises `Failed`.

        With no other payload, that version gets the text of the log, with the members that this one does not name.
        """
        self._below()
        text = self._original.data if data is None else write_json(declare.payload_to_json(data))
        self._host.previous_event(dataclasses.replace(event, data=text))


class Creation(Context):
    """What a creator may do."""

    def now(self) -> Time:
        """The command's accepted time: the same in every run of it."""
        return self._host.now()

    def make_id(self) -> str:
        """A new UUID, the same in every run of the command."""
        return self._host.make_id()

    def previous(self, command: Command[Any], data: Any = None) -> list[NewEvent]:
        """What the version below answers: events to keep, change, add to or drop. Raises `Rejected` and `Failed`."""
        self._below()
        text = self._original.data if data is None else write_json(declare.payload_to_json(data))
        events = self._host.previous_command(dataclasses.replace(command, data=text))
        return [dataclasses.replace(event, data=read_json(event.data)) for event in events]


def _from_row(table: Any, declared: declare.Table, row: Sequence[Raw]) -> Any:
    return table(**{f.name: f.codec.from_raw(v) for f, v in zip(declared.fields, row, strict=True)})


def _search(
    table: Any, by: str | None, prefix: Any, lower: Any, upper: Any, above: Any, below: Any, descending: bool,
    limit: int | None,
) -> tuple[declare.Table, Search]:
    declared = table_of(table)
    indexes = {**declared.indexes, **declared.unique}
    if by is not None and by not in indexes:
        raise Fault(f"{declared.name} has no index {by}; it has {', '.join(indexes) or 'none'}")
    columns = declared.key if by is None else indexes[by]
    start = _tuple(prefix)
    if len(start) > len(columns):
        raise Fault(f"{declared.name}: a prefix of {len(start)} values over ({', '.join(columns)})")
    rest = columns[len(start):]

    def bound(value: Any, inclusive: bool) -> Bound | None:
        if value is None:
            return None
        values = _tuple(value)
        if len(values) > len(rest):
            raise Fault(f"{declared.name}: a bound of {len(values)} values over ({', '.join(rest)})")
        return Bound(declared.encode(rest, values), inclusive)

    if (lower is not None and above is not None) or (upper is not None and below is not None):
        raise Fault("a range has one end on each side: lower or above, upper or below")
    return declared, Search(
        by, declared.encode(columns, start), bound(lower, True) or bound(above, False),
        bound(upper, True) or bound(below, False), descending, limit, None,
    )


def _tuple(value: Any) -> Row:
    return list(value) if isinstance(value, tuple) else [value]
