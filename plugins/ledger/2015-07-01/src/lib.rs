//! The plugin `ledger`, version 2015-07-01: what a payer pays as a fee is a leg of its own, as it is on the other side.
//!
//! No balance is another for it: version 2015-01-01 posts the transfer, and here its payer's leg is written as two.

use daybook_sdk::prelude::*;

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

/// The payer's leg of a transfer, which held the fee; and the line after the last one, which holds it now.
const PAYER: i64 = 1;
const PAYERS_FEE: i64 = 4;

/// The plugin.
pub struct Ledger;

#[plugin(
    name = "ledger",
    version = "2015-07-01",
    extends = "2015-01-01",
    description = "Accounts, and transactions whose legs add up to zero",
    changes = ["what a payer pays as a fee is a leg of its own"],
    tables = [Leg]
)]
impl Ledger {
    #[materialize]
    fn transferred(event: &Event<Transferred>, cx: &Materialization) -> Done {
        cx.previous(event)?;
        let Transferred {
            transaction,
            from,
            fee,
            ..
        } = event.data.clone();
        if fee == 0 {
            return Ok(());
        }
        Leg::update(cx, (&from, event.seq(), PAYER), |leg| leg.amount += fee)?;
        Leg {
            account: from,
            seq: event.seq(),
            line: PAYERS_FEE,
            transaction,
            amount: -fee,
            purpose: Purpose::Fee,
        }
        .insert(cx)
    }
}
