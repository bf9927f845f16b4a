"""The plugin `survey`, version 2021-01-01: each answer is counted, whatever the case of its letters."""

from daybook_sdk import Event, KeyOf, Materialization, Plugin, event, table


@event
class Voted:
    """Somebody chose an answer."""

    survey: str
    voter: str
    answer: str


@table
class Tally:
    """How often an answer was chosen."""

    survey: KeyOf[str]
    answer: KeyOf[str]
    votes: int


plugin = Plugin(
    "survey", "2021-01-01", extends="2020-01-01", description="Surveys: questions that are asked, and votes that are counted",
    changes=["each answer is counted, in small letters"], tables=[Tally],
)


@plugin.materialize
def voted(e: Event[Voted], cx: Materialization) -> None:
    cx.previous(e)
    answer = e.data.answer.casefold()
    tally = cx.get(Tally, (e.data.survey, answer))
    cx.upsert(Tally(e.data.survey, answer, (tally.votes if tally else 0) + 1))
