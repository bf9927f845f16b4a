"""The package as others get it: an sdist and a wheel, installed outside of the tree, with which a plugin is tested and built."""

import os
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

SDK = Path(__file__).parents[1]
DEPOSIT = SDK / "tests" / "deposit"
TEST = """from daybook_sdk.testing import Scenario
from deposit import Account, Deposit, Deposited, plugin


def test_it_is_the_packed_one():
    import daybook_sdk
    assert "site-packages" in daybook_sdk.__file__
    Scenario(plugin).when(Deposit(1, 5)).then_events(Deposited(1, 5)).then_row(Account(1, 5, 1))
"""


def run(*call: str, cwd: Path) -> str:
    clean = {k: v for k, v in os.environ.items() if k not in ("PYTHONPATH", "VIRTUAL_ENV")}
    ran = subprocess.run(call, cwd=cwd, env=clean, capture_output=True, text=True)
    assert ran.returncode == 0, f"{call} gave {ran.returncode}:\n{ran.stdout}{ran.stderr}"
    return ran.stdout


def install(python: Path, folder: Path, *what: str) -> None:
    """Installs, or skips where neither a network nor a cache has it. In CI that is a failure."""
    call = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *what]
    ran = subprocess.run(call, cwd=folder, capture_output=True, text=True)
    if ran.returncode != 0:
        message = f"pip cannot install {' '.join(what)}: there is no network and no cache here\n{ran.stderr[-500:]}"
        (pytest.fail if os.environ.get("CI") == "true" else pytest.skip)(message)


@pytest.fixture(scope="module")
def packed(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """The sdist, and the wheel that is made of it."""
    folder = tmp_path_factory.mktemp("packed")
    try:
        import hatchling.build
    except ImportError:
        message = "hatchling is not installed, which packs: pip install hatchling"
        (pytest.fail if os.environ.get("CI") == "true" else pytest.skip)(message)
    make = "import sys, hatchling.build as b; print(getattr(b, 'build_' + sys.argv[1])(sys.argv[2]))"
    assert hatchling.build
    sdist = folder / run(sys.executable, "-c", make, "sdist", str(folder), cwd=SDK).split()[-1]
    with tarfile.open(sdist) as archive:
        archive.extractall(folder / "source", filter="data")
    (source,) = (folder / "source").iterdir()
    wheel = folder / run(sys.executable, "-c", make, "wheel", str(folder), cwd=source).split()[-1]
    return sdist, wheel


def test_the_wheel_has_just_the_package(packed: tuple[Path, Path]):
    sdist, wheel = packed
    names = set(zipfile.ZipFile(wheel).namelist())
    kept = {str(file.relative_to(SDK / "src")) for file in (SDK / "src").rglob("*") if file.suffix in (".py", ".wit", ".typed")}
    assert kept == {name for name in names if not name.split("/")[0].endswith(".dist-info")}
    with tarfile.open(sdist) as archive:
        assert not [name for name in archive.getnames() if name.endswith((".wasm", ".pyc"))]


def test_a_plugin_is_tested_and_built_with_it(packed: tuple[Path, Path], tmp_path: Path):
    run(sys.executable, "-m", "venv", "venv", cwd=tmp_path)
    python = tmp_path / "venv" / ("Scripts" if os.name == "nt" else "bin") / "python"
    install(python, tmp_path, f"{packed[1]}[build]", "pytest")
    plugin = tmp_path / "deposit"
    plugin.mkdir()
    (plugin / "deposit.py").write_bytes((DEPOSIT / "deposit.py").read_bytes())
    (plugin / "test_deposit.py").write_text(TEST)
    run(str(python), "-m", "pytest", "-q", cwd=plugin)
    told = run(str(python.with_name("daybook-py")), "build", ".", "--out", "deposit.wasm", cwd=plugin)
    assert told.strip() == "deposit.wasm"
    assert (plugin / "deposit.wasm").read_bytes()[:4] == b"\0asm"
