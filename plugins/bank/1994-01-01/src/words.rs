//! What this version handles, as version 1993-01-01 defines it: two events, a command, and the account's table.

use daybook_sdk::prelude::*;

use crate::interest;

/// Money moved on an account.
#[derive(Clone, Debug, PartialEq, Event)]
pub struct TransactionPosted {
    /// The account's number.
    pub account: i64,
    /// The transaction's own number. The two sides of a transfer share it.
    pub transaction: String,
    /// The day on which it counts.
    pub date: Date,
    /// Which way.
    pub kind: Kind,
    /// How much, in cents.
    #[schemars(range(min = 1))]
    pub amount: i64,
    /// The way the money took: `cash-deposit`, `transfer-out`, …
    pub operation: Option<String>,
    /// What it was for: `fee`, `interest`, `pension`, …
    pub purpose: Option<String>,
    /// The other side of a transfer.
    pub counterparty: Option<String>,
}

/// Which way a transaction moves the balance.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Payload)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// Money comes in.
    Credit,
    /// Money goes out.
    Debit,
}

/// Interest was moved to an account's balance.
#[derive(Clone, Debug, PartialEq, Event)]
pub struct InterestAccrued {
    /// The account's number.
    pub account: i64,
    /// The transaction's own number.
    pub transaction: String,
    /// The day up to which interest was counted.
    pub date: Date,
    /// How much, in cents; what is less than a cent stays behind.
    #[schemars(range(min = 1))]
    pub amount: i64,
}

/// Move every account's earned interest to its balance.
#[derive(Clone, Debug, PartialEq, Command)]
pub struct AccrueInterest {
    /// The day up to which interest is counted; absent: the day on which the command is accepted.
    pub date: Option<Date>,
}

/// What changes with every posting.
#[derive(Clone, Debug, PartialEq, Table)]
pub struct Account {
    /// The account's number.
    #[key]
    pub id: i64,
    /// In cents.
    pub balance: i64,
    /// Statement lines written so far.
    pub lines: i64,
    /// The day up to which interest is counted in.
    pub interest_to: Date,
    /// Interest earned and not yet moved to the balance, in microcents (millionths of a cent). Below zero
    /// where more was moved than this version would have counted; what is earned next makes up for it.
    pub interest_microcents: i64,
}

impl Account {
    /// Interest earned up to a day and not yet moved to the balance, in microcents.
    pub fn interest_until(&self, date: Date) -> i64 {
        self.interest_microcents.saturating_add(interest::earned(
            self.balance,
            self.interest_to,
            date,
        ))
    }
}
