"""Tables in memory, under the host's rules: typed columns, one row for a key, unique indexes, order of rows."""

from __future__ import annotations

import json
import math
import sqlite3
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ..failures import Fault, WriteRefused
from ..records import Bound, Row, Search
from ..values import I64_MAX, I64_MIN, Raw

KINDS: dict[str, tuple[type, ...]] = {"integer": (int,), "real": (float,), "text": (str,), "blob": (bytes,)}


def place(value: Raw) -> tuple[int, Any]:
    """Where a value stands in SQLite's order: null, numbers, text by its bytes, blobs."""
    if value is None:
        return (0, 0)
    if isinstance(value, (int, float)):
        return (1, value)
    if isinstance(value, str):
        return (2, value.encode())
    return (3, value)


def _place_all(values: Sequence[Raw]) -> tuple[tuple[int, Any], ...]:
    return tuple(place(value) for value in values)


class MemoryTable:
    """One table. Rows are kept by column, so that versions which know other columns share them."""

    def __init__(self, name: str, definition: Mapping[str, Any]) -> None:
        self.name = name
        self.columns: dict[str, Mapping[str, Any]] = {c["name"]: c for c in definition["columns"]}
        self.key: list[str] = list(definition["primary_key"])
        self.indexes: dict[str, Mapping[str, Any]] = {i["name"]: i for i in definition["indexes"]}
        self.rows: dict[tuple[tuple[int, Any], ...], dict[str, Raw]] = {}

    def extend(self, definition: Mapping[str, Any]) -> None:
        """Takes a newer version's declaration; it has to keep the columns that are there."""
        newer = {c["name"]: c for c in definition["columns"]}
        for name, column in self.columns.items():
            if name not in newer or newer[name]["kind"] != column["kind"]:
                raise Fault(f"{self.name}: a table keeps its columns, and {name} is gone or of another kind")
        self.columns = newer
        self.indexes = {i["name"]: i for i in definition["indexes"]}

    def default(self, column: str) -> Raw:
        """What rows hold that were written by a version which did not know the column."""
        default = self.columns[column].get("default")
        if isinstance(default, dict):
            return bytes.fromhex(default["hex"])
        return default

    def get(self, key: Row) -> dict[str, Raw] | None:
        """The row with this key."""
        return self.rows.get(_place_all(key))

    def write(self, how: str, row: dict[str, Raw]) -> None:
        """Insert, update or upsert. Columns that the writer does not know stay, or get their default."""
        for name, value in row.items():
            self._check(name, value)
        key = _place_all([row[column] for column in self.key])
        before = self.rows.get(key)
        if how == "insert" and before is not None:
            raise WriteRefused("row-exists", None, f"insert in {self.name}")
        if how == "update" and before is None:
            raise WriteRefused("row-missing", None, f"update in {self.name}")
        whole = {name: (before or {}).get(name, self.default(name)) for name in self.columns}
        whole.update(row)
        for index in self.indexes.values():
            values = [whole[column] for column in index["columns"]]
            # As in SQL, null differs from everything, itself included.
            if index.get("unique") and None not in values:
                for other_key, other in self.rows.items():
                    if other_key != key and [other[column] for column in index["columns"]] == values:
                        raise WriteRefused("unique-violated", index["name"], f"{how} in {self.name}")
        self.rows[key] = whole

    def delete(self, key: Row) -> None:
        """Takes a row away."""
        if self.rows.pop(_place_all(key), None) is None:
            raise WriteRefused("row-missing", None, f"delete in {self.name}")

    def find(self, search: Search) -> tuple[list[dict[str, Raw]], bytes | None]:
        """The rows of a read, in the order of the key or index, then of the key."""
        columns = self.key if search.index is None else list(self._index(search.index)["columns"])
        order = columns + self.key
        start = len(search.prefix)
        rest = columns[start:]
        found = [
            row for row in self.rows.values()
            if [row[c] for c in columns[:start]] == search.prefix
            and _within(row, rest, search.lower, lambda a, b: a > b) and _within(row, rest, search.upper, lambda a, b: a < b)
        ]

        def where(row: dict[str, Raw]) -> tuple[tuple[int, Any], ...]:
            return _place_all([row[column] for column in order])

        found.sort(key=where, reverse=search.descending)
        if search.after is not None:
            skip = [bytes.fromhex(v["hex"]) if isinstance(v, dict) else v for v in json.loads(search.after)]
            last = _place_all(skip)
            found = [row for row in found if (where(row) < last if search.descending else where(row) > last)]
        if search.limit is None or len(found) < search.limit or not search.limit:
            return found, None
        found = found[: search.limit]
        ends = [found[-1][column] for column in order]
        return found, json.dumps([{"hex": v.hex()} if isinstance(v, bytes) else v for v in ends]).encode()

    def _index(self, name: str) -> Mapping[str, Any]:
        if name not in self.indexes:
            raise Fault(f"{self.name} has no index {name}")
        return self.indexes[name]

    def _check(self, name: str, value: Raw) -> None:
        column = self.columns[name]
        if value is None:
            if not column.get("nullable"):
                raise Fault(f"{self.name}.{name} is not nullable, and was given none: write Optional[...]")
        elif not isinstance(value, KINDS[column["kind"]]):
            raise Fault(f"{self.name}.{name} is {column['kind']}, and was given {value!r}")
        elif isinstance(value, int) and not I64_MIN <= value <= I64_MAX:
            raise Fault(f"{self.name}.{name}: {value} has more than 64 bits")
        elif isinstance(value, float) and not math.isfinite(value):
            raise Fault(f"{self.name}.{name}: a real is finite")


def _within(
    row: Mapping[str, Raw], columns: Sequence[str], bound: Bound | None, beyond: Callable[[Any, Any], bool]
) -> bool:
    if bound is None:
        return True
    # As SQL compares row values: the first pair that differs decides, and a null decides nothing.
    for column, limit in zip(columns, bound.values, strict=False):
        value = row[column]
        if value is None or limit is None:
            return False
        if place(value) != place(limit):
            return beyond(place(value), place(limit))
    return bound.inclusive


def query(tables: Mapping[str, MemoryTable], sql: str, parameters: Row) -> tuple[list[str], list[Row]]:
    """One SELECT over the tables, in an SQLite of its own."""
    connection = sqlite3.connect(":memory:")
    try:
        for name, table in tables.items():
            columns = ", ".join(f"{c} {d['kind']}" for c, d in table.columns.items())
            quoted = name.replace(".", "_")
            connection.execute(f"CREATE TABLE {quoted} ({columns}) STRICT")
            marks = ", ".join("?" for _ in table.columns)
            connection.executemany(
                f"INSERT INTO {quoted} VALUES ({marks})", [[row[c] for c in table.columns] for row in table.rows.values()]
            )
        connection.execute("PRAGMA query_only = 1")
        cursor = connection.execute(sql, parameters)
        return [d[0] for d in cursor.description], [list(row) for row in cursor.fetchall()]
    finally:
        connection.close()
