"""`Plugin`: what a version declares, which function handles what, and how an error of a handler is told."""

from __future__ import annotations

import dataclasses
import inspect
import typing
from collections.abc import Callable, Sequence
from types import TracebackType
from typing import Any, TypeVar

from . import declare, guard
from .cx import Creation, Materialization
from .failures import Failed, Rejected
from .records import Command, Event, Host, NewEvent
from .values import read_json, write_json

TRACE_LINES_MAX = 20
"""A recursion without an end has a thousand."""

F = TypeVar("F", bound=Callable[..., Any])


class Plugin:
    """One version of a plugin.

    `events` are those that creators emit and no materializer here handles. `reads` are other plugins' tables. `sql` lets
    handlers ask in SQL.
    """

    def __init__(
        self, name: str, version: str, *, changes: Sequence[str] = (), tables: Sequence[type] = (),
        extends: str | None = None, description: str = "", reads: Sequence[type] = (), events: Sequence[type] = (),
        tasks: Sequence[type] = (), sql: bool = False,
    ) -> None:
        self.name, self.version, self.extends, self.sql = name, version, extends, sql
        self.changes, self.description = list(changes), description
        self.tables = [declare.table_of(t) for t in tables]
        self.reads = [declare.table_of(t) for t in reads]
        self.tasks = [declare.payload_of(t, "task") for t in tasks]
        self.events: dict[str, type] = {}
        self.commands: dict[str, type] = {}
        self._materializers: dict[str, Callable[..., Any]] = {}
        self._creators: dict[str, Callable[..., Any]] = {}
        for event in events:
            self._declare_event(event)

    @property
    def materializes(self) -> bool:
        """It has materializers."""
        return bool(self._materializers)

    @property
    def creates(self) -> bool:
        """It has creators."""
        return bool(self._creators)

    def materialize(self, handler: F) -> F:
        """Registers a materializer, `def (e: Event[T], cx)`."""
        cls = _handled(handler, Event)
        self._materializers[self._declare_event(cls)] = handler
        return handler

    def create(self, handler: F) -> F:
        """Registers a creator, `def (c: Command[T], cx)`, which returns a list of events or rejects."""
        cls = _handled(handler, Command)
        full = f"{self.name}.{declare.payload_of(cls, 'command').name}"
        self.commands[full] = cls
        self._creators[full] = handler
        return handler

    def type_of(self, event: Any) -> str:
        """The full type of this event's class: `plugin.Name`."""
        declared = declare.payload_of(event, "event")
        return f"{declared.plugin or self.name}.{declared.name}"

    def _declare_event(self, cls: type) -> str:
        full = self.type_of(cls)
        known = self.events.setdefault(full, cls)
        if known is not cls:
            raise TypeError(f"{full} is declared twice: by {known.__qualname__} and by {cls.__qualname__}")
        return full

    def manifest(self) -> dict[str, Any]:
        """The document that `describe` returns."""
        own = {full: cls for full, cls in self.events.items() if full.startswith(self.name + ".")}
        return {
            "format": 1,
            "plugin": self.name,
            "version": self.version,
            "extends": self.extends,
            "description": self.description,
            "changes": self.changes,
            "tables": [table.manifest() for table in self.tables],
            "reads": [
                {"plugin": t.plugin, "table": t.name, "columns": [f.name for f in t.fields]} for t in self.reads
            ],
            "events": [_declared(full, cls, False) for full, cls in own.items()],
            "materializes": list(self._materializers),
            "commands": [
                _declared(full, cls, declare.payload_of(cls, "command").closed) for full, cls in self.commands.items()
            ],
            "tasks": [{"name": t.name, "description": t.description} for t in self.tasks],
        }

    def run_materializer(self, event: Event[str], host: Host) -> None:
        """Materializes the event, whose data is JSON text. Raises `Failed`, and nothing else."""
        handler, cls = self._materializers[event.type], self.events[event.type]

        def call() -> None:
            cx = Materialization(host, self.name, self.sql)
            cx._original = event
            data = declare.payload_from_json(cls, read_json(event.data))
            handler(dataclasses.replace(event, data=data), cx)

        self._guarded(handler, call, may_reject=False)

    def run_creator(self, command: Command[str], host: Host) -> list[NewEvent]:
        """Answers the command. The events' data is JSON text. Raises `Rejected` and `Failed`, and nothing else."""
        handler, cls = self._creators[command.type], self.commands[command.type]

        def call() -> list[NewEvent]:
            cx = Creation(host, self.name, self.sql)
            cx._original = command
            data = declare.payload_from_json(cls, read_json(command.data))
            return [self._written(event) for event in handler(dataclasses.replace(command, data=data), cx) or ()]

        return typing.cast("list[NewEvent]", self._guarded(handler, call, may_reject=True))

    def _written(self, event: Any) -> NewEvent:
        new = event if isinstance(event, NewEvent) else NewEvent(event)
        if hasattr(new.data, "__daybook_payload__"):
            return dataclasses.replace(
                new, type=self.type_of(new.data), data=write_json(declare.payload_to_json(new.data))
            )
        if new.type is None:
            raise TypeError(f"{new.data!r} is no event: put @event before its class")
        return dataclasses.replace(new, data=write_json(new.data))

    def _guarded(self, handler: Callable[..., Any], call: Callable[[], Any], may_reject: bool) -> Any:
        guard.harden(handler)
        try:
            with guard.active():
                return call()
        except Failed:
            raise
        except Rejected as rejected:
            if may_reject:
                raise
            message = f"a materializer cannot reject, and did: {rejected}; call fail()"
            raise Failed("exception", message, trace=trace_of(rejected)) from rejected
        except (Exception, SystemExit) as error:
            raise Failed("exception", f"{type(error).__name__}: {error}", trace=trace_of(error)) from error


def trace_of(error: BaseException) -> str:
    """Files and lines of the author's source, innermost first."""
    lines: list[str] = []
    step: TracebackType | None = error.__traceback__
    while step is not None:
        code, path = step.tb_frame.f_code, step.tb_frame.f_code.co_filename
        if not str(step.tb_frame.f_globals.get("__name__", "")).startswith("daybook_sdk"):
            lines.append(f"{path.rpartition('/')[2]}:{step.tb_lineno} in {code.co_qualname}")
        step = step.tb_next
    lines.reverse()
    if len(lines) > TRACE_LINES_MAX:
        lines[TRACE_LINES_MAX - 1 : -1] = [f"… {len(lines) - TRACE_LINES_MAX} more"]
    return "\n".join(lines)


def _declared(full: str, cls: type, closed: bool) -> dict[str, Any]:
    description = cls.__daybook_payload__.description  # type: ignore[attr-defined]
    return {"name": full, "description": description, "schema": declare.payload_schema(cls, closed)}


def _handled(handler: Callable[..., Any], record: Any) -> type:
    role = record.__name__
    parameters = list(inspect.signature(handler).parameters)
    hints = typing.get_type_hints(handler)
    hint = hints.get(parameters[0]) if parameters else None
    if typing.get_origin(hint) is not record or len(parameters) != 2:
        raise TypeError(
            f"{handler.__qualname__} is no handler: write def {handler.__name__}({role[0].lower()}: {role}[…], cx)"
        )
    declare.payload_of(typing.get_args(hint)[0], role.lower())
    return typing.cast(type, typing.get_args(hint)[0])
