"""The second version of the survey, over the first: here, and as components over a log."""

import os
import sys
from pathlib import Path

import pytest
from daybook_sdk.build import find_source, load
from daybook_sdk.testing import Scenario, replay_diff

HERE = Path(__file__).parents[1]
first = load(find_source(HERE.parent / "2020-01-01"))
first_survey = sys.modules["survey"]
second = load(find_source(HERE))
survey = sys.modules["survey"]


def test_answers_are_counted_in_small_letters():
    scenario = Scenario(second, [first]).given(first_survey.Opened("tea", "Tea or coffee?"))
    for voter, answer in (("Ada", "Tea"), ("Eve", "tea"), ("Bob", "coffee")):
        scenario.given(survey.Voted("tea", voter, answer))
    scenario.then_rows(survey.Tally("tea", "coffee", 1), survey.Tally("tea", "tea", 2))
    scenario.then_row(first_survey.Survey("tea", "Tea or coffee?", 3))


def test_a_vote_that_the_first_version_fails_is_not_counted():
    scenario = Scenario(second, [first]).when_event(survey.Voted("tea", "Ada", "Tea")).then_failed("unknown-survey")
    assert scenario.rows(survey.Tally) == []


@pytest.mark.skipif("DAYBOOK" not in os.environ, reason="DAYBOOK does not name the command daybook")
def test_nothing_else_changes():
    replay_diff(HERE.parent / "2020-01-01", HERE, HERE / "tests" / "survey.jsonl", HERE / "expect.toml")
