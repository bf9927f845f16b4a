"""What an author is told who makes a mistake in a handler: natively by pytest, and by a book that runs the component.

`mistakes/mistakes.py` makes them. Each row has the words that come, and those of the component where they are others. No
message is `unreachable` alone: it says what happened, to which thing, and the way out. The other mistakes are told before
anything runs: see `test_mistakes_before.py`.
"""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from daybook_sdk.build import BuildError, build, componentize_py
from daybook_sdk.testing import Scenario

HERE = Path(__file__).parent / "mistakes"
sys.path.insert(0, str(HERE))
import mistakes  # noqa: E402

CLOCK = "a handler has no clock: take e.time in a materializer, cx.now() in a creator"
RANDOM = "a handler has no randomness: take cx.make_id() in a creator, and ids of the event in a materializer"
HASH = "hash() and id() differ from run to run: take the value itself, or a digest of hashlib"
MISSING = "there is no row with this key; ask cx.get first, or write it with cx.upsert"
DATE = "is no Date: write Date(2020, 1, 31), Date.fromisoformat(text) or e.time.instant.date"
LIST = "a creator returns a list of events, [] where there are none"

# What was done; the words; the component's, where they differ. Natively "" is: nothing is told.
MATERIALIZERS = [
    ("wrong_type", "account.id: 'one' is no whole number: write an int"),
    ("missing_column", "Account.__init__() missing 1 required positional argument: 'id'"),
    ("other_column", "Account.__init__() got an unexpected keyword argument 'balanse'"),
    ("other_attribute", "account has no column balanse: it has id, balance, name, code, day, at, share, price, kind"),
    ("none_in_column", "account.name: None, and the column is not nullable: write Optional[...] at its declaration"),
    ("no_table", "Bare is no table: put @table before its class"),
    ("unnamed_table", "elsewhere is not declared by mistakes@2020-01-01: write Plugin(tables=[...])"),
    ("class_for_row", "upsert(Account): that is the table; write a row of it, Account(...)"),
    ("clock", f"time(): {CLOCK}"),
    ("now", f"now(): {CLOCK}"),
    ("today", f"today(): {CLOCK}", f"time(): {CLOCK}"),
    ("dice", f"getrandbits(): {RANDOM}", f"randint(): {RANDOM}"),
    ("urandom", f"urandom(): {RANDOM}"),
    ("uuid4", f"urandom(): {RANDOM}", f"uuid4(): {RANDOM}"),
    ("hashed", HASH),
    ("identity", HASH),
    ("set_of_texts", "a set of texts has another order in every run: iterate over sorted(...), or keep a dict or a list"),
    ("exception", "KeyError: 'b'"),
    ("too_large", "account.balance: 9223372036854775808 is too large: whole numbers have 64 bits"),
    ("float_money", "account.balance: 12.5 is no amount: money(CZK,2) counts the smallest unit in an int, and is never rounded"),
    ("decimal_of_float", "account.price: 1.1 is no decimal number: write decimal.Decimal('1.50')"),
    ("nan", "account.share: nan is no number that can be kept: reals are finite; write Optional[float], and None"),
    ("text_for_date", f"account.day: '2020-01-31' {DATE}"),
    ("datetime_for_date", DATE),
    ("text_for_instant", "account.at: '2020-01-31T00:00:00Z' is no Instant: write Instant.parse(text) or e.time.instant"),
    ("text_for_enum", "account.kind: 'cash' is no Kind: write Kind.CASH"),
    ("no_previous", 'previous(): mistakes@2020-01-01 extends no version; write Plugin(extends="...")'),
    ("twice", "row-exists: insert of 1 in account: there is a row with this key; cx.upsert replaces it"),
    ("not_there", f"row-missing: update of 404 in account: {MISSING}"),
    ("delete_not_there", f"row-missing: delete of 404 in account: {MISSING}"),
    ("not_unique", "unique-violated: insert of 2 in account: another row has these values (index by_code)"),
    ("other_index", "account has no index by_nane; it has by_name, by_code"),
    ("no_row", "'NoneType' object has no attribute 'balance': cx.get gives None where there is no such row"),
    ("long_key", "account: a key has 1 values (id), not 2"),
    ("sql", "SQL is an import of its own: write Plugin(..., sql=True)"),
    ("unnamed_task", "fax is no kind of task that is declared: write Plugin(tasks=[Fax])"),
    ("wrong_task", "mail.to: 5 is no text: write a str"),
    ("recursion", "maximum recursion depth exceeded: a function calls itself without an end, or over too many rows; write a loop"),
    ("loop", "it ran for 10 s and was stopped: a loop without an end, or over too many rows", "ran out of fuel: one call may use"),
    ("files", "open(): a component has no files: read them when the module is imported, at the top of your file"),
    ("network", "a handler reaches nobody outside: what has to be sent or fetched is a task, cx.enqueue(...)"),
    ("thread", "a handler has one thread: what takes long is a task, cx.enqueue(...)"),
    ("printed", "and given up", "log: seen printed"),
    ("lazy", "No module named 'calendar_of_mine'", "import calendar_of_mine: a component has no files: write the import, at the top"),
    ("memory", "", "out of memory: a component has 128 MB; read rows with cx.each, and keep sums instead of lists"),
    ("many", "", "out of memory: a component has 128 MB; read rows with cx.each, and keep sums instead of lists"),
    ("rejects", "a materializer cannot reject, and did: no: a materializer cannot; call fail()"),
    ("leaves", "SystemExit: 1: a handler ends with return, fail(...) or reject(...)"),
    ("now_of_creator", "'Materialization' object has no attribute 'now': a materializer has get, find, each"),
]
CREATORS = [
    ("returns_one", f"do returned Paid(amount=1): {LIST}"),
    ("returns_nothing", f"do returned nothing: {LIST}"),
    ("returns_text", "'Paid' is no event: put @event before its class, and return values of it"),
    ("returns_class", "Paid is no event: put @event before its class, and return values of it"),
    ("unnamed_event", "mistakes.Forgotten is not declared: write a materializer for it, or Plugin(events=[Forgotten])"),
    ("wrong_payload", "Paid.amount: 'much' is no whole number: write an int"),
    ("large_payload", "Paid.amount: 1180591620717411303424 is too large: whole numbers have 64 bits"),
    ("over_maximum", "payload of 'mistakes.Paid' does not fit its schema at '/amount': 101 is greater than the maximum of 100"),
    # Codes are the plugin's own: there is no list that one could be missing from.
    ("undeclared_code", "Whatever: I say: codes are the author's own"),
    ("number_for_code", 'reject(404, …): a code is a short text for programs, like "limit-reached"'),
    ("writes", "'Creation' object has no attribute 'upsert': a creator has get, find, each"),
]
IDS = [row[0] for row in MATERIALIZERS + CREATORS]


