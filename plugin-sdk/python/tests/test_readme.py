"""The README's five minutes, step by step: its files are written, its commands are run, and each succeeds."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from daybook_sdk.build import BuildError, componentize_py

README = Path(__file__).parents[1] / "README.md"


def test_the_five_minutes_are_as_the_readme_says(daybook: str, tmp_path: Path):
    try:
        componentize_py()
    except BuildError as error:
        pytest.skip(str(error))
    section = README.read_text("utf-8").split("## Five minutes")[1].split("\n## ")[0]
    blocks = re.findall(r"```(\w+)\n(.*?)```", section, re.S)
    files = [text for language, text in blocks if language == "python"]
    _, first, second = [text for language, text in blocks if language == "sh"]
    folders = [tmp_path / "visits" / version for version in ("2024-01-01", "2024-06-01")]
    for folder in folders:
        folder.mkdir(parents=True)
    (folders[0] / "visits.py").write_text(files[0])
    (folders[0] / "test_visits.py").write_text(files[1])
    (folders[1] / "visits.py").write_text(files[2])
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "daybook").symlink_to(Path(daybook).resolve())
    path = os.pathsep.join([str(tmp_path / "bin"), str(Path(sys.executable).parent), os.environ["PATH"]])
    for command in (first + second).splitlines():
        ran = subprocess.run(command, shell=True, cwd=tmp_path, env={**os.environ, "PATH": path}, capture_output=True, text=True)
        assert ran.returncode == 0, f"{command}\n{ran.stdout}{ran.stderr}"
