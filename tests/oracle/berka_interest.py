#!/usr/bin/env python3
"""Works out, from the bank's CSV alone, what the two versions of the `bank` plugin must say about interest.

Every transaction first adds the interest that the balance before it earned since the account's last
transaction:

    interest = balance * 30,000 * days // year     in microcents (millionths of a cent); 3 % a year; rounded down

and nothing while the balance is not positive. The versions count days differently:

    base        actual days, a year of 365                                            (1993-01-01, ACT/365)
    candidate   months of 30 days, a year of 360: the 31st counts as the 30th, at both
                ends; February's last day stays what it is                            (1994-01-01, 30E/360)

An event's effects hold the account's row before and after it, so the effects of two histories differ as soon
as the sums before or after differ. A difference is

    direct      when the candidate, run on the base's state at that event, would add another amount than the base;
    inherited   when it would add the same amount, and the sum before already differed.

Prints one JSON object a line for each transaction, in the CSV's order: seq (the CSV's), transaction, account,
date, days (both counts), added and sum (microcents, both), and class: direct, inherited or equal. Totals go
to stderr.

    berka_interest.py [TRANSACTIONS.csv.gz]              default: $DAYBOOK_DATA or ../shared/data beside the repository
    berka_interest.py --accounts [TRANSACTIONS.csv.gz]   instead: each account's final balance (cents) and sums of interest
"""

import argparse
import csv
import datetime
import gzip
import json
import os
import pathlib
import sys
from collections import Counter

MICROCENTS_PER_CENT_AND_YEAR = 30_000


def data_file():
    """The transactions in $DAYBOOK_DATA, else in ../shared/data beside the repository."""
    beside = pathlib.Path(__file__).resolve().parents[2].parent / "shared" / "data"
    folder = pathlib.Path(os.environ.get("DAYBOOK_DATA", beside)) / "berka"
    return folder / "transactions-1993-01-01_1994-03-30.csv.gz"


def cents(text):
    whole, fraction = text.lstrip("-").split(".")
    assert len(fraction) == 2, text
    return (-1 if text.startswith("-") else 1) * (int(whole) * 100 + int(fraction))


def actual_days(start, end):
    return (end - start).days


def days_of_30(start, end):
    def count(day):
        return day.year * 360 + day.month * 30 + min(day.day, 30)

    return count(end) - count(start)


RULES = {"base": (actual_days, 365), "candidate": (days_of_30, 360)}


def interest(balance, days, year):
    return max(balance, 0) * MICROCENTS_PER_CENT_AND_YEAR * days // year


class Account:
    """An account in both histories: they share its balance and dates, and each has its own sum of interest."""

    def __init__(self, opened):
        self.balance = 0
        self.until = opened
        self.sums = {rule: 0 for rule in RULES}

    def post(self, row):
        date = datetime.date.fromisoformat(row["date"])
        days = {rule: count(self.until, date) for rule, (count, _) in RULES.items()}
        added = {rule: interest(self.balance, days[rule], RULES[rule][1]) for rule in RULES}
        before = dict(self.sums)
        for rule in RULES:
            self.sums[rule] += added[rule]
        self.balance += cents(row["signed_amount"])
        self.until = date

        if added["base"] != added["candidate"]:
            kind = "direct"
        elif before["base"] != before["candidate"]:
            kind = "inherited"
        else:
            kind = "equal"
        return {
            "seq": int(row["seq"]),
            "transaction": row["trans_id"],
            "account": int(row["account_id"]),
            "date": row["date"],
            "days": days,
            "added": added,
            "sum": dict(self.sums),
            "class": kind,
        }


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("transactions", nargs="?", type=pathlib.Path, default=data_file())
    parser.add_argument("--accounts", action="store_true", help="print final sums by account")
    options = parser.parse_args()

    accounts, classes = {}, Counter()
    with gzip.open(options.transactions, "rt", encoding="utf-8", newline="") as source:
        for row in csv.DictReader(source):
            number = int(row["account_id"])
            if number not in accounts:
                # Until its first transaction an account is empty and earns nothing, whenever it was opened.
                accounts[number] = Account(datetime.date.fromisoformat(row["date"]))
            outcome = accounts[number].post(row)
            classes[outcome["class"]] += 1
            if not options.accounts:
                print(json.dumps(outcome, separators=(",", ":")))
    if options.accounts:
        for number, account in sorted(accounts.items()):
            print(json.dumps({"account": number, "balance": account.balance, **account.sums}, separators=(",", ":")))
    differing = sum(account.sums["base"] != account.sums["candidate"] for account in accounts.values())
    print(
        f"{classes.total()} transactions: {classes['direct']} direct, {classes['inherited']} inherited, "
        f"{classes['equal']} equal; final sums differ on {differing} of {len(accounts)} accounts",
        file=sys.stderr,
    )


if __name__ == "__main__":
    main()
