//! What is kept of the ledger: accounts, the legs of their transactions, and what closed periods ended with.

use daybook_sdk::prelude::*;

use crate::words::Kind;

/// What is on an account.
#[derive(Clone, Debug, PartialEq, Table)]
pub struct Account {
    /// Its name.
    #[key]
    pub id: String,
    /// Whose it is.
    pub kind: Kind,
    /// In cents.
    pub balance: i64,
    /// The running period, counted from 1.
    pub period: i64,
    /// The balance at its beginning, in cents.
    pub opening: i64,
    /// The position in the log at which it began: its legs are those after it.
    pub period_seq: u64,
}

impl Account {
    /// What the running period says the balance is: what it began with, and the legs since.
    ///
    /// # Errors
    /// Where a leg cannot be read.
    pub fn counted(&self, cx: &impl Reader) -> Result<i128, Failure> {
        let mut sum = i128::from(self.opening);
        let legs = Leg::find(cx).prefix(&self.id).from(self.period_seq + 1);
        legs.each(|leg| {
            sum += i128::from(leg.amount);
            Ok(())
        })?;
        Ok(sum)
    }
}

/// Why a leg is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Payload, Column)]
#[serde(rename_all = "kebab-case")]
pub enum Purpose {
    /// It is what the transaction is about.
    Payment,
    /// It is for the transaction's being carried out.
    Fee,
}

/// One side of a transaction. Those of an account, in the order of the log, are its history.
#[derive(Clone, Debug, PartialEq, Table)]
pub struct Leg {
    /// The account's name.
    #[key]
    pub account: String,
    /// The transaction's position in the log.
    #[key]
    pub seq: u64,
    /// Which of the transaction's legs, counted from 1.
    #[key]
    pub line: i64,
    /// The transaction's own number.
    pub transaction: String,
    /// What the account got, in cents; below zero: what it paid.
    pub amount: i64,
    /// Why.
    pub purpose: Purpose,
}

/// A closed period: a snapshot of the account, from which its balance is counted on.
#[derive(Clone, Debug, PartialEq, Table)]
pub struct Statement {
    /// The account's name.
    #[key]
    pub account: String,
    /// Which period, counted from 1.
    #[key]
    pub period: i64,
    /// The balance at its beginning, in cents.
    pub opening: i64,
    /// The balance at its end, in cents.
    pub closing: i64,
    /// The position in the log at which it ended.
    pub seq: u64,
}
