"""Types of fields: how each is declared, kept in a column, and written in JSON.

Values cross the contract as `None`, `int`, `float`, `str` or `bytes`. Each `Codec` turns an author's value into those
and back. Whole numbers never pass through a double.
"""

from __future__ import annotations

import base64
import dataclasses
import datetime
import decimal
import enum
import json
import re
import types
import typing
from collections.abc import Callable
from typing import Annotated, Any, Literal, TypeVar, Union

from .failures import Fault

Raw = Union[None, int, float, str, bytes]
"""What a column holds."""

T = TypeVar("T")

I64_MIN, I64_MAX = -(2**63), 2**63 - 1
SCALE_MAX, PRECISION_MAX = 18, 19
"""Digits that the host knows of a column's number: after the point, and in all."""
SHOWN_MAX = 80
"""Characters of a value that a message shows."""


@dataclasses.dataclass(frozen=True)
class Key:
    """Marks a column of the primary key; see `KeyOf`."""


KeyOf = Annotated[T, Key()]
"""A column of the primary key. Several of them make a composite key, in the order of the fields."""


@dataclasses.dataclass(frozen=True)
class Format:
    """The format of a column, as the contract writes it: `money(CZK,2)`."""

    text: str


@dataclasses.dataclass(frozen=True)
class Minimum:
    """The least number that a payload may have here."""

    value: int | float


@dataclasses.dataclass(frozen=True)
class Maximum:
    """The greatest number that a payload may have here."""

    value: int | float


@dataclasses.dataclass(frozen=True)
class MaxLength:
    """The most characters that a text in a payload may have."""

    value: int


@dataclasses.dataclass(frozen=True)
class Pattern:
    """The regular expression that a text in a payload has to match."""

    value: str


@dataclasses.dataclass(frozen=True)
class Description:
    """What a field means, for people."""

    value: str


def money(currency: str, scale: int) -> Format:
    """For type checkers: `Annotated[int, money("CZK", 2)]` is `Money["CZK", 2]`."""
    if not re.fullmatch("[A-Z]{1,8}", currency, re.ASCII):
        raise TypeError(f"Money[{currency!r}, {scale}]: a currency is one to eight capital letters, like CZK")
    if not 0 <= scale <= SCALE_MAX:
        raise TypeError(f"Money[{currency!r}, {scale}]: an amount has 0 to {SCALE_MAX} digits after the point")
    return Format(f"money({currency},{scale})")


class Money:
    """`Money["CZK", 2]`: an amount, as a whole number of the smallest unit."""

    def __class_getitem__(cls, parameters: tuple[str, int]) -> Any:
        currency, scale = parameters
        return Annotated[int, money(currency, scale)]


@dataclasses.dataclass(frozen=True)
class Scaled:
    """A decimal number that is kept as a whole number."""

    precision: int
    scale: int


class Decimal:
    """`Decimal[12, 4]`: a `decimal.Decimal` with at most 12 digits, 4 after the point. A digit more is refused, never rounded."""

    def __class_getitem__(cls, parameters: tuple[int, int]) -> Any:
        precision, scale = parameters
        if not 1 <= precision <= PRECISION_MAX or not 0 <= scale <= min(precision, SCALE_MAX):
            raise TypeError(
                f"Decimal[{precision}, {scale}]: there are 1 to {PRECISION_MAX} digits, of which 0 to {SCALE_MAX} are after the point"
            )
        return Annotated[decimal.Decimal, Scaled(precision, scale)]


Date = datetime.date
"""A day of the calendar, kept as text."""

Uuid = Annotated[str, Format("uuid")]
"""A UUID in text form."""

Json = Annotated[Any, Format("json")]
"""Any JSON value, kept as text with sorted members."""

_RFC3339 = re.compile(
    r"(\d{4})-(\d\d)-(\d\d)[Tt](\d\d):(\d\d):(\d\d)(?:\.(\d{1,9}))?([Zz]|[+-]\d\d:\d\d)", re.ASCII
)
_EPOCH = datetime.date(1970, 1, 1).toordinal()


