"""Where the tests' plugins are, and the `daybook` that runs them."""

import os
import shutil
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent / "deposit"))


@pytest.fixture(scope="session")
def daybook() -> str:
    found = os.environ.get("DAYBOOK") or shutil.which("daybook")
    if found is None:
        pytest.skip("no daybook: set DAYBOOK to the command's path")
    return found
