"""The decorators `@table`, `@event`, `@command`, `@task` and `@payload`, and what they remember of a class."""

from __future__ import annotations

import dataclasses
import re
import typing
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar, cast, dataclass_transform

from .failures import Fault
from .values import Codec, Raw, codec

C = TypeVar("C", bound=type)


@dataclasses.dataclass(frozen=True)
class Field:
    """One field of a declared class."""

    name: str
    codec: Codec
    default: Any  # dataclasses.MISSING: it has none


@dataclasses.dataclass(frozen=True)
class Payload:
    """What is declared of an event, a command, a task, or a part of one."""

    role: str
    name: str
    plugin: str | None
    description: str
    closed: bool
    fields: tuple[Field, ...]


@dataclasses.dataclass(frozen=True)
class Table:
    """What is declared of a table."""

    name: str
    plugin: str | None
    fields: tuple[Field, ...]
    key: tuple[str, ...]
    indexes: Mapping[str, tuple[str, ...]]
    unique: Mapping[str, tuple[str, ...]]

    def manifest(self) -> dict[str, Any]:
        """The table as the manifest lists it."""
        indexes: list[dict[str, Any]] = [{"name": n, "columns": list(c)} for n, c in self.indexes.items()]
        indexes += [{"name": n, "columns": list(c), "unique": True} for n, c in self.unique.items()]
        return {
            "name": self.name,
            "columns": [_column(field) for field in self.fields],
            "primary_key": list(self.key),
            "indexes": indexes,
        }

    def to_row(self, value: Any) -> list[Raw]:
        """The values of the row, in the order of the manifest."""
        if len(vars(value)) != len(self.fields):
            _refuse_others(value, self.name, "column", self.fields)
        return [_kept(self, field, getattr(value, field.name)) for field in self.fields]

    def to_key(self, key: Any) -> list[Raw]:
        """The values of a primary key: one value, or a tuple where the key is composite."""
        values = key if isinstance(key, tuple) else (key,)
        if len(values) != len(self.key):
            raise Fault(f"{self.name}: a key has {len(self.key)} values ({', '.join(self.key)}), not {len(values)}")
        return self.encode(self.key, values)

    def encode(self, columns: Sequence[str], values: Sequence[Any]) -> list[Raw]:
        """Values of these columns, as they are kept."""
        by_name = {field.name: field for field in self.fields}
        return [_kept(self, by_name[name], value) for name, value in zip(columns, values, strict=False)]


def _kept(table: Table, field: Field, value: Any) -> Raw:
    if value is None and not field.codec.nullable and field.codec.format != "json":
        raise Fault(f"{table.name}.{field.name}: None, and the column is not nullable: write Optional[...] at its declaration")
    try:
        return field.codec.to_raw(value)
    except Fault as error:
        raise Fault(f"{table.name}.{field.name}: {error}") from None


def _refuse_others(value: Any, name: str, what: str, fields: Sequence[Field]) -> None:
    names = [field.name for field in fields]
    for other in vars(value):
        if other not in names:
            raise Fault(f"{name} has no {what} {other}: it has {', '.join(names)}; declare it in the class, or take a variable")


def _column(field: Field) -> dict[str, Any]:
    column: dict[str, Any] = {"name": field.name, "kind": field.codec.kind}
    if field.codec.format is not None:
        column["format"] = field.codec.format
    if field.codec.nullable:
        column["nullable"] = True
    if field.default is not dataclasses.MISSING and field.default is not None:
        raw = field.codec.to_raw(field.default)
        column["default"] = {"hex": raw.hex()} if isinstance(raw, bytes) else raw
    return column


_NAME = re.compile(r"[a-z][a-z0-9_]*", re.ASCII)


def _snake(name: str) -> str:
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower()


def _fields(cls: type) -> tuple[Field, ...]:
    hints = typing.get_type_hints(cls, include_extras=True)
    return tuple(
        Field(f.name, codec(hints[f.name], f"{cls.__name__}.{f.name}"), f.default) for f in dataclasses.fields(cls)
    )


def _description(cls: type) -> str:
    # Before `dataclass` sees it, since that writes a signature where there is no text.
    return " ".join((cls.__doc__ or "").split("\n\n")[0].split())


