//! What is said to the bank: its events, past tense, and its commands, imperative. Amounts are whole cents
//! (haléře) and positive.

use daybook_sdk::prelude::*;

/// Which way a transaction moves the balance.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Payload)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// Money comes in.
    Credit,
    /// Money goes out.
    Debit,
}

/// An account was opened, with nothing on it.
#[derive(Clone, Debug, PartialEq, Event)]
pub struct AccountOpened {
    /// The account's number.
    pub account: i64,
    /// The day, from which interest counts.
    pub opened: Date,
    /// The branch's district.
    pub district: Option<i64>,
    /// How often statements are sent: `monthly`, `weekly`, `after-transaction`.
    pub frequency: Option<String>,
    /// How far below zero withdrawals may take the balance, in cents; absent: not at all.
    #[schemars(range(min = 0))]
    pub overdraft_limit: Option<i64>,
}

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

/// A loan was granted to an account's holder. Its money and its payments are transactions.
#[derive(Clone, Debug, PartialEq, Event)]
pub struct LoanGranted {
    /// The loan's number.
    pub loan: i64,
    /// The account's number.
    pub account: i64,
    /// The day.
    pub date: Date,
    /// The sum lent, in cents.
    #[schemars(range(min = 1))]
    pub amount: i64,
    /// Over how many months it is paid back.
    #[schemars(range(min = 1))]
    pub months: i64,
    /// Each month's payment, in cents.
    #[schemars(range(min = 1))]
    pub payment: i64,
}

/// Open an account.
#[derive(Clone, Debug, PartialEq, Command)]
pub struct OpenAccount {
    /// The number it shall have.
    pub account: i64,
    /// The day; absent: the day on which the command is accepted.
    pub date: Option<Date>,
    /// The branch's district.
    pub district: Option<i64>,
    /// How often statements are sent.
    pub frequency: Option<String>,
    /// How far below zero withdrawals may take the balance, in cents; absent: not at all.
    #[schemars(range(min = 0))]
    pub overdraft_limit: Option<i64>,
}

/// Pay cash in.
#[derive(Clone, Debug, PartialEq, Command)]
pub struct Deposit {
    /// The account's number.
    pub account: i64,
    /// The day; absent: the day on which the command is accepted.
    pub date: Option<Date>,
    /// How much, in cents.
    #[schemars(range(min = 1))]
    pub amount: i64,
}

/// Take cash out.
#[derive(Clone, Debug, PartialEq, Command)]
pub struct Withdraw {
    /// The account's number.
    pub account: i64,
    /// The day; absent: the day on which the command is accepted.
    pub date: Option<Date>,
    /// How much, in cents.
    #[schemars(range(min = 1))]
    pub amount: i64,
}

/// Move money from one account of this bank to another.
#[derive(Clone, Debug, PartialEq, Command)]
pub struct Transfer {
    /// The account that pays.
    pub from: i64,
    /// The account that is paid.
    pub to: i64,
    /// The day; absent: the day on which the command is accepted.
    pub date: Option<Date>,
    /// How much, in cents.
    #[schemars(range(min = 1))]
    pub amount: i64,
}

/// Move every account's earned interest to its balance.
#[derive(Clone, Debug, PartialEq, Command)]
pub struct AccrueInterest {
    /// The day up to which interest is counted; absent: the day on which the command is accepted.
    pub date: Option<Date>,
}
