"""What an author is told who makes a mistake that shows before anything runs: when the module is imported, which a build and
pytest do, or by mypy."""

import subprocess
import sys
from pathlib import Path

import pytest
from daybook_sdk.build import BuildError, find_source, load
from daybook_sdk.cli import main

HEAD = """from typing import Annotated, Optional
import datetime
from daybook_sdk import *

@event
class Raised:
    name: str

@command
class Raise:
    name: str

@table
class Counter:
    name: KeyOf[str]
    value: int = 0

"""
PLUGIN = 'plugin = Plugin("visits", "2020-01-01", tables=[Counter])\n\n'
HANDLERS = """@plugin.materialize
def raised(e: Event[Raised], cx: Materialization) -> None:
    cx.upsert(Counter(e.data.name))

@plugin.create
def raise_(c: Command[Raise], cx: Creation) -> list[NewEvent]:
    return [about("counter", Raised(c.data.name))]
"""

# What was done, the module, the words.
IMPORTED = [
    ("no plugin", HEAD, "no `plugin`: write plugin = Plugin(\"name\", \"2020-01-01\")"),
    ("no handler", HEAD + PLUGIN, "visits@2020-01-01 has no handler: put @plugin.materialize before a function"),
    ("bad name", HEAD + 'plugin = Plugin("My-Visits", "2020-01-01")', "'My-Visits' is no name of a plugin: small letters and digits"),
    ("bad date", HEAD + 'plugin = Plugin("visits", "2020-02-30")', "version '2020-02-30' is no date: write it as 2020-01-31"),
    ("short date", HEAD + 'plugin = Plugin("visits", "2020-1-1")', "version '2020-1-1' is no date: write it as 2020-01-31"),
    (
        "extends a later one", HEAD + 'plugin = Plugin("visits", "2020-01-01", extends="2021-01-01")',
        "visits@2020-01-01 extends 2021-01-01, which is not before it",
    ),
    (
        "event declared twice", HEAD + PLUGIN + HANDLERS + "Other = event(type('Raised', (), {}))\nplugin.type_of(Other)\n"
        "@plugin.materialize\ndef again(e: Event[Other], cx): ...", "visits.Raised is declared twice: by Raised and by Raised; keep one",
    ),
    (
        "event handled twice", HEAD + PLUGIN + HANDLERS + "@plugin.materialize\ndef again(e: Event[Raised], cx): ...",
        "visits.Raised is handled twice: by raised and by again; keep one",
    ),
    (
        "command without a handler", HEAD + PLUGIN + HANDLERS.split("@plugin.create")[0],
        "Raise is a command that nothing answers: put @plugin.create before a function of Command[Raise]",
    ),
    (
        "event without a handler", HEAD + PLUGIN + HANDLERS + "@event\nclass Lowered:\n    name: str\n",
        "Lowered is an event that nothing handles: put @plugin.materialize before a function of Event[Lowered], or write",
    ),
    (
        "table that nothing declares", HEAD + PLUGIN + HANDLERS + "@table\nclass Other:\n    id: KeyOf[int]\n",
        "Other is a table that nothing declares: write Plugin(tables=[Other])",
    ),
    (
        "task that nothing declares", HEAD + PLUGIN + HANDLERS + "@task\nclass Mail:\n    to: str\n",
        "Mail is a task that nothing declares: write Plugin(tasks=[Mail])",
    ),
    (
        "handler without types", HEAD + PLUGIN + "@plugin.materialize\ndef raised(e, cx): ...",
        "raised is no handler: write def raised(e: Event[…], cx)",
    ),
    (
        "handler of a class without @event", HEAD + PLUGIN + "class Plain: ...\n@plugin.materialize\ndef plain(e: Event[Plain], cx): ...",
        "Plain is no event: put @event before its class",
    ),
    ("no key", HEAD + "@table\nclass Other:\n    id: int\n", "Other has no key: write `id: KeyOf[int]`"),
    ("column's name", HEAD + "@table\nclass Other:\n    Id: KeyOf[int]\n", "'Id' is no name of a column: small letters, digits and _"),
    (
        "index over no column", HEAD + "@table(index={'by_x': ['x']})\nclass Other:\n    id: KeyOf[int]\n",
        "Other has no column x for an index: it has id",
    ),
    (
        "list in a column", HEAD + "@table\nclass Other:\n    id: KeyOf[int]\n    all: list[int]\n",
        "Other.all: lists and dicts are for payloads; a column takes Json",
    ),
    (
        "type that no field has", HEAD + "@event\nclass Other:\n    at: datetime.time\n",
        "Other.at: <class 'datetime.time'> is no type of a field; take int, str",
    ),
    ("class for a table", HEAD + 'plugin = Plugin("visits", "2020-01-01", tables=[int])', "int is no table: put @table before its class"),
    ("error of the author's", HEAD + "1 / 0\n", "cannot be imported: ZeroDivisionError: division by zero\nvisits.py:18 in <module>"),
    ("error of grammar", HEAD + "def (:\n", "cannot be imported: SyntaxError"),
    ("library that is not there", "import numpie\n", "cannot be imported: ModuleNotFoundError: No module named 'numpie'"),
]


