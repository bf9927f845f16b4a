#!/usr/bin/env python3
"""Plays recorded no-limit hold'em hands again, apart from the `poker` plugin, and says where an odd chip decides.

The input is the recording's `hands.jsonl.gz`: one hand a line, actions in PHH notation, and the
`finishing_stacks` that were published with it. A pot that several hands win is shared under two rules:

    exact       every winner gets the same share, in fractions of a chip. This is how the recording was kept: it must
                give the published stacks of every hand.
    whole       chips are not cut: what is left over after an equal division goes out one chip each to the winners in
                the order of their seats, from the first seat left of the button.

Prints one JSON object a line for each hand in which the rules part: its number (its line in the recording,
from 1), where it came from, and both rules' finishing stacks. A summary goes to stderr. Exits 1 if `exact`
misses a published stack.

    poker_odd_chips.py [HANDS.jsonl.gz]           default: $DAYBOOK_DATA or ../shared/data beside the repository
    poker_odd_chips.py --numbers [HANDS.jsonl.gz] hand numbers only, one a line

Nothing here is shared with the plugin: hands are ranked by trying all 21 choices of five cards from seven,
pots are peeled off layer by layer, and shares are fractions.
"""

import argparse
import gzip
import itertools
import json
import os
import pathlib
import sys
from fractions import Fraction

RANKS = "23456789TJQKA"


def data_file():
    """The recording in $DAYBOOK_DATA, else in ../shared/data beside the repository."""
    beside = pathlib.Path(__file__).resolve().parents[2].parent / "shared" / "data"
    return pathlib.Path(os.environ.get("DAYBOOK_DATA", beside)) / "poker-pluribus" / "hands.jsonl.gz"


def cards(text):
    """`AhTd` as [(rank, suit), ...]; a deuce has rank 2, an ace 14."""
    return [(RANKS.index(text[i]) + 2, text[i + 1]) for i in range(0, len(text), 2)]


def rank_five(five):
    """A tuple that is greater for the better of two five-card hands, and equal when they tie."""
    ranks = sorted((rank for rank, _ in five), reverse=True)
    flush = len({suit for _, suit in five}) == 1
    if ranks == [14, 5, 4, 3, 2]:
        ranks = [5, 4, 3, 2, 1]
    straight = all(a - b == 1 for a, b in zip(ranks, ranks[1:]))
    groups = sorted(((ranks.count(rank), rank) for rank in set(ranks)), reverse=True)
    shape = [count for count, _ in groups]
    if straight and flush:
        category = 8
    elif shape == [4, 1]:
        category = 7
    elif shape == [3, 2]:
        category = 6
    elif flush:
        category = 5
    elif straight:
        category = 4
    elif shape == [3, 1, 1]:
        category = 3
    elif shape == [2, 2, 1]:
        category = 2
    elif shape == [2, 1, 1, 1]:
        category = 1
    else:
        category = 0
    return (category, [rank for _, rank in groups])


def best(hole, board):
    """The best five of the seven cards."""
    return max(rank_five(five) for five in itertools.combinations(hole + board, 5))


class Table:
    """One hand as it is played: what each seat holds, has bet in this street, and has put in altogether."""

    def __init__(self, hand):
        seats = range(len(hand["starting_stacks"]))
        self.stack = list(hand["starting_stacks"])
        self.street = [0 for _ in seats]
        self.paid = [0 for _ in seats]
        self.live = [True for _ in seats]
        self.hole = [None for _ in seats]
        self.board = []
        for seat in seats:
            self.pay(seat, hand["antes"][seat])
        self.street = [0 for _ in seats]
        for seat in seats:
            self.pay(seat, hand["blinds_or_straddles"][seat])

    def pay(self, seat, amount):
        amount = min(amount, self.stack[seat])
        self.stack[seat] -= amount
        self.street[seat] += amount
        self.paid[seat] += amount

    def act(self, action):
        words = action.split()
        if words[0] == "d" and words[1] == "dh":
            self.hole[int(words[2][1:]) - 1] = cards(words[3])
        elif words[0] == "d":
            self.board += cards(words[2])
            self.street = [0 for _ in self.street]
        else:
            seat = int(words[0][1:]) - 1
            if words[1] == "f" or (words[1] == "sm" and len(words) == 2):
                self.live[seat] = False  # a folded hand, or one thrown away unseen at the showdown
            elif words[1] == "cc":
                self.pay(seat, max(self.street) - self.street[seat])
            elif words[1] == "cbr":
                self.pay(seat, int(words[2]) - self.street[seat])
            elif words[1] != "sm":
                raise ValueError(f"unknown action {action!r}")

    def pots(self):
        """Each pot as [chips, seats that can win it]; layers that the same seats can win are one pot."""
        pots, floor = [], 0
        for level in sorted(set(self.paid) - {0}):
            payers = [seat for seat, paid in enumerate(self.paid) if paid >= level]
            chips = (level - floor) * len(payers)
            floor = level
            able = [seat for seat in payers if self.live[seat]] or payers
            if pots and pots[-1][1] == able:
                pots[-1][0] += chips
            else:
                pots.append([chips, able])
        return pots

    def finish(self, rule):
        """Finishing stacks under a rule, which maps (chips, winners in seat order) to one share each."""
        stack = [Fraction(chips) for chips in self.stack]
        for chips, able in self.pots():
            winners = able
            if len(able) > 1:
                strength = {seat: best(self.hole[seat], self.board) for seat in able}
                winners = [seat for seat in able if strength[seat] == max(strength.values())]
            for seat, share in zip(winners, rule(chips, winners)):
                stack[seat] += share
        return stack


def exact(chips, winners):
    return [Fraction(chips, len(winners)) for _ in winners]


def whole(chips, winners):
    # Seat 1 is the small blind, the first seat left of the button, and seats count on from there.
    share, over = divmod(chips, len(winners))
    return [share + (1 if place < over else 0) for place in range(len(winners))]


def plain(stack):
    return [int(chips) if chips.denominator == 1 else float(chips) for chips in stack]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("hands", nargs="?", type=pathlib.Path, default=data_file())
    parser.add_argument("--numbers", action="store_true", help="print hand numbers only")
    options = parser.parse_args()

    wrong = parted = count = 0
    with gzip.open(options.hands, "rt", encoding="utf-8") as lines:
        for count, line in enumerate(lines, start=1):
            hand = json.loads(line)
            table = Table(hand)
            for action in hand["actions"]:
                table.act(action)
            kept, chips = table.finish(exact), table.finish(whole)
            published = [Fraction(stack) for stack in hand["finishing_stacks"]]
            if kept != published:
                wrong += 1
                print(f"hand {count} ({hand['file']}): {plain(kept)}, published {plain(published)}", file=sys.stderr)
            if kept != chips:
                parted += 1
                if options.numbers:
                    print(count)
                else:
                    row = {"hand": count, "file": hand["file"], "exact": plain(kept), "whole": plain(chips)}
                    print(json.dumps(row, separators=(",", ":")))
    print(f"{count} hands: {count - wrong} as published under exact shares, {parted} with an odd chip", file=sys.stderr)
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
