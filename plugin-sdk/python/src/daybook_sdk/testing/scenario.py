"""`Scenario`: a log, the plugin's versions and other plugins' rows, and what is expected of them."""

from __future__ import annotations

import copy
import dataclasses
import uuid
from collections.abc import Sequence
from typing import Any

from .. import declare
from ..failures import Failed, Fault, Rejected
from ..plugin import Plugin
from ..records import Command, Event, NewEvent, Row, Search, TaskRecord, Time
from ..values import read_json, write_json
from . import memory
from .schema import misfit

NAMESPACE = uuid.UUID("6b1f4b0e-5d0c-5b0e-9d57-1d3f7a1c2e10")


class Scenario:
    """Runs a plugin natively. `previous` are the versions below it, the newest first.

    Each step returns the scenario, so that steps can be written one after the other.
    """

    def __init__(self, plugin: Plugin, previous: Sequence[Plugin] = ()) -> None:
        self.chain = [plugin, *previous]
        self.tables: dict[str, memory.MemoryTable] = {}
        self.events: list[Event[str]] = []
        self.tasks: list[TaskRecord] = []
        self.logged: list[tuple[str, str]] = []
        self.rejected: Rejected | None = None
        self.failed: Failed | None = None
        self.answer: list[NewEvent] = []
        self._time, self._subject, self._actor = Time.of("2020-01-01T00:00:00Z"), None, None
        self._version: str | None = None
        self._commands = 0
        for version in reversed(self.chain):
            for table in version.tables:
                self._add(f"{version.name}.{table.name}", table.manifest())
            for table in version.reads:
                # The owner's key is not known to who only reads; a key of all columns keeps the rows apart.
                manifest = table.manifest()
                manifest["primary_key"] = manifest["primary_key"] or [f.name for f in table.fields]
                self._add(f"{table.plugin}.{table.name}", manifest)

    def _add(self, name: str, manifest: dict[str, Any]) -> None:
        if name in self.tables:
            self.tables[name].extend(manifest)
        else:
            self.tables[name] = memory.MemoryTable(name, manifest)

    # Before

    def at(self, time: str) -> Scenario:
        """The time of what follows: a day, or RFC 3339."""
        self._time = Time.of(time if "T" in time else f"{time}T00:00:00Z")
        return self

    def about(self, subject: str | None) -> Scenario:
        """The subject of what follows."""
        self._subject = subject  # type: ignore[assignment]
        return self

    def by(self, actor: str | None) -> Scenario:
        """Who asks for the commands that follow."""
        self._actor = actor  # type: ignore[assignment]
        return self

    def stamped(self, version: str) -> Scenario:
        """The version that the events which follow were first handled by."""
        self._version = version
        return self

    def with_row(self, row: Any) -> Scenario:
        """A row that is there, another plugin's too."""
        declared = declare.table_of(row)
        self._table(row).write("upsert", dict(zip([f.name for f in declared.fields], declared.to_row(row), strict=True)))
        return self

    # Steps

    def given(self, event: Any) -> Scenario:
        """An event of the log, which has to be materialized."""
        written = self._written(event)
        try:
            self._fits(written)
        except Failed as failed:
            raise AssertionError(failed.message) from None
        self._materialize(written)
        if self.failed is not None:
            raise AssertionError(f"an event that was given failed: {self.failed}\n{self.failed.trace or ''}")
        return self

    def given_json(self, type: str, data: str) -> Scenario:
        """An event as it stands in the log, perhaps of an older form."""
        self._materialize(NewEvent(data, self._subject, {}, type))
        if self.failed is not None:
            raise AssertionError(f"an event that was given failed: {self.failed}\n{self.failed.trace or ''}")
        return self

    def when_event(self, event: Any) -> Scenario:
        """An event that may fail."""
        self._materialize(self._written(event))
        return self

    def when(self, command: Any) -> Scenario:
        """A command. Its events are materialized; where one fails, nothing is kept."""
        self.rejected, self.failed, self.answer = None, None, []
        declared = declare.payload_of(command, "command")
        self._commands += 1
        record = Command(
            str(uuid.uuid5(NAMESPACE, str(self._commands))), f"{self.chain[0].name}.{declared.name}", self._subject,
            self._time, self._actor, {}, write_json(declare.payload_to_json(command)),
        )
        wrong = misfit(declare.payload_schema(type(command), declared.closed), read_json(record.data))
        if wrong:
            raise AssertionError(f"payload of '{record.type}' does not fit its schema {wrong}")
        kept = copy.deepcopy((self.tables, self.events, self.tasks))
        try:
            answered = _Host(self, 0, record).create(record)
            for event in answered:
                self._fits(event)
            self.answer = answered
        except Rejected as rejected:
            self.rejected = rejected
        except Failed as failed:
            self.failed = failed
        answer = self.answer
        for event in answer:
            # An event without a subject inherits the command's.
            self._materialize(dataclasses.replace(event, subject=event.subject or self._subject))
            if self.failed is not None:
                self.tables, self.events, self.tasks = kept
                break
        self.answer = answer
        return self

    def _written(self, event: Any) -> NewEvent:
        new = event if isinstance(event, NewEvent) else NewEvent(event, self._subject)
        data = write_json(declare.payload_to_json(new.data))
        return dataclasses.replace(new, type=self.chain[0].type_of(new.data), data=data)

    def _fits(self, event: NewEvent) -> None:
        for version in self.chain:
            if event.type in version.events:
                wrong = misfit(declare.payload_schema(version.events[event.type], False), read_json(event.data))
                if wrong:
                    raise Failed("payload-does-not-fit", f"payload of '{event.type}' does not fit its schema {wrong}")
                return

    def _materialize(self, new: NewEvent) -> None:
        self.rejected, self.failed, self.answer = None, None, []
        seq = len(self.events) + 1
        event = Event(
            seq, str(uuid.uuid5(NAMESPACE, f"event {seq}")), "/tests", str(new.type), new.subject, self._time,
            self._version or self.chain[0].version, dict(new.attributes), str(new.data),
        )
        kept = copy.deepcopy((self.tables, self.tasks))
        try:
            _Host(self, 0, None).materialize(event)
        except Failed as failed:
            self.failed = failed
            self.tables, self.tasks = kept
            return
        self.events.append(event)

    # Checks

    def then_events(self, *events: Any) -> Scenario:
        """The command was answered with just these. A subject is compared where one is given with `about`."""
        self._no_error()
        wanted = [self._written(event) for event in events]
        got = [(e.type, read_json(e.data)) for e in self.answer]
        assert got == [(e.type, read_json(e.data)) for e in wanted], f"the answer was {got}"
        for event, new, answered in zip(events, wanted, self.answer, strict=True):
            if isinstance(event, NewEvent):
                assert answered.subject == new.subject, f"the subject is {answered.subject}, not {new.subject}"
        return self

    def then_rejected(self, code: str) -> Scenario:
        """The command was rejected with this code."""
        assert self.rejected is not None, f"not rejected: {self.failed or self.answer}"
        assert self.rejected.code == code, f"rejected: {self.rejected}"
        return self

    def then_failed(self, code: str) -> Scenario:
        """The handler failed with this code. An uncaught exception has the code `exception`."""
        assert self.failed is not None, f"not failed: {self.rejected or self.answer}"
        assert self.failed.code == code, f"failed: {self.failed}\n{self.failed.trace or ''}"
        return self

    def then_row(self, row: Any) -> Scenario:
        """This row is there."""
        declared = declare.table_of(row)
        key = tuple(getattr(row, column) for column in declared.key)
        got = self.row(type(row), key)
        assert got == row, f"the row is {got}, not {row}"
        return self

    def then_no_row(self, table: type, key: Any) -> Scenario:
        """There is no row with this key."""
        got = self.row(table, key)
        assert got is None, f"there is {got}"
        return self

    def then_rows(self, *rows: Any) -> Scenario:
        """The table of these has just these rows, in the order of the key."""
        got = self.rows(type(rows[0]))
        assert got == list(rows), f"the rows are {got}"
        return self

    def then_tasks(self, *tasks: Any) -> Scenario:
        """Just these tasks were asked for, in all."""
        wanted = [(declare.payload_of(t, "task").name, write_json(declare.payload_to_json(t))) for t in tasks]
        got = [(t.kind, t.data) for t in self.tasks]
        assert got == wanted, f"the tasks are {got}"
        return self

    def then_logged(self, text: str) -> Scenario:
        """A line with this text was logged."""
        assert any(text in line for _, line in self.logged), f"the log is {self.logged}"
        return self

    def row(self, table: type, key: Any) -> Any:
        """The row with this key, for checks of your own."""
        declared = declare.table_of(table)
        row = self._table(table).get(declared.to_key(key))
        return None if row is None else _author_row(table, row)

    def rows(self, table: type) -> list[Any]:
        """All rows of a table, in the order of the key."""
        search = Search(None, [], None, None, False, None, None)
        return [_author_row(table, row) for row in self._table(table).find(search)[0]]

    def _table(self, table: Any) -> memory.MemoryTable:
        declared = declare.table_of(table)
        name = f"{declared.plugin or self.chain[0].name}.{declared.name}"
        if name not in self.tables:
            raise Fault(f"{name} is no table of this plugin: name it in tables=[...] or reads=[...]")
        return self.tables[name]

    def _no_error(self) -> None:
        if self.rejected is not None:
            raise AssertionError(f"rejected: {self.rejected}")
        if self.failed is not None:
            raise AssertionError(f"failed: {self.failed}\n{self.failed.trace or ''}")


