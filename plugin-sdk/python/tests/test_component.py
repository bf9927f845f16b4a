"""The deposit plugin as a component, in a book."""

import json
import subprocess
from pathlib import Path

import pytest
from daybook_sdk.build import BuildError, build, componentize_py, load, find_source, world

DEPOSIT = Path(__file__).parent / "deposit"


@pytest.fixture(scope="module")
def component(tmp_path_factory: pytest.TempPathFactory) -> Path:
    try:
        componentize_py()
    except BuildError as error:
        pytest.skip(str(error))
    return build(DEPOSIT, tmp_path_factory.mktemp("built") / "deposit.wasm").file


def run(*call: str, code: int = 0, stdin: str = "") -> str:
    ran = subprocess.run(call, input=stdin, capture_output=True, text=True)
    assert ran.returncode == code, f"{call} gave {ran.returncode}:\n{ran.stdout}{ran.stderr}"
    return ran.stdout + ran.stderr


def test_the_world_has_just_what_the_plugin_has():
    text = world(load(find_source(DEPOSIT)))
    assert "import changes;" in text and "import creating;" in text and "state-sql" not in text


def test_two_builds_differ_in_nothing_that_a_handler_sees(component: Path, tmp_path: Path):
    """The seed of hashes is fixed, so all objects lie at the same places. What still differs, README.md says."""
    again = build(DEPOSIT, tmp_path / "again.wasm").file.read_bytes()
    once = component.read_bytes()
    assert len(again) == len(once)
    assert sum(a != b for a, b in zip(once, again)) < len(once) // 500


def test_a_folder_s_tests_are_not_its_plugin(tmp_path: Path):
    for name in ("visits.py", "test_visits.py", "conftest.py"):
        (tmp_path / name).touch()
    assert find_source(tmp_path).module == "visits"


def test_a_book_materializes_answers_and_verifies(daybook: str, component: Path, tmp_path: Path):
    book = str(tmp_path / "book")
    run(daybook, "init", book)
    run(daybook, "load", book, str(component))
    run(daybook, "activate", book, "deposit@2020-01-01")
    run(daybook, "run", book, "deposit.Deposit", '{"account": 1, "amount": 5}')
    run(daybook, "run", book, "deposit.Deposit", '{"account": 1, "amount": 9007199254740993}')
    run(daybook, "run", book, "deposit.Deposit", '{"account": 1, "amount": 5, "typo": 1}', code=3)
    failed = run(daybook, "run", book, "deposit.Deposit", '{"account": 1, "amount": 9223372036854775807}', code=5)
    assert "balance-too-large" in failed
    run(daybook, "append", book, "-", stdin='{"type": "deposit.Deposited", "data": {"account": 2, "amount": 7}}\n')
    rows = run(daybook, "query", book, "SELECT id, balance FROM deposit_account ORDER BY id", "--format", "json")
    assert [json.loads(line) for line in rows.splitlines()] == [
        {"id": 1, "balance": 9007199254740998}, {"id": 2, "balance": 7},
    ]
    run(daybook, "verify", book)
