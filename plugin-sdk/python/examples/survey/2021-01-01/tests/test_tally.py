"""The second version of the survey, over the first."""

import sys
from pathlib import Path

from daybook_sdk.build import find_source, load
from daybook_sdk.testing import Scenario

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