def _author_row(table: Any, row: dict[str, Any]) -> Any:
    return table(**{f.name: f.codec.from_raw(row[f.name]) for f in declare.table_of(table).fields})


class _Host:
    """What a handler of one version of the chain asks."""

    def __init__(self, scenario: Scenario, depth: int, command: Command[str] | None, made: list[int] | None = None) -> None:
        self.scenario, self.depth, self.command = scenario, depth, command
        self.made = [0] if made is None else made  # Shared with the versions below: no id is made twice.
        self.plugin = scenario.chain[depth]

    def materialize(self, event: Event[str]) -> None:
        """Runs the first version from here down that handles the type."""
        for depth in range(self.depth, len(self.scenario.chain)):
            version = self.scenario.chain[depth]
            if event.type in version._materializers:
                version.run_materializer(event, _Host(self.scenario, depth, self.command, self.made))
                return

    def create(self, command: Command[str]) -> list[NewEvent]:
        """Asks the first version from here down that answers the type."""
        for depth in range(self.depth, len(self.scenario.chain)):
            version = self.scenario.chain[depth]
            if command.type in version._creators:
                return version.run_creator(command, _Host(self.scenario, depth, command, self.made))
        raise Failed("no-creator-below", f"no version answers {command.type}")

    def _columns(self, table: str) -> tuple[memory.MemoryTable, list[str]]:
        foreign = [t for t in self.plugin.reads if f"{t.plugin}.{t.name}" == table]
        own = [t for t in self.plugin.tables if t.name == table]
        full = table if foreign else f"{self.plugin.name}.{table}"
        if not foreign and not own:
            raise Fault(f"{table} is not declared by {self.plugin.name}@{self.plugin.version}: tables=[...] or reads=[...]")
        return self.scenario.tables[full], [field.name for field in (foreign or own)[0].fields]

    def get(self, table: str, key: Row) -> Row | None:
        kept, columns = self._columns(table)
        row = kept.get(key)
        return None if row is None else [row[column] for column in columns]

    def find(self, table: str, search: Search) -> tuple[list[Row], bytes | None]:
        kept, columns = self._columns(table)
        rows, after = kept.find(search)
        return [[row[column] for column in columns] for row in rows], after

    def query(self, sql: str, parameters: Row) -> tuple[list[str], list[Row]]:
        return memory.query(self.scenario.tables, sql, parameters)

    def write(self, how: str, table: str, row: Row) -> None:
        kept, columns = self._columns(table)
        if how == "delete":
            kept.delete(row)
        else:
            kept.write(how, dict(zip(columns, row, strict=True)))

    def enqueue(self, task: TaskRecord) -> None:
        if task.kind not in {declared.name for declared in self.plugin.tasks}:
            raise Fault(f"{task.kind} is no kind of task that is declared: tasks=[...]")
        self.scenario.tasks.append(task)

    def log(self, level: str, message: str) -> None:
        self.scenario.logged.append((level, message))

    def previous_event(self, event: Event[str]) -> None:
        kept = copy.deepcopy((self.scenario.tables, self.scenario.tasks))
        try:
            _Host(self.scenario, self.depth + 1, self.command, self.made).materialize(event) if self._below() else None
        except Failed:
            self.scenario.tables, self.scenario.tasks = kept
            raise

    def previous_command(self, command: Command[str]) -> list[NewEvent]:
        if not self._below():
            raise Failed("no-creator-below", f"no version below answers {command.type}")
        return _Host(self.scenario, self.depth + 1, command, self.made).create(command)

    def _below(self) -> bool:
        return self.depth + 1 < len(self.scenario.chain)

    def now(self) -> Time:
        assert self.command is not None
        return self.command.time

    def make_id(self) -> str:
        assert self.command is not None
        self.made[0] += 1
        return str(uuid.uuid5(uuid.UUID(self.command.id), str(self.made[0])))
