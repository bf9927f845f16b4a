"""The component's side: `wit_world`'s classes on one side, `Plugin` on the other. Imported nowhere but in a component."""

from __future__ import annotations

import importlib
from typing import Any

import componentize_py_types as wit_types  # type: ignore[import-not-found]
from wit_world.imports import state  # type: ignore[import-not-found]
from wit_world.imports import types as wit

from .failures import Failed, Rejected, WriteRefused
from .plugin import Plugin
from .records import Bound, Command, Event, NewEvent, Row, Search, TaskRecord, Time
from .values import Raw, read_json, write_json

# Interfaces are there only where the plugin has them; which these are is known when the component is built.
def _imported(name: str) -> Any:
    try:
        return importlib.import_module(f"wit_world.imports.{name}")
    except ImportError:
        return None


state_sql, changes, creating = _imported("state_sql"), _imported("changes"), _imported("creating")

_NULL = wit.Value_Null()


def _value(raw: Raw) -> Any:
    if raw is None:
        return _NULL
    if isinstance(raw, int):
        return wit.Value_Integer(raw)
    if isinstance(raw, float):
        return wit.Value_Real(raw)
    if isinstance(raw, str):
        return wit.Value_Text(raw)
    return wit.Value_Blob(raw)


def _raw(value: Any) -> Raw:
    return None if isinstance(value, wit.Value_Null) else value.value


def _row(values: Any) -> Row:
    return [_raw(value) for value in values]


def _bound(bound: Bound | None) -> Any:
    return None if bound is None else wit.Bound([_value(v) for v in bound.values], bound.inclusive)


def _time(time: Any) -> Time:
    return Time(time.text, time.seconds, time.nanoseconds)


def _timestamp(time: Time) -> Any:
    return wit.Timestamp(time.text, time.seconds, time.nanoseconds)


def _failed(failure: Any) -> Failed:
    return Failed(failure.code, failure.message, _read(failure.details), failure.trace)


def _failure(failed: Failed) -> Any:
    return wit.Failure(failed.code, failed.message, _details(failed.details), failed.trace)


def _read(details: str | None) -> Any:
    return None if details is None else read_json(details)


def _details(details: Any) -> str | None:
    return None if details is None else write_json(details)


class ComponentHost:
    """The host, reached by the component's imports."""

    def get(self, table: str, key: Row) -> Row | None:
        row = state.get(table, [_value(v) for v in key])
        return None if row is None else _row(row)

    def find(self, table: str, search: Search) -> tuple[list[Row], bytes | None]:
        found = state.find(table, wit.Search(
            search.index, None, [_value(v) for v in search.prefix], _bound(search.lower), _bound(search.upper),
            search.descending, search.limit, search.after,
        ))
        return [_row(row) for row in found.rows], found.next

    def query(self, sql: str, parameters: Row) -> tuple[list[str], list[Row]]:
        result = state_sql.query(sql, [_value(v) for v in parameters])
        return result.columns, [_row(row) for row in result.rows]

    def write(self, how: str, table: str, row: Row) -> None:
        try:
            getattr(changes, how)(table, [_value(v) for v in row])
        except wit_types.Err as error:
            raise WriteRefused(error.value.code, error.value.index, f"{how} in {table}") from None

    def enqueue(self, task: TaskRecord) -> None:
        changes.enqueue(wit.Task(task.kind, task.key, task.data, task.not_before, []))

    def log(self, level: str, message: str) -> None:
        (changes or creating).log(wit.Level[level.upper()], message)

    def previous_event(self, event: Event[str]) -> None:
        try:
            changes.previous(wit.Event(
                event.seq, event.id, event.source, event.type, event.subject, _timestamp(event.time), event.version,
                sorted(event.attributes.items()), event.data,
            ))
        except wit_types.Err as error:
            raise _failed(error.value) from None

    def previous_command(self, command: Command[str]) -> list[NewEvent]:
        try:
            events = creating.previous(wit.Command(
                command.id, command.type, command.subject, _timestamp(command.time), command.actor,
                sorted(command.attributes.items()), command.data,
            ))
        except wit_types.Err as error:
            why = error.value.value
            if isinstance(error.value, wit.CreateError_Rejected):
                raise Rejected(why.code, why.message, _read(why.details)) from None
            raise _failed(why) from None
        return [NewEvent(e.data, e.subject, dict(e.attributes), e.event_type) for e in events]

    def now(self) -> Time:
        return _time(creating.now())

    def make_id(self) -> str:
        return str(creating.make_id())


class CreatorHost(ComponentHost):
    """In a component with both, a creator logs by its own interface."""

    def log(self, level: str, message: str) -> None:
        creating.log(wit.Level[level.upper()], message)


def exports(plugin: Plugin) -> dict[str, type]:
    """The classes that componentize-py looks for in the entry module."""
    manifest = write_json(plugin.manifest())

    class Describer:
        def describe(self) -> str:
            return manifest

    class Materializer:
        def materialize(self, event: Any) -> None:
            record = Event(
                event.seq, event.id, event.source, event.event_type, event.subject, _time(event.time), event.version,
                dict(event.attributes), event.data,
            )
            try:
                plugin.run_materializer(record, ComponentHost())
            except Failed as failed:
                raise wit_types.Err(_failure(failed)) from None

    class Creator:
        def create(self, command: Any) -> Any:
            record = Command(
                command.id, command.command_type, command.subject, _time(command.time), command.actor,
                dict(command.attributes), command.data,
            )
            try:
                events = plugin.run_creator(record, CreatorHost())
            except Rejected as no:
                rejection = wit.Rejection(no.code, no.message, _details(no.details))
                raise wit_types.Err(wit.CreateError_Rejected(rejection)) from None
            except Failed as failed:
                raise wit_types.Err(wit.CreateError_Failed(_failure(failed))) from None
            return [wit.NewEvent(e.type, e.subject, sorted(e.attributes.items()), e.data) for e in events]

    found: dict[str, type] = {"Describer": Describer}
    if plugin.materializes:
        found["Materializer"] = Materializer
    if plugin.creates:
        found["Creator"] = Creator
    return found
