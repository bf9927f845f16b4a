"""A library of WebAssembly, some two hundred bytes, that sets variables of the environment before Python starts in a component.

componentize-py gives the Python that it starts an environment of its own, without `PYTHONHASHSEED`: hashes would be seeded with
random bytes, in every build with others. But it links the native libraries that it finds beside the author's modules, and what
a library constructs is constructed before Python reads its environment. Nothing imports this one.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

FILE = "daybook_seed.cpython-314-wasm32-wasi.so"
"""By its end componentize-py 0.25 knows a library for its Python. The entry module sees whether it was linked."""

VARIABLES = {"PYTHONHASHSEED": "0", "PYTHONDONTWRITEBYTECODE": "1"}


def library(variables: Mapping[str, str]) -> bytes:
    """A library that calls `setenv` for each variable when it is constructed."""
    data, calls = b"", b""
    for name, value in variables.items():
        place = len(data)
        data += name.encode() + b"\0" + value.encode() + b"\0"
        # setenv(base + name, base + value, 1); drop
        calls += _address(place) + _address(place + len(name) + 1) + b"\x41\x01\x10\x00\x1a"
    body = b"\0" + calls + b"\x0b"
    memory = _number(len(data)) + b"\0\0\0"  # Bytes and alignment of memory, then of tables.
    imports = [
        _name("env") + _name("memory") + b"\x02\x00\x00",
        _name("env") + _name("__memory_base") + b"\x03\x7f\x00",
        _name("env") + _name("setenv") + b"\x00\x00",
    ]
    sections = [
        (0, _name("dylink.0") + b"\x01" + _number(len(memory)) + memory),
        (1, _all([b"\x60\x03\x7f\x7f\x7f\x01\x7f", b"\x60\x00\x00"])),  # setenv's type, and the constructor's.
        (2, _all(imports)),
        (3, _all([b"\x01"])),
        (7, _all([_name("__wasm_call_ctors") + b"\x00\x01"])),
        (10, _all([_number(len(body)) + body])),
        (11, _all([b"\x00\x23\x00\x0b" + _number(len(data)) + data])),  # At the base.
    ]
    return b"\0asm\x01\0\0\0" + b"".join(bytes([kind]) + _number(len(content)) + content for kind, content in sections)


def _address(place: int) -> bytes:
    return b"\x23\x00\x41" + _number(place, signed=True) + b"\x6a"  # The base, a constant, their sum.


def _number(number: int, signed: bool = False) -> bytes:
    """LEB128. A signed one whose last group has its sixth bit set would be read as negative."""
    groups: list[int] = []
    while True:
        group, number = number & 0x7F, number >> 7
        if number == 0 and not (signed and group & 0x40):
            return bytes([*groups, group])
        groups.append(group | 0x80)


def _all(items: Iterable[bytes]) -> bytes:
    listed = list(items)
    return _number(len(listed)) + b"".join(listed)


def _name(text: str) -> bytes:
    return _number(len(text)) + text.encode()
