"""From an author's folder to a component: stages the sources, writes the world that the plugin has, calls componentize-py."""

from __future__ import annotations

import dataclasses
import hashlib
import importlib
import os
import shutil
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from . import seed
from .plugin import Plugin, told, trace_of

HERE = Path(__file__).parent
RUNTIME = (
    "__init__.py", "component.py", "cx.py", "declare.py", "failures.py", "guard.py", "plugin.py", "records.py", "values.py",
)
"""Modules of this package that a component needs. The rest is for the author's machine."""

ENTRY = """import sys
if sys.flags.hash_randomization:
    raise RuntimeError("the seed of hashes is not fixed: this componentize-py does not link the library of daybook_sdk.seed")
from daybook_sdk import guard
from daybook_sdk.component import exports as _exports
guard.install()
guard.rewrite_imports(frozenset({modules!r}))
import {module} as _author
globals().update(_exports(_author.plugin))
guard.seal()
"""


class BuildError(Exception):
    """The plugin cannot be built; the message says the way out."""


@dataclasses.dataclass(frozen=True)
class Source:
    """Where a plugin's Python is."""

    folder: Path
    module: str


@dataclasses.dataclass(frozen=True)
class Built:
    """A component."""

    file: Path
    name: str
    version: str
    bytes: int
    sha256: str


def find_source(path: Path) -> Source:
    """The module of a plugin's folder: `[tool.daybook] module` of its pyproject.toml, or its only Python file."""
    if path.is_file() and path.suffix == ".py":
        return Source(path.parent.resolve(), path.stem)
    if not path.is_dir():
        raise BuildError(f"{path} is no folder and no Python file")
    project = path / "pyproject.toml"
    if project.is_file():
        module = tomllib.loads(project.read_text("utf-8")).get("tool", {}).get("daybook", {}).get("module")
        if module:
            return Source(path.resolve(), str(module))
    files = sorted(file for file in path.glob("*.py") if not _for_tests(file.name))
    if len(files) == 1:
        return Source(path.resolve(), files[0].stem)
    raise BuildError(f"{path} has {len(files)} Python files: name one in pyproject.toml, [tool.daybook] module = \"...\"")


def _for_tests(name: str) -> bool:
    return name == "conftest.py" or name.startswith("test_") or name.endswith("_test.py")


def load(source: Source) -> Plugin:
    """The module's `plugin`. The module is imported anew, since versions share its name."""
    for name in [n for n in sys.modules if n == source.module or n.startswith(source.module + ".")]:
        del sys.modules[name]
    sys.path.insert(0, str(source.folder))
    try:
        importlib.invalidate_caches()
        module = importlib.import_module(source.module)
    except Exception as error:
        where = f"{source.folder / source.module}.py"
        raise BuildError(f"{where} cannot be imported: {told(error)}\n{trace_of(error)}".rstrip()) from error
    finally:
        sys.path.remove(str(source.folder))
    plugin = getattr(module, "plugin", None)
    if not isinstance(plugin, Plugin):
        raise BuildError(f"{source.folder / source.module}.py has no `plugin`: write plugin = Plugin(\"name\", \"2020-01-01\")")
    if not (plugin.materializes or plugin.creates):
        raise BuildError(f"{plugin.name}@{plugin.version} has no handler: put @plugin.materialize before a function")
    for value in vars(module).values():
        if isinstance(value, type) and value.__module__ == source.module:
            _check_declared(plugin, value)
    return plugin


def _check_declared(plugin: Plugin, cls: Any) -> None:
    """A class that nothing uses is a handler that was forgotten, or a name in a list."""
    name, table, payload = cls.__name__, getattr(cls, "__daybook_table__", None), getattr(cls, "__daybook_payload__", None)
    if table is not None and not any(table is known for known in [*plugin.tables, *plugin.reads]):
        raise BuildError(f"{name} is a table that nothing declares: write Plugin(tables=[{name}])")
    if payload is None:
        return
    if payload.role == "command" and cls not in plugin.commands.values():
        raise BuildError(f"{name} is a command that nothing answers: put @plugin.create before a function of Command[{name}]")
    if payload.role == "event" and cls not in plugin.events.values():
        raise BuildError(
            f"{name} is an event that nothing handles: put @plugin.materialize before a function of Event[{name}], or write "
            f"Plugin(events=[{name}])"
        )
    if payload.role == "task" and payload not in plugin.tasks:
        raise BuildError(f"{name} is a task that nothing declares: write Plugin(tasks=[{name}])")


