//! The plugin `deposit`, version 2020-02-01: as before, and each deposit is told to its owner and to the books. The smallest
//! plugin that asks for tasks, and the workload on which their cost is measured.

use daybook_sdk::prelude::*;

/// Money was paid in.
#[derive(Clone, Debug, PartialEq, Event)]
pub struct Deposited {
    /// The account's number.
    pub account: i64,
    /// How much, in cents.
    #[schemars(range(min = 0))]
    pub amount: i64,
}

/// Pay money in.
#[derive(Clone, Debug, PartialEq, Command)]
pub struct Deposit {
    /// The account's number.
    pub account: i64,
    /// How much, in cents.
    #[schemars(range(min = 0))]
    pub amount: i64,
}

/// What was paid in so far.
#[derive(Clone, Debug, PartialEq, Table)]
pub struct Account {
    /// The account's number.
    #[key]
    pub id: i64,
    /// In cents.
    pub balance: i64,
    /// The position of the latest deposit in the log.
    pub last_seq: u64,
}

/// Tell the owner what was paid in.
#[derive(Clone, Debug, PartialEq, Task)]
#[task(kind = "receipt")]
pub struct Receipt {
    /// The account's number.
    pub account: i64,
    /// How much, in cents.
    pub amount: i64,
    /// What there is now, in cents.
    pub balance: i64,
}

/// Tell the books.
#[derive(Clone, Debug, PartialEq, Task)]
#[task(kind = "booking")]
pub struct Booking {
    /// The position of the deposit in the log.
    pub seq: u64,
    /// How much, in cents.
    pub amount: i64,
}

/// The plugin.
pub struct Deposits;

#[plugin(
    name = "deposit",
    version = "2020-02-01",
    description = "Deposits, and the balances they add up to",
    changes = ["each deposit is told to its owner, and to the books"],
    tables = [Account],
    tasks = [Receipt, Booking]
)]
impl Deposits {
    #[materialize]
    fn deposited(event: &Event<Deposited>, cx: &Materialization) -> Done {
        let Deposited {
            account: id,
            amount,
        } = event.data;
        let before = Account::get(cx, id)?.map_or(0, |account| account.balance);
        let Some(balance) = before.checked_add(amount) else {
            return fail(
                "balance-too-large",
                format!("{before} cents and {amount} exceed what can be counted"),
            );
        };
        cx.enqueue(
            Receipt {
                account: id,
                amount,
                balance,
            }
            .with_key(id.to_string()),
        );
        cx.enqueue(Booking {
            seq: event.seq(),
            amount,
        });
        Account {
            id,
            balance,
            last_seq: event.seq(),
        }
        .upsert(cx)
    }

    #[create]
    fn deposit(command: &Command<Deposit>, _cx: &Creation) -> Decision {
        let Deposit { account, amount } = command.data;
        Ok(events![Deposited { account, amount }])
    }
}
