"""The first version of the survey."""

import sys
from pathlib import Path

from daybook_sdk.build import find_source, load
from daybook_sdk.testing import Scenario

plugin = load(find_source(Path(__file__).parents[1]))
survey = sys.modules["survey"]


def test_a_vote_counts_once():
    (
        Scenario(plugin).when(survey.Open("tea", "Tea or coffee?")).when(survey.Vote("tea", "Ada", "Tea"))
        .then_events(survey.Voted("tea", "Ada", "Tea")).when(survey.Vote("tea", "Ada", "coffee")).then_rejected("voted-already")
        .then_rows(survey.Survey("tea", "Tea or coffee?", 1)).then_rows(survey.Ballot("tea", "Ada", "Tea"))
    )


def test_a_survey_has_to_be_there():
    Scenario(plugin).when(survey.Vote("tea", "Ada", "Tea")).then_rejected("unknown-survey")
    Scenario(plugin).when_event(survey.Voted("tea", "Ada", "Tea")).then_failed("unknown-survey")


def test_a_survey_is_opened_once():
    scenario = Scenario(plugin).when(survey.Open("tea", "Tea or coffee?"))
    scenario.when(survey.Open("tea", "Coffee or tea?")).then_rejected("survey-exists")
    scenario.then_rows(survey.Survey("tea", "Tea or coffee?", 0))