@pytest.mark.parametrize(("source", "words"), [row[1:] for row in IMPORTED], ids=[row[0] for row in IMPORTED])
def test_a_build_tells_it(source, words, tmp_path, capsys):
    (tmp_path / "visits.py").write_text(source)
    with pytest.raises(BuildError) as told:
        load(find_source(tmp_path))
    assert words in str(told.value)
    # The command says it in one piece, without the lines of this package.
    assert main(["build", str(tmp_path), "--out", str(tmp_path / "x.wasm")]) == 2
    assert words in capsys.readouterr().err


def test_what_is_right_is_not_told(tmp_path):
    (tmp_path / "visits.py").write_text(HEAD + PLUGIN + HANDLERS)
    assert load(find_source(tmp_path)).name == "visits"


# What was done, the handler's line, the words. All are in one file for one run of mypy.
TYPED = [
    ("wrong type of a column", 'cx.upsert(Counter("door", "one"))', 'Argument 2 to "Counter" has incompatible type "str"; expected "int"'),
    ("missing column", "cx.upsert(Counter())", 'Missing positional argument "name" in call to "Counter"'),
    ("column not in the table", 'cx.upsert(Counter("door", valeu=1))', 'Unexpected keyword argument "valeu" for "Counter"'),
    ("row that may be none", 'cx.get(Counter, "door").value', 'Item "None" of "Counter | None" has no attribute "value"'),
    ("field not in the event", "e.data.nmae", '"Raised" has no attribute "nmae"'),
    ("time of a creator", "cx.now()", '"Materialization" has no attribute "now"'),
    ("code that is a number", 'fail(404, "not found")', 'Argument 1 to "fail" has incompatible type "int"; expected "str"'),
    ("float for money", 'Purse("x", 12.5)', 'Argument 2 to "Purse" has incompatible type "float"; expected "int"'),
]


@pytest.fixture(scope="module")
def checked(tmp_path_factory) -> str:
    pytest.importorskip("mypy", reason="mypy is not installed")
    folder = tmp_path_factory.mktemp("typed")
    source = HEAD + '@table\nclass Purse:\n    id: KeyOf[str]\n    content: Annotated[int, money("CZK", 2)]\n\n' + PLUGIN + HANDLERS
    for number, (_, line, _) in enumerate(TYPED):
        source += f"\ndef mistake{number}(e: Event[Raised], cx: Materialization) -> None:\n    {line}\n"
    (folder / "visits.py").write_text(source)
    call = [sys.executable, "-m", "mypy", "--strict", "--cache-dir", str(folder / "cache"), "visits.py"]
    return subprocess.run(call, cwd=folder, capture_output=True, text=True).stdout


def test_mypy_takes_what_is_right(checked):
    lines = HEAD.count("\n") + PLUGIN.count("\n") + HANDLERS.count("\n") + 5
    told = [line for line in checked.splitlines() if line.startswith("visits.py:")]
    assert [line for line in told if int(line.split(":")[1]) <= lines] == []


@pytest.mark.parametrize("words", [row[2] for row in TYPED], ids=[row[0] for row in TYPED])
def test_mypy_tells_it(words, checked):
    assert words in checked
