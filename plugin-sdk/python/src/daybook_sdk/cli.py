"""`daybook-py`: the command that builds a plugin."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from .build import BuildError, build


def main(arguments: list[str] | None = None) -> int:
    """Runs the command; the answer is its exit code."""
    parser = argparse.ArgumentParser(prog="daybook-py", description="Plugins for Daybook in Python.")
    verbs = parser.add_subparsers(dest="verb", required=True)
    verb = verbs.add_parser("build", help="build a plugin into a component")
    verb.add_argument("path", type=Path, help="the plugin's folder, or its Python file")
    verb.add_argument("--out", type=Path, required=True, help="the component's file")
    given = parser.parse_args(arguments)
    try:
        built = build(given.path, given.out)
    except BuildError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    print(built.file)
    print(f"{built.name}@{built.version}, {built.bytes} bytes, sha256 {built.sha256}", file=sys.stderr)
    return 0


if __name__ == "__main__":
    sys.exit(main())
