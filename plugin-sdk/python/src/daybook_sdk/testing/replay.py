"""Replay-diffs: two versions over a log of events, by the command `daybook`."""

from __future__ import annotations

import os
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path

from ..build import build


class ReplayDiff:
    """What `daybook diff LOG --base --candidate --expect` says. Folders are built, crates too; files `.wasm` are taken as they are."""

    def __init__(self, base: Path | str, candidate: Path | str) -> None:
        self.base, self.candidate = Path(base), Path(candidate)
        self.others: list[Path] = []
        self.log = self.expect = Path()

    def with_(self, *paths: Path | str) -> ReplayDiff:
        """Versions below, or other plugins, that both sides need."""
        self.others += map(Path, paths)
        return self

    def over(self, log: Path | str) -> ReplayDiff:
        """The log: JSON Lines, an event a line."""
        self.log = Path(log)
        return self

    def expecting(self, expect: Path | str) -> ReplayDiff:
        """The expectation file. `DAYBOOK_APPROVE=1` writes it."""
        self.expect = Path(expect)
        return self

    def check(self) -> None:
        """Fails with the report where something is unexpected."""
        daybook = os.environ.get("DAYBOOK", "daybook")
        with tempfile.TemporaryDirectory(prefix="daybook-diff-") as folder:
            files = [_component(path, Path(folder) / f"{i}.wasm") for i, path in enumerate(self._paths())]
            call = [daybook, "diff", str(self.log), "--base", str(files[0]), "--candidate", str(files[1])]
            for file in files[2:]:
                call += ["--with", str(file)]
            approve = os.environ.get("DAYBOOK_APPROVE") == "1"
            if approve or self.expect.exists():
                call += ["--expect", str(self.expect)]
            call += ["--approve"] * approve
            try:
                ran = subprocess.run(call, capture_output=True, text=True)
            except FileNotFoundError:
                raise AssertionError(f"{daybook} is missing: set DAYBOOK to the command's path") from None
        if ran.returncode != 0:
            raise AssertionError(
                f"{ran.stdout}{ran.stderr}\nIf all is as it should be: DAYBOOK_APPROVE=1 pytest writes {self.expect}"
            )

    def _paths(self) -> Sequence[Path]:
        return [self.base, self.candidate, *self.others]


def _component(path: Path, out: Path) -> Path:
    # A crate is built by the command itself.
    return path if path.suffix == ".wasm" or (path / "Cargo.toml").is_file() else build(path, out).file


def replay_diff(base: Path | str, candidate: Path | str, log: Path | str, expect: Path | str) -> None:
    """Both versions over the log; what differs has to be what the expectation file names."""
    ReplayDiff(base, candidate).over(log).expecting(expect).check()
