"""The plugin `survey`, version 2020-01-01: surveys that are opened, votes that are counted. Written in Python."""

from daybook_sdk import Command, Creation, Event, KeyOf, Materialization, NewEvent, Plugin, about, command, event, fail
from daybook_sdk import reject, table


@event
class Opened:
    """A survey was opened."""

    survey: str
    question: str


@event
class Voted:
    """Somebody chose an answer."""

    survey: str
    voter: str
    answer: str


@command
class Open:
    """Open a survey."""

    survey: str
    question: str


@command
class Vote:
    """Choose an answer, once."""

    survey: str
    voter: str
    answer: str


@table
class Survey:
    """A survey, and how many have voted."""

    name: KeyOf[str]
    question: str
    votes: int


@table(index={"by_answer": ["survey", "answer"]})
class Ballot:
    """What one voter chose."""

    survey: KeyOf[str]
    voter: KeyOf[str]
    answer: str


plugin = Plugin(
    "survey", "2020-01-01", description="Surveys: questions that are asked, and votes that are counted",
    changes=["the first version"], tables=[Survey, Ballot],
)


@plugin.materialize
def opened(e: Event[Opened], cx: Materialization) -> None:
    cx.insert(Survey(e.data.survey, e.data.question, 0))


@plugin.materialize
def voted(e: Event[Voted], cx: Materialization) -> None:
    survey = cx.get(Survey, e.data.survey)
    if survey is None:
        fail("unknown-survey", f"there is no survey {e.data.survey}")
    cx.insert(Ballot(e.data.survey, e.data.voter, e.data.answer))
    survey.votes += 1
    cx.update(survey)


@plugin.create
def open_(c: Command[Open], cx: Creation) -> list[NewEvent]:
    if cx.get(Survey, c.data.survey):
        reject("survey-exists", f"there is a survey {c.data.survey} already")
    return [about(f"survey/{c.data.survey}", Opened(c.data.survey, c.data.question))]


@plugin.create
def vote(c: Command[Vote], cx: Creation) -> list[NewEvent]:
    if cx.get(Survey, c.data.survey) is None:
        reject("unknown-survey", f"there is no survey {c.data.survey}")
    if cx.get(Ballot, (c.data.survey, c.data.voter)):
        reject("voted-already", f"{c.data.voter} has voted in {c.data.survey}")
    return [about(f"survey/{c.data.survey}", Voted(c.data.survey, c.data.voter, c.data.answer))]
