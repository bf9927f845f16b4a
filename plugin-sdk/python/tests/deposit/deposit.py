"""The plugin `deposit`: deposits, and the balances they add up to."""

from typing import Annotated

from daybook_sdk import Command, Creation, Event, KeyOf, Materialization, Minimum, Money, Plugin, about, command, event
from daybook_sdk import fail, table

I64_MAX = 2**63 - 1


@event
class Deposited:
    """Money was paid in."""

    account: int
    amount: Annotated[int, Minimum(0)]


@command
class Deposit:
    """Pay money in."""

    account: int
    amount: Annotated[int, Minimum(0)]


@table
class Account:
    """What was paid in so far."""

    id: KeyOf[int]
    balance: Money["CZK", 2]
    last_seq: int


plugin = Plugin(
    "deposit", "2020-01-01", description="Deposits, and the balances they add up to", changes=["the first version"],
    tables=[Account],
)


@plugin.materialize
def deposited(e: Event[Deposited], cx: Materialization) -> None:
    row = cx.get(Account, e.data.account)
    before = row.balance if row else 0
    if before + e.data.amount > I64_MAX:
        fail("balance-too-large", f"{before} cents and {e.data.amount} exceed what can be counted")
    cx.upsert(Account(e.data.account, before + e.data.amount, e.seq))


@plugin.create
def deposit(c: Command[Deposit], cx: Creation):
    return [about(f"account/{c.data.account}", Deposited(c.data.account, c.data.amount))]
