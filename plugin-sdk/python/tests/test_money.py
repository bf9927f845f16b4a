"""Amounts and decimal numbers are exact: what a column holds is what the host's formats say, a whole number of the last place."""

from decimal import Decimal as Number

import pytest
from daybook_sdk import Decimal, Event, Fault, KeyOf, Money, Plugin, event, table
from daybook_sdk.declare import payload_from_json, payload_to_json, table_of
from daybook_sdk.testing import Scenario
from daybook_sdk.values import I64_MAX, read_json


@event
class Priced:
    amount: Money["CZK", 2]
    rate: Decimal[19, 6]


@table
class Price:
    id: KeyOf[int]
    amount: Money["CZK", 2]
    rate: Decimal[19, 6]
    share: Decimal[18, 18] = Number(0)


plugin = Plugin("prices", "2020-01-01", tables=[Price])


@plugin.materialize
def priced(e: Event[Priced], cx):
    cx.upsert(Price(e.seq, e.data.amount, e.data.rate))


def raw(amount=0, rate=Number(0), share=Number(0)):
    return table_of(Price).to_row(Price(1, amount, rate, share))[1:]


def test_the_formats_are_those_of_the_contract():
    columns = {c["name"]: c for c in table_of(Price).manifest()["columns"]}
    assert columns["amount"] == {"name": "amount", "kind": "integer", "format": "money(CZK,2)"}
    assert columns["rate"] == {"name": "rate", "kind": "integer", "format": "decimal(19,6)"}


# As `format.rs` writes them: (1250, 2) is 12.50, (-1205, 2) is -12.05.
@pytest.mark.parametrize(("number", "kept"), [
    ("12.5", 12_500_000), ("-12.05", -12_050_000), ("0", 0), ("-0", 0), ("0.000001", 1), ("1E+3", 1_000_000_000),
    ("25.390000000", 25_390_000), ("9223372036854.775807", I64_MAX), ("-9223372036854.775808", -I64_MAX - 1),
])
def test_a_decimal_is_kept_as_a_whole_number_of_its_last_place_and_comes_back(number, kept):
    assert raw(rate=Number(number))[1] == kept
    back = Scenario(plugin).given(Priced(0, Number(number))).row(Price, 1).rate
    assert back == Number(number) and str(back).partition(".")[2] == f"{abs(kept):07}"[-6:]


@pytest.mark.parametrize(("number", "words"), [
    (Number("0.0000001"), "more than 6 digits after the point: round it first"),
    (Number("10000000000000"), "more than 13 digits before the point"),
    (Number("9223372036854.775808"), "is too large: whole numbers have 64 bits"),
    (Number("1E+1000000000"), "more than 13 digits before the point"),
    (Number("NaN"), "is no decimal number"), (Number("Infinity"), "is no decimal number"), (12.5, "is no decimal number"),
    (True, "is no decimal number"), (None, "is not nullable"),
])
def test_what_does_not_fit_is_refused_and_never_rounded(number, words):
    with pytest.raises(Fault, match=words):
        raw(rate=number)


def test_an_amount_is_a_whole_number_and_no_float():
    assert raw(amount=I64_MAX)[0] == I64_MAX
    for wrong in (12.0, Number("12.00"), True, "12"):
        with pytest.raises(Fault, match="price.amount"):
            raw(amount=wrong)


def test_in_json_an_amount_is_a_number_and_a_decimal_a_text_both_exact():
    written = payload_to_json(Priced(2**53 + 1, Number("0.1")))
    assert written == {"amount": 2**53 + 1, "rate": "0.100000"}
    # A number, as events of an older form may have it, keeps the digits that were written.
    read = payload_from_json(Priced, read_json('{"amount": 9007199254740993, "rate": 0.1000000000000000055}'))
    assert (read.amount, str(read.rate)) == (2**53 + 1, "0.1000000000000000055")


@pytest.mark.parametrize("declare", [
    lambda: Money["czk", 2], lambda: Money["CZK", 19], lambda: Decimal[20, 2], lambda: Decimal[2, 3], lambda: Decimal[0, 0],
])
def test_a_format_that_the_host_does_not_know_is_refused_at_its_declaration(declare):
    with pytest.raises(TypeError, match="digits|letters"):
        declare()
