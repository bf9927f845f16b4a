"""`Plugin`: what a version declares, which function handles what, and how an error of a handler is told."""

from __future__ import annotations

import dataclasses
import datetime
import inspect
import re
import typing
from collections.abc import Callable, Iterator, Sequence
from types import TracebackType
from typing import Any, TypeVar

from . import declare, guard
from .cx import Creation, Materialization
from .failures import Failed, Fault, Rejected
from .records import Command, Event, Host, NewEvent
from .values import read_json, write_json

TRACE_LINES_MAX = 20
"""A recursion without an end has a thousand."""

_NAME = re.compile(r"[a-z][a-z0-9]*", re.ASCII)

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
        if not _NAME.fullmatch(name):
            raise TypeError(f"{name!r} is no name of a plugin: small letters and digits, a letter first")
        for date, what in ((version, "version"), (extends, "extends")):
            if date is not None and not _is_date(date):
                raise TypeError(f"{name}: {what} {date!r} is no date: write it as 2020-01-31")
        if extends is not None and extends >= version:
            raise TypeError(f"{name}@{version} extends {extends}, which is not before it")
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
        _register(self._materializers, self._declare_event(cls), handler)
        return handler

    def create(self, handler: F) -> F:
        """Registers a creator, `def (c: Command[T], cx)`, which returns a list of events or rejects."""
        cls = _handled(handler, Command)
        full = f"{self.name}.{declare.payload_of(cls, 'command').name}"
        self.commands[full] = cls
        _register(self._creators, full, handler)
        return handler

    def type_of(self, event: Any) -> str:
        """The full type of this event's class: `plugin.Name`."""
        declared = declare.payload_of(event, "event")
        return f"{declared.plugin or self.name}.{declared.name}"

    def _declare_event(self, cls: type) -> str:
        full = self.type_of(cls)
        known = self.events.setdefault(full, cls)
        if known is not cls:
            raise TypeError(f"{full} is declared twice: by {known.__qualname__} and by {cls.__qualname__}; keep one")
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
            cx = Materialization(host, self)
            cx._original = event
            data = declare.payload_from_json(cls, read_json(event.data))
            handler(dataclasses.replace(event, data=data), cx)

        self._guarded(handler, call, may_reject=False)

    def run_creator(self, command: Command[str], host: Host) -> list[NewEvent]:
        """Answers the command. The events' data is JSON text. Raises `Rejected` and `Failed`, and nothing else."""
        handler, cls = self._creators[command.type], self.commands[command.type]

        def call() -> list[NewEvent]:
            cx = Creation(host, self)
            cx._original = command
            data = declare.payload_from_json(cls, read_json(command.data))
            answer = handler(dataclasses.replace(command, data=data), cx)
            if not isinstance(answer, (list, tuple, Iterator)):
                got = "nothing" if answer is None else repr(answer)[:80]
                raise Fault(f"{handler.__name__} returned {got}: a creator returns a list of events, [] where there are none")
            return [self._written(event) for event in answer]

        return typing.cast("list[NewEvent]", self._guarded(handler, call, may_reject=True))

    def _written(self, event: Any) -> NewEvent:
        new = event if isinstance(event, NewEvent) else NewEvent(event)
        if hasattr(new.data, "__daybook_payload__") and not isinstance(new.data, type):
            full = self.type_of(new.data)
            if full not in self.events and self.extends is None:
                raise Fault(f"{full} is not declared: write a materializer for it, or Plugin(events=[{type(new.data).__name__}])")
            return dataclasses.replace(new, type=full, data=write_json(declare.payload_to_json(new.data)))
        if new.type is None:
            raise Fault(f"{declare.named(new.data)} is no event: put @event before its class, and return values of it")
        return dataclasses.replace(new, data=write_json(new.data))

    def _guarded(self, handler: Callable[..., Any], call: Callable[[], Any], may_reject: bool) -> Any:
        guard.harden(handler)
        try:
            with guard.active():
                try:
                    return call()
                finally:
                    guard.flush()
        except Failed:
            raise
        except Rejected as rejected:
            if may_reject:
                raise
            message = f"a materializer cannot reject, and did: {rejected}; call fail()"
            raise Failed("exception", message, trace=trace_of(rejected)) from rejected
        except (Exception, SystemExit) as error:
            raise Failed("exception", told(error), trace=trace_of(error) or _place(handler)) from error


def told(error: BaseException) -> str:
    """What an exception that nobody caught says: its name, what happened, and the way out where Python does not say it."""
    name, text = type(error).__name__, str(error)
    if isinstance(error, Fault):
        return text
    for kind, part, advice in _ADVICE:
        if isinstance(error, kind) and part in text:
            return f"{name}: {text or part}{advice}"
    return f"{name}: {text}" if text else name


_ADVICE: tuple[tuple[type[BaseException], str, str], ...] = (
    (AttributeError, "'NoneType' object has no attribute", ": cx.get gives None where there is no such row"),
    (AttributeError, "'Materialization' object has no attribute", ": a materializer has get, find, each, query, insert, update, "
     "upsert, delete, enqueue, previous and log; the time is e.time"),
    (AttributeError, "'Creation' object has no attribute", ": a creator has get, find, each, query, now, make_id, previous and "
     "log; it returns events, and materializers write what they mean"),
    (RecursionError, "", ": a function calls itself without an end, or over too many rows; write a loop"),
    (MemoryError, "", "out of memory: a component has 128 MB; read rows with cx.each, and keep sums instead of lists"),
    (SystemExit, "", ": a handler ends with return, fail(...) or reject(...)"),
)


def _is_date(text: str) -> bool:
    try:
        return datetime.date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False


def _register(handlers: dict[str, Callable[..., Any]], full: str, handler: Callable[..., Any]) -> None:
    known = handlers.setdefault(full, handler)
    if known is not handler:
        raise TypeError(f"{full} is handled twice: by {known.__qualname__} and by {handler.__qualname__}; keep one")


def trace_of(error: BaseException) -> str:
    """Files and lines of the author's source, innermost first."""
    lines: list[str] = []
    step: TracebackType | None = error.__traceback__
    while step is not None:
        code, path = step.tb_frame.f_code, step.tb_frame.f_code.co_filename
        module = str(step.tb_frame.f_globals.get("__name__", ""))
        if not module.startswith(("daybook_sdk", "importlib")):
            lines.append(f"{path.rpartition('/')[2]}:{step.tb_lineno} in {code.co_qualname}")
        step = step.tb_next
    lines.reverse()
    if len(lines) > TRACE_LINES_MAX:
        lines[TRACE_LINES_MAX - 1 : -1] = [f"… {len(lines) - TRACE_LINES_MAX} more"]
    return "\n".join(lines)


def _place(handler: Callable[..., Any]) -> str:
    """Where the handler is, for what no line of it does."""
    code = inspect.unwrap(handler).__code__
    return f"{code.co_filename.rpartition('/')[2]}:{code.co_firstlineno} in {code.co_qualname}"


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
