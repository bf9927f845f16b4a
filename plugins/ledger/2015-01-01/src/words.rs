//! What is said to the ledger: events, past tense, and commands, imperative. Amounts are whole cents.

use daybook_sdk::prelude::*;

/// Whose an account is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Payload, Column)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// A customer's: never below zero.
    Customer,
    /// The ledger's own: what it has earned, and the world outside, from which all money comes and to which it goes. So
    /// that all accounts add up to zero, these may be below it.
    Own,
}

/// One side of a transaction.
#[derive(Clone, Debug, PartialEq, Eq, Payload)]
pub struct Entry {
    /// The account's name.
    #[schemars(length(min = 1, max = 50))]
    pub account: String,
    /// What it gets, in cents; below zero: what it pays.
    #[schemars(range(min = -100_000_000_000_i64, max = 100_000_000_000_i64))]
    pub amount: i64,
}

/// An account was opened, with nothing on it.
#[derive(Clone, Debug, PartialEq, Event)]
pub struct AccountOpened {
    /// The account's name.
    pub account: String,
    /// Whose it is.
    pub kind: Kind,
}

/// A transaction was posted.
#[derive(Clone, Debug, PartialEq, Event)]
pub struct Posted {
    /// The transaction's own number.
    pub transaction: String,
    /// Who pays and who gets it; together they are zero.
    #[schemars(length(min = 2, max = 100))]
    pub legs: Vec<Entry>,
}

/// A customer paid another one, and a fee.
#[derive(Clone, Debug, PartialEq, Event)]
pub struct Transferred {
    /// The transaction's own number.
    pub transaction: String,
    /// Who pays.
    pub from: String,
    /// Who is paid.
    pub to: String,
    /// What is paid, in cents.
    #[schemars(range(min = 1))]
    pub amount: i64,
    /// What the payer pays for it beyond that, in cents.
    #[schemars(range(min = 0))]
    pub fee: i64,
}

/// A period of an account ended.
#[derive(Clone, Debug, PartialEq, Event)]
pub struct PeriodClosed {
    /// The account's name.
    pub account: String,
    /// Which period, counted from 1.
    #[schemars(range(min = 1))]
    pub period: i64,
    /// The balance at its end, in cents: the opening balance of the next one.
    pub balance: i64,
}

/// Open an account.
#[derive(Clone, Debug, PartialEq, Command)]
pub struct OpenAccount {
    /// The name that it is to have.
    #[schemars(length(min = 1, max = 50))]
    pub account: String,
    /// Whose it is.
    pub kind: Kind,
    /// What is on it from the beginning; absent: nothing.
    pub opening: Option<Opening>,
}

/// What is on an account from the beginning.
#[derive(Clone, Debug, PartialEq, Payload)]
pub struct Opening {
    /// How much, in cents.
    #[schemars(range(min = 1, max = 100_000_000_000_i64))]
    pub amount: i64,
    /// The account that it comes from.
    #[schemars(length(min = 1, max = 50))]
    pub from: String,
}

/// Post a transaction.
#[derive(Clone, Debug, PartialEq, Command)]
pub struct Post {
    /// Who pays, one account, and who gets it; together they are zero.
    #[schemars(length(min = 2, max = 100))]
    pub legs: Vec<Entry>,
}

/// Pay another customer.
#[derive(Clone, Debug, PartialEq, Command)]
pub struct Transfer {
    /// Who pays.
    #[schemars(length(min = 1, max = 50))]
    pub from: String,
    /// Who is paid.
    #[schemars(length(min = 1, max = 50))]
    pub to: String,
    /// How much, in cents.
    #[schemars(range(min = 1, max = 100_000_000_000_i64))]
    pub amount: i64,
}

/// End an account's period and begin the next one.
#[derive(Clone, Debug, PartialEq, Command)]
pub struct ClosePeriod {
    /// The account's name.
    #[schemars(length(min = 1, max = 50))]
    pub account: String,
}
