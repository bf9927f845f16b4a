"""What a handler gives in place of its work: a rejection, a failure, or a write that was not done."""

from typing import Any, NoReturn


class Rejected(Exception):
    """The command is understood and refused: an answer, not a fault."""

    def __init__(self, code: str, message: str, details: Any = None) -> None:
        super().__init__(f"{code}: {message}")
        self.code, self.message, self.details = code, message, details


class Failed(Exception):
    """The handler could not do its work. Nothing of the call is kept."""

    def __init__(self, code: str, message: str, details: Any = None, trace: str | None = None) -> None:
        super().__init__(f"{code}: {message}")
        self.code, self.message, self.details, self.trace = code, message, details, trace


class WriteRefused(Exception):
    """A write was not done; the state is as it was. `code` is `row-exists`, `row-missing` or `unique-violated`."""

    def __init__(self, code: str, index: str | None = None, what: str = "") -> None:
        super().__init__(f"{code}: {what}" + (f" (index {index})" if index else ""))
        self.code, self.index = code, index


class Fault(Exception):
    """The plugin broke a rule that no plugin may break."""


def reject(code: str, message: str, details: Any = None) -> NoReturn:
    """Refuse the command. Creators only."""
    _check(f"reject({code!r}, …)", code, message)
    raise Rejected(code, message, details)


def fail(code: str, message: str, details: Any = None) -> NoReturn:
    """Give up: nothing of this call is kept."""
    _check(f"fail({code!r}, …)", code, message)
    raise Failed(code, message, details)


def _check(call: str, code: Any, message: Any) -> None:
    if not isinstance(code, str) or not code:
        raise Fault(f"{call}: a code is a short text for programs, like \"limit-reached\"")
    if not isinstance(message, str):
        raise Fault(f"{call}: the message is a text for people, and is {message!r}")