def world(plugin: Plugin) -> str:
    """The world with just the interfaces that this plugin has."""
    lines = ["package daybook:plugin@1.0.0;", "world built {", "import state;"]
    lines += ["import state-sql;"] * plugin.sql + ["import changes;"] * plugin.materializes
    lines += ["import creating;"] * plugin.creates + ["export describer;"]
    lines += ["export materializer;"] * plugin.materializes + ["export creator;"] * plugin.creates
    return "\n".join([*lines, "}", ""])


def componentize_py() -> list[str]:
    """The command, from beside this Python or from the PATH."""
    beside = Path(sys.executable).with_name("componentize-py")
    found = str(beside) if beside.exists() else shutil.which("componentize-py")
    if found is None:
        raise BuildError("componentize-py is missing: pip install 'componentize-py>=0.25,<0.26'")
    return [found]


def build(path: Path, out: Path, environment: Mapping[str, str] | None = None) -> Built:
    """Builds the plugin of this folder, or of this Python file, into the file `out`."""
    source = find_source(path)
    plugin = load(source)
    with tempfile.TemporaryDirectory(prefix="daybook-py-") as temporary:
        stage = Path(temporary)
        app, wit = stage / "app", stage / "wit"
        (app / "daybook_sdk").mkdir(parents=True)
        for name in RUNTIME:
            shutil.copyfile(HERE / name, app / "daybook_sdk" / name)
        _copy_author(source, app)
        modules = sorted({file.stem for file in app.iterdir()} - {"daybook_sdk"})
        (app / "daybook_entry.py").write_text(ENTRY.format(module=source.module, modules=modules), "utf-8")
        (app / seed.FILE).write_bytes(seed.library(seed.VARIABLES))
        wit.mkdir()
        for file in sorted((HERE / "wit").glob("*.wit")):
            if file.name != "worlds.wit":
                shutil.copyfile(file, wit / file.name)
        text = (HERE / "wit" / "worlds.wit").read_text("utf-8")
        describer = text[text.index("interface describer"):]
        describer = describer[: describer.index("}") + 1]
        (wit / "worlds.wit").write_text(world(plugin) + describer + "\n", "utf-8")
        epoch = int(os.environ.get("SOURCE_DATE_EPOCH", "315532800"))
        for file in sorted(stage.rglob("*")):
            os.utime(file, (epoch, epoch))
        made = stage / "component.wasm"
        command = [
            *componentize_py(), "--quiet", "-d", str(wit), "-w", "built", "componentize", "--stub-wasi", "-p", "app",
            "daybook_entry", "-o", str(made),
        ]
        variables = {**os.environ, "SOURCE_DATE_EPOCH": str(epoch), "RUST_BACKTRACE": "0", **(environment or {})}
        # Where no environment is named, packages of this Python would get into the component.
        (stage / "none" / "site-packages").mkdir(parents=True)
        variables["VIRTUAL_ENV"] = str(stage / "none")
        ran = subprocess.run(command, cwd=stage, env=variables, capture_output=True, text=True)
        if ran.returncode != 0:
            raise BuildError(f"componentize-py refused {plugin.name}@{plugin.version}:\n{ran.stdout}{ran.stderr}".rstrip())
        out.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(made, out)
    content = out.read_bytes()
    return Built(out, plugin.name, plugin.version, len(content), hashlib.sha256(content).hexdigest())


def _copy_author(source: Source, app: Path) -> None:
    for file in sorted(source.folder.rglob("*.py")):
        relative = file.relative_to(source.folder)
        if relative.parts[0] in ("tests", "test", "daybook-sdk", "target") or any(p.startswith((".", "__pycache__")) for p in relative.parts):
            continue
        if _for_tests(relative.name):
            continue
        (app / relative).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(file, app / relative)