def test_every_mistake_has_its_row():
    assert IDS == [*mistakes.ACTS, *mistakes.ANSWERS]


@pytest.mark.parametrize("row", MATERIALIZERS + CREATORS, ids=IDS)
def test_natively(row, capsys):
    what, words = row[:2]
    if not words:
        pytest.skip("the author's machine has more memory")
    if what in mistakes.ACTS:
        scenario = Scenario(mistakes.plugin).when_event(mistakes.Did(what))
    else:
        scenario = Scenario(mistakes.plugin).when(mistakes.Do(what))
    told = scenario.failed or scenario.rejected
    assert words in str(told)
    if scenario.failed and scenario.failed.code == "exception":
        assert "mistakes.py:" in scenario.failed.trace
    if what == "printed":
        assert "seen printed" in capsys.readouterr().out


@pytest.fixture(scope="module")
def book(daybook: str, tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """The command and a book, in which the component is active: built once, loaded once."""
    try:
        componentize_py()
    except BuildError as error:
        pytest.skip(str(error))
    folder = tmp_path_factory.mktemp("mistakes")
    file, made = str(build(HERE, folder / "mistakes.wasm").file), str(folder / "book")
    for call in (["init", made], ["load", made, file], ["activate", made, "mistakes@2020-01-01"]):
        ran = subprocess.run([daybook, *call], capture_output=True, text=True)
        assert ran.returncode == 0, ran.stdout + ran.stderr
    return [daybook, made]


@pytest.mark.parametrize("row", MATERIALIZERS + CREATORS, ids=IDS)
def test_in_a_book(row, book):
    (what, words), (daybook, folder) = (row[0], row[-1]), book
    if what in mistakes.ACTS:
        call, stdin = ["append", folder, "-"], json.dumps({"type": "mistakes.Did", "data": {"what": what}})
    else:
        call, stdin = ["run", folder, "mistakes.Do", json.dumps({"what": what})], ""
    ran = subprocess.run([daybook, *call], input=stdin, capture_output=True, text=True)
    told = ran.stdout + ran.stderr
    assert ran.returncode == (4 if what == "undeclared_code" else 5), told
    assert words in told and "unreachable" not in told, told
    if "failed: exception" in told:
        assert "mistakes.py:" in told
