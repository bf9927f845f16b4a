"""The repository's plugins in Python pass their own tests, each version in a process of its own: versions share a module's name."""

import os
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

PLUGINS = Path(__file__).parents[3] / "plugins"


def folders() -> list[Path]:
    """The folders of `plugins/NAME/DATE` that are Python."""
    found = []
    for project in sorted(PLUGINS.glob("*/*/pyproject.toml")):
        if "daybook" in tomllib.loads(project.read_text("utf-8")).get("tool", {}):
            found.append(project.parent)
    return found


@pytest.mark.parametrize("folder", folders(), ids=lambda folder: f"{folder.parent.name}@{folder.name}")
def test_a_plugin_passes_its_tests(folder: Path):
    call = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(folder)]
    ran = subprocess.run(call, cwd=folder, env=os.environ, capture_output=True, text=True)
    assert ran.returncode == 0, ran.stdout + ran.stderr
