"""Whether a payload fits the schema that its class gives: the words are the host's. Only what this package writes is known."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

TYPES: dict[str, tuple[type, ...]] = {
    "integer": (int,), "number": (int, float), "string": (str,), "boolean": (bool,), "null": (type(None),), "array": (list,),
    "object": (dict,),
}


def misfit(schema: Mapping[str, Any], value: Any) -> str | None:
    """The first thing that does not fit, and where."""
    for where, what in _misfits(schema, value, ""):
        return f"at '{where}': {what}"
    return None


def _misfits(schema: Mapping[str, Any], value: Any, where: str) -> Iterator[tuple[str, str]]:
    if "anyOf" in schema:
        tried = [list(_misfits(each, value, where)) for each in schema["anyOf"]]
        if all(tried):
            yield tried[0][0]
        return
    if "enum" in schema and value not in schema["enum"]:
        yield where, f"{value!r} is none of {', '.join(map(repr, schema['enum']))}"
        return
    wanted = schema.get("type")
    # To Python a bool is an int, to JSON it is not.
    if wanted and (not isinstance(value, TYPES[wanted]) or (isinstance(value, bool) and wanted != "boolean")):
        yield where, f"{value!r} is not of type {wanted}"
        return
    if "minimum" in schema and value < schema["minimum"]:
        yield where, f"{value} is less than the minimum of {schema['minimum']}"
    if "maximum" in schema and value > schema["maximum"]:
        yield where, f"{value} is greater than the maximum of {schema['maximum']}"
    if "maxLength" in schema and len(value) > schema["maxLength"]:
        yield where, f"{value!r} is longer than {schema['maxLength']} characters"
    if "pattern" in schema and re.search(schema["pattern"], value) is None:
        yield where, f"{value!r} does not match {schema['pattern']}"
    if wanted == "array":
        for place, item in enumerate(value):
            yield from _misfits(schema.get("items", {}), item, f"{where}/{place}")
    if wanted == "object":
        properties = schema.get("properties", {})
        for name in schema.get("required", []):
            if name not in value:
                yield where, f"{name} is missing"
        for name, member in value.items():
            if name not in properties and schema.get("additionalProperties") is False:
                yield where, f"{name} is no member of it"
            others = schema.get("additionalProperties") or {}
            yield from _misfits(properties.get(name, others), member, f"{where}/{name}")