@dataclasses.dataclass(frozen=True, order=True)
class Instant:
    """A moment: whole nanoseconds since 1970-01-01T00:00:00Z. A column holds the years 1678 to 2261."""

    nanoseconds: int

    @classmethod
    def parse(cls, text: str) -> Instant:
        """RFC 3339, years 0001 to 9999, at most nine digits of a second."""
        match = _RFC3339.fullmatch(text)
        if match is None:
            raise ValueError(f"{text!r} is no time of RFC 3339: write 2020-01-31T12:00:00Z")
        year, month, day, hour, minute, second = (int(match[i]) for i in range(1, 7))
        if hour > 23 or minute > 59 or second > 59:
            raise ValueError(f"{text!r} is no time of the day")
        zone = match[8]
        offset = 0
        if zone not in "Zz":
            offset = (int(zone[1:3]) * 60 + int(zone[4:6])) * (-60 if zone[0] == "-" else 60)
        days = datetime.date(year, month, day).toordinal() - _EPOCH
        seconds = days * 86_400 + hour * 3_600 + minute * 60 + second - offset
        return cls(seconds * 10**9 + int((match[7] or "").ljust(9, "0")))

    @property
    def date(self) -> datetime.date:
        """The day in UTC."""
        return datetime.date.fromordinal(self.nanoseconds // (86_400 * 10**9) + _EPOCH)

    def __str__(self) -> str:
        seconds, fraction = divmod(self.nanoseconds, 10**9)
        hour, rest = divmod(seconds % 86_400, 3_600)
        digits = f".{fraction:09}".rstrip("0") if fraction else ""
        return f"{self.date.isoformat()}T{hour:02}:{rest // 60:02}:{rest % 60:02}{digits}Z"


class _Number(float):
    """A number with a point or an exponent, which remembers its digits."""

    text: str


def _number(text: str) -> _Number:
    number = _Number(text)
    number.text = text
    return number


def read_json(text: str) -> Any:
    """JSON whose whole numbers are exact."""
    return json.loads(text, parse_float=_number)


def write_json(value: Any) -> str:
    """JSON in one line, members sorted; NaN and infinities are refused."""
    return json.dumps(value, ensure_ascii=False, allow_nan=False, sort_keys=True, separators=(",", ":"))


@dataclasses.dataclass(frozen=True)
class Codec:
    """How one type of field is kept and written."""

    kind: str | None
    """The column's kind; none: the type is for payloads alone."""
    format: str | None
    schema: dict[str, Any]
    to_raw: Callable[[Any], Raw]
    from_raw: Callable[[Any], Any]
    to_json: Callable[[Any], Any]
    from_json: Callable[[Any], Any]
    nullable: bool = False
    key: bool = False


def _same(value: Any) -> Any:
    return value


def _shown(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= SHOWN_MAX else text[:SHOWN_MAX] + "…"


def _want(kind: type, name: str, advice: str = "") -> Callable[[Any], Any]:
    def check(value: Any) -> Any:
        if not isinstance(value, kind) or (isinstance(value, bool) and kind is not bool):
            raise Fault(f"{_shown(value)} is no {name}{advice}")
        return value

    return check


def _whole(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise Fault(f"{_shown(value)} is no whole number: write an int")
    if not I64_MIN <= value <= I64_MAX:
        raise Fault(f"{value} is too large: whole numbers have 64 bits, {I64_MIN} to {I64_MAX}; larger ones fit a str")
    return value


def _amount(text: str) -> Callable[[Any], int]:
    def check(value: Any) -> int:
        if isinstance(value, (float, decimal.Decimal)):
            raise Fault(f"{value!r} is no amount: {text} counts the smallest unit in an int, and is never rounded for you")
        return _whole(value)

    return check


def _date(value: Any) -> datetime.date:
    if isinstance(value, datetime.datetime) or not isinstance(value, datetime.date):
        raise Fault(f"{_shown(value)} is no Date: write Date(2020, 1, 31), Date.fromisoformat(text) or e.time.instant.date")
    return value


_instant = _want(Instant, "Instant", ": write Instant.parse(text) or e.time.instant")


def _whole_from_json(value: Any) -> int:
    if isinstance(value, _Number):  # 1.0 and 1e3 are whole numbers to JSON Schema.
        return int(decimal.Decimal(value.text))
    return int(value)


def _real(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise Fault(f"{_shown(value)} is no number: write a float")
    if value != value or value in (float("inf"), float("-inf")):
        advice = "write Optional[float], and None where there is none"
        raise Fault(f"{value} is no number that can be kept: reals are finite; {advice}")
    return float(value)


def _decimal(scaled: Scaled) -> Codec:
    def to_raw(value: Any) -> int:
        number = decimal.Decimal(value) if isinstance(value, int) and not isinstance(value, bool) else value
        if not isinstance(number, decimal.Decimal) or not number.is_finite():
            raise Fault(f"{_shown(value)} is no decimal number: write decimal.Decimal('1.50')")
        if number and number.adjusted() >= scaled.precision - scaled.scale:
            raise Fault(f"{value} has more than {scaled.precision - scaled.scale} digits before the point")
        sign, digits, exponent = number.as_tuple()
        shift = int(exponent) + scaled.scale
        whole = int("".join(map(str, digits)) or "0")
        if shift < 0:
            whole, lost = divmod(whole, 10**-shift)
            if lost:
                raise Fault(f"{value} has more than {scaled.scale} digits after the point: round it first")
        else:
            whole *= 10**shift
        return _whole(-whole if sign else whole)

    def from_raw(value: int) -> decimal.Decimal:
        digits = tuple(map(int, str(abs(value))))
        return decimal.Decimal((int(value < 0), digits, -scaled.scale))

    def to_json(value: Any) -> str:
        return format(from_raw(to_raw(value)), "f")

    point = rf"(\.[0-9]{{1,{scaled.scale}}})?" if scaled.scale else ""
    def from_json(value: Any) -> decimal.Decimal:
        # In events of an older form it may be a number, whose digits are as they were written.
        return decimal.Decimal(value.text if isinstance(value, _Number) else value)

    schema = {"type": "string", "pattern": f"^-?[0-9]{{1,{max(1, scaled.precision - scaled.scale)}}}{point}$"}
    format_text = f"decimal({scaled.precision},{scaled.scale})"
    return Codec("integer", format_text, schema, to_raw, from_raw, to_json, from_json)


def _parse_json(text: str) -> Any:
    return json.loads(text)


_text = _want(str, "text", ": write a str")
_bool = _want(bool, "bool", ": write True or False")
_bytes = _want(bytes, "bytes", ": write bytes")

_PLAIN: dict[Any, Codec] = {
    bool: Codec("integer", "bool", {"type": "boolean"}, lambda v: int(_bool(v)), bool, _bool, _same),
    int: Codec("integer", None, {"type": "integer", "format": "int64"}, _whole, int, _whole, _whole_from_json),
    float: Codec("real", None, {"type": "number"}, _real, float, _real, float),
    str: Codec("text", None, {"type": "string"}, _text, _same, _text, _same),
    bytes: Codec(
        "blob", None, {"type": "string", "contentEncoding": "base64"}, _bytes, bytes,
        lambda v: base64.b64encode(_bytes(v)).decode(), base64.b64decode,
    ),
    datetime.date: Codec(
        "text", "date", {"type": "string", "format": "date"}, lambda v: _date(v).isoformat(), datetime.date.fromisoformat,
        lambda v: _date(v).isoformat(), datetime.date.fromisoformat,
    ),
    Instant: Codec(
        "integer", "instant", {"type": "string", "format": "date-time"}, lambda v: _whole(_instant(v).nanoseconds), Instant,
        lambda v: str(_instant(v)), Instant.parse,
    ),
    Any: Codec("text", "json", {}, write_json, _parse_json, _same, _same),
}


def codec(annotation: Any, where: str) -> Codec:
    """How a field of this type is kept and written. `where` names the field in errors."""
    origin, arguments = typing.get_origin(annotation), typing.get_args(annotation)
    if origin is Annotated:
        return _annotated(arguments[0], arguments[1:], where)
    if annotation in _PLAIN:
        return _PLAIN[annotation]
    if origin in (Union, types.UnionType):
        inner = [a for a in arguments if a is not type(None)]
        if len(inner) == 1 and len(arguments) == 2:
            return _optional(codec(inner[0], where))
    if origin is list:
        item = codec(arguments[0], where)
        return _payload_only(
            {"type": "array", "items": item.schema},
            lambda v: [item.to_json(x) for x in _want(list, "list")(v)], lambda v: [item.from_json(x) for x in v],
        )
    if origin is dict and arguments[0] is str:
        item = codec(arguments[1], where)
        return _payload_only(
            {"type": "object", "additionalProperties": item.schema},
            lambda v: {_text(k): item.to_json(x) for k, x in _want(dict, "dict")(v).items()},
            lambda v: {k: item.from_json(x) for k, x in v.items()},
        )
    if origin is Literal and all(isinstance(a, str) for a in arguments):
        def listed(value: Any) -> Any:
            if value not in arguments:
                raise Fault(f"{_shown(value)} is none of {', '.join(map(repr, arguments))}")
            return value

        return dataclasses.replace(_PLAIN[str], schema={"enum": list(arguments)}, to_raw=listed, to_json=listed)
    if isinstance(annotation, type) and issubclass(annotation, enum.Enum):
        names = [member.value for member in annotation]
        member = _want(annotation, annotation.__name__, f": write {annotation.__name__}.{next(iter(annotation)).name}")

        def value_of(value: Any) -> Any:
            return member(value).value

        return Codec("text", None, {"enum": names}, value_of, annotation, value_of, annotation)
    if hasattr(annotation, "__daybook_payload__"):
        from .declare import payload_from_json, payload_schema, payload_to_json

        return _payload_only(
            payload_schema(annotation, closed=False),
            lambda v: payload_to_json(_want(annotation, annotation.__name__)(v)), lambda v: payload_from_json(annotation, v),
        )
    raise TypeError(
        f"{where}: {annotation!r} is no type of a field; take int, str, bool, float, bytes, Money, Decimal, Date, Instant, "
        "Uuid, Json, an Enum of texts, Optional of these, or in payloads a list, a dict or a @payload class"
    )


def _payload_only(schema: dict[str, Any], to_json: Callable[[Any], Any], from_json: Callable[[Any], Any]) -> Codec:
    return Codec(None, None, schema, _same, _same, to_json, from_json)


def _optional(inner: Codec) -> Codec:
    def through(convert: Callable[[Any], Any]) -> Callable[[Any], Any]:
        return lambda value: None if value is None else convert(value)

    schema = {"anyOf": [inner.schema, {"type": "null"}]} if inner.schema else {}
    return dataclasses.replace(
        inner, schema=schema, nullable=True, to_raw=through(inner.to_raw), from_raw=through(inner.from_raw),
        to_json=through(inner.to_json), from_json=through(inner.from_json),
    )


def _annotated(base: Any, extras: tuple[Any, ...], where: str) -> Codec:
    for extra in extras:
        if isinstance(extra, Scaled):
            result = _decimal(extra)
            break
    else:
        result = codec(base, where)
    for extra in extras:
        schema = dict(result.schema)
        if isinstance(extra, Key):
            result = dataclasses.replace(result, key=True)
        elif isinstance(extra, Format):
            if extra.text == "uuid":
                schema["format"] = "uuid"
            result = dataclasses.replace(result, format=extra.text)
            if extra.text.startswith("money("):
                amount = _amount(extra.text)
                result = dataclasses.replace(result, to_raw=amount, to_json=amount)
        elif isinstance(extra, Minimum):
            schema["minimum"] = extra.value
        elif isinstance(extra, Maximum):
            schema["maximum"] = extra.value
        elif isinstance(extra, MaxLength):
            schema["maxLength"] = extra.value
        elif isinstance(extra, Pattern):
            schema["pattern"] = extra.value
        elif isinstance(extra, Description):
            schema["description"] = extra.value
        result = dataclasses.replace(result, schema=schema)
    return result
