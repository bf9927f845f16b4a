#!/usr/bin/env python3
"""Checks the balances that a host materialized against the ones that the bank published.

    berka_balances.py EXPORT|- [--data TRANSACTIONS.csv.gz]

EXPORT holds every transaction and the balance after it, in cents, as JSON lines, a JSON array of objects, or
CSV with a header; the columns read are `transaction_id` or `transaction` (695247, or an event's id:
transaction-695247) and `balance`. For instance what this selects:

    SELECT transaction_id, balance FROM bank_statement

Required: every transaction of the CSV once, and no other; every balance within 0.70 of `published_balance`
(the bank rounded some of its interest to 0.1 before adding it up, and nothing resynchronises the sum), and
exactly equal where plain summing of `signed_amount` reaches it: after every transaction of the accounts that
never drift (411 in the recording), and at the end of those whose drift has evened out by then (664, the 411
among them). Exits 1 with the first faults on stderr.
"""

import argparse
import csv
import gzip
import io
import json
import os
import pathlib
import sys
from collections import defaultdict

DRIFT_MAX_CENTS = 70
FAULTS_SHOWN = 10


def data_file():
    """The transactions in $DAYBOOK_DATA, else in ../shared/data beside the repository."""
    beside = pathlib.Path(__file__).resolve().parents[2].parent / "shared" / "data"
    folder = pathlib.Path(os.environ.get("DAYBOOK_DATA", beside)) / "berka"
    return folder / "transactions-1993-01-01_1994-03-30.csv.gz"


def cents(text):
    whole, fraction = text.lstrip("-").split(".")
    assert len(fraction) == 2, text
    return (-1 if text.startswith("-") else 1) * (int(whole) * 100 + int(fraction))


class Recording:
    """What the bank published: balances in cents, and where a plain sum of the amounts must reach them exactly."""

    def __init__(self, path):
        self.published = {}  # transaction -> (account, balance)
        self.exact = set()  # transactions after which the plain sum is what was published
        last, sums, drifting = {}, defaultdict(int), set()
        with gzip.open(path, "rt", encoding="utf-8", newline="") as source:
            for row in csv.DictReader(source):
                transaction, account, balance = row["trans_id"], int(row["account_id"]), cents(row["published_balance"])
                self.published[transaction] = (account, balance)
                last[account] = transaction
                sums[account] += cents(row["signed_amount"])
                if sums[account] == balance:
                    self.exact.add(transaction)
                else:
                    drifting.add(account)
        self.never_drifting = set(sums) - drifting
        self.even_at_the_end = {account for account in sums if last[account] in self.exact}


def exported(text):
    """(transaction, balance in cents) of every row of the export."""
    if text.lstrip().startswith("["):
        rows = json.loads(text)
    elif text.lstrip().startswith("{"):
        rows = [json.loads(line) for line in text.splitlines() if line.strip()]
    else:
        rows = csv.DictReader(io.StringIO(text))
    for row in rows:
        yield str(row.get("transaction_id", row.get("transaction"))).removeprefix("transaction-"), int(row["balance"])


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("export", help="file of transactions and balances; - for stdin")
    parser.add_argument("--data", type=pathlib.Path, default=data_file())
    options = parser.parse_args()

    recording = Recording(options.data)
    text = sys.stdin.read() if options.export == "-" else pathlib.Path(options.export).read_text(encoding="utf-8")
    faults, seen, exact = [], set(), 0
    for transaction, balance in exported(text):
        if transaction not in recording.published:
            faults.append(f"transaction {transaction}: not in the recording")
            continue
        if transaction in seen:
            faults.append(f"transaction {transaction}: exported twice")
        seen.add(transaction)
        account, expected = recording.published[transaction]
        allowed = 0 if transaction in recording.exact else DRIFT_MAX_CENTS
        if abs(balance - expected) > allowed:
            faults.append(
                f"transaction {transaction} of account {account}: {balance} cents, published {expected}, allowed drift {allowed}"
            )
        exact += balance == expected
    missing = [transaction for transaction in recording.published if transaction not in seen]
    faults += [f"transaction {transaction}: not exported" for transaction in missing]

    for fault in faults[:FAULTS_SHOWN]:
        print(fault, file=sys.stderr)
    print(
        f"{len(seen)} of {len(recording.published)} transactions: {exact} exactly as published; "
        f"{len(recording.never_drifting)} accounts never drift, {len(recording.even_at_the_end)} are even at the end; "
        f"{len(faults)} faults",
        file=sys.stderr,
    )
    sys.exit(1 if faults else 0)


if __name__ == "__main__":
    main()
