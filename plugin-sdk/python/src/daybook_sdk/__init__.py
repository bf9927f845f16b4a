"""Plugins for Daybook in plain Python.

A plugin gives events their meaning: classes say what events, commands and tables look like, functions say what an event
does and what a command answers. See README.md.
"""

from .cx import Creation, Materialization
from .declare import command, event, payload, table, task
from .failures import Failed, Fault, Rejected, WriteRefused, fail, reject
from .plugin import Plugin
from .records import Command, Event, NewEvent, Time, about
from .values import (
    Date, Decimal, Description, Format, Instant, Json, Key, KeyOf, Maximum, MaxLength, Minimum, Money, Pattern, Uuid, money,
)

__all__ = [
    "Command", "Creation", "Date", "Decimal", "Description", "Event", "Failed", "Fault", "Format", "Instant", "Json", "Key",
    "KeyOf", "Materialization", "MaxLength", "Maximum", "Minimum", "Money", "NewEvent", "Pattern", "Plugin", "Rejected",
    "Time", "Uuid", "WriteRefused", "about", "command", "event", "fail", "money", "payload", "reject", "table", "task",
]