@dataclass_transform()
def table(
    cls: C | None = None, /, *, name: str | None = None, plugin: str | None = None,
    index: Mapping[str, Sequence[str]] | None = None, unique: Mapping[str, Sequence[str]] | None = None,
) -> Any:
    """A class whose fields are columns. `plugin` names the owner of a table that is only read."""

    def decorate(cls: C) -> C:
        made: Any = dataclasses.dataclass(cls)
        fields = _fields(made)
        for field in fields:
            if field.codec.kind is None:
                raise TypeError(f"{cls.__name__}.{field.name}: lists and dicts are for payloads; a column takes Json")
        key = tuple(field.name for field in fields if field.codec.key)
        if not key and plugin is None:
            raise TypeError(f"{cls.__name__} has no key: write `id: KeyOf[int]`")
        for called, what in [(name or _snake(cls.__name__), "table"), *((field.name, "column") for field in fields)]:
            if not _NAME.fullmatch(called):
                raise TypeError(f"{cls.__name__}: {called!r} is no name of a {what}: small letters, digits and _, a letter first")
        for columns in [*(index or {}).values(), *(unique or {}).values()]:
            for column in columns:
                if column not in {field.name for field in fields}:
                    raise TypeError(
                        f"{cls.__name__} has no column {column} for an index: it has {', '.join(f.name for f in fields)}"
                    )
        made.__daybook_table__ = Table(
            name or _snake(cls.__name__), plugin, fields, key,
            {n: tuple(c) for n, c in (index or {}).items()}, {n: tuple(c) for n, c in (unique or {}).items()},
        )
        return cast(C, made)

    return decorate if cls is None else decorate(cls)


def _payload(role: str, cls: Any, name: str | None, type_: str | None, closed: bool) -> Any:
    def decorate(cls: C) -> C:
        description = _description(cls)
        made: Any = dataclasses.dataclass(cls)
        plugin, _, own = (type_ or name or cls.__name__).rpartition(".")
        made.__daybook_payload__ = Payload(
            role, own, plugin or None, description, closed, _fields(made)
        )
        return cast(C, made)

    return decorate if cls is None else decorate(cls)


@dataclass_transform()
def event(cls: C | None = None, /, *, name: str | None = None, type: str | None = None) -> Any:
    """An event. `type="bank.Deposited"` is another plugin's."""
    return _payload("event", cls, name, type, False)


@dataclass_transform()
def command(cls: C | None = None, /, *, name: str | None = None, open: bool = False) -> Any:
    """A command. The host refuses members that it does not name, unless it is `open`."""
    return _payload("command", cls, name, None, not open)


@dataclass_transform()
def task(cls: C | None = None, /, *, kind: str | None = None) -> Any:
    """A side effect that a materializer may ask for."""

    def decorate(cls: C) -> C:
        made: C = _payload("task", cls, kind or _snake(cls.__name__), None, False)
        return made

    return decorate if cls is None else decorate(cls)


@dataclass_transform()
def payload(cls: C | None = None, /) -> Any:
    """A part of an event, a command or a task."""
    return _payload("part", cls, None, None, False)


def named(cls: Any) -> str:
    """A class or a value, as messages show it."""
    return cls.__name__ if isinstance(cls, type) else repr(cls)[:80]


def table_of(cls: Any) -> Table:
    """What is declared of this table's class, or of this row's."""
    declared = getattr(cls, "__daybook_table__", None)
    if not isinstance(declared, Table):
        raise TypeError(f"{named(cls)} is no table: put @table before its class")
    return declared


def payload_of(cls: Any, role: str) -> Payload:
    """What is declared of this class, or of this value's, which has to be an event, a command, or as `role` says."""
    declared = getattr(cls, "__daybook_payload__", None)
    if not isinstance(declared, Payload) or declared.role != role:
        raise TypeError(f"{named(cls)} is no {role}: put @{role} before its class")
    return declared


def payload_schema(cls: Any, closed: bool) -> dict[str, Any]:
    """The JSON Schema (2020-12) of the payload."""
    declared: Payload = cls.__daybook_payload__
    schema: dict[str, Any] = {
        "type": "object",
        "properties": {field.name: _with_default(field) for field in declared.fields},
        "required": [
            f.name for f in declared.fields if f.default is dataclasses.MISSING and not f.codec.nullable
        ],
    }
    if declared.description:
        schema["description"] = declared.description
    if closed:
        schema["additionalProperties"] = False
    return schema


def _with_default(field: Field) -> dict[str, Any]:
    if field.default is dataclasses.MISSING:
        return field.codec.schema
    return {**field.codec.schema, "default": field.codec.to_json(field.default)}


def payload_to_json(value: Any) -> dict[str, Any]:
    """The payload as JSON values."""
    declared: Payload = value.__daybook_payload__
    if len(vars(value)) != len(declared.fields):
        _refuse_others(value, declared.name, "field", declared.fields)
    return {field.name: _member(declared, field, getattr(value, field.name)) for field in declared.fields}


def _member(declared: Payload, field: Field, value: Any) -> Any:
    try:
        return field.codec.to_json(value)
    except Fault as error:
        raise Fault(f"{declared.name}.{field.name}: {error}") from None


def payload_from_json(cls: Callable[..., Any], members: Mapping[str, Any]) -> Any:
    """The payload of JSON values. Members that it does not name are not read."""
    declared: Payload = cls.__daybook_payload__  # type: ignore[attr-defined]
    values = {}
    for field in declared.fields:
        if field.name in members:
            values[field.name] = field.codec.from_json(members[field.name])
        elif field.default is dataclasses.MISSING and field.codec.nullable:
            values[field.name] = None
    return cls(**values)
