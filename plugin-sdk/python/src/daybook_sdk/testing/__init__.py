"""Given, when, then: handlers run natively on tables in memory, under the host's rules. And `replay_diff`."""

from .replay import ReplayDiff, replay_diff
from .scenario import Scenario

__all__ = ["ReplayDiff", "Scenario", "replay_diff"]
