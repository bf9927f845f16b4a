//! The plugin `bank`, version 1994-01-01: interest by months of 30 days in a year of 360.
//!
//! Holds that change and nothing else. What is posted, and where, is left to version 1993-01-01: each handler
//! lets it run, and then corrects the one column that it counts otherwise.

pub mod interest;
pub mod words;

use daybook_sdk::prelude::*;

use interest::MICROCENTS;
use words::{Account, AccrueInterest, InterestAccrued, TransactionPosted};

/// The bank.
pub struct Bank;

#[plugin(
    name = "bank",
    version = "1994-01-01",
    extends = "1993-01-01",
    description = "Accounts, statements and loans of a bank",
    changes = ["interest by months of 30 days in a year of 360 (30E/360), not by actual days in one of 365"],
    tables = [Account],
    event_partitions = [TransactionPosted.account, InterestAccrued.account]
)]
impl Bank {
    #[materialize]
    fn transaction_posted(event: &Event<TransactionPosted>, cx: &Materialization) -> Done {
        recount(event, event.data.account, event.data.date, 0, cx)
    }

    #[materialize]
    fn interest_accrued(event: &Event<InterestAccrued>, cx: &Materialization) -> Done {
        let moved = event.data.amount.saturating_mul(MICROCENTS);
        recount(event, event.data.account, event.data.date, moved, cx)
    }

    #[create]
    fn accrue_interest(command: &Command<AccrueInterest>, cx: &Creation) -> Decision {
        let date = command.data.date.unwrap_or_else(|| cx.today());
        let mut events = Vec::new();
        Account::find(cx).each(|account| {
            let amount = account.interest_until(date) / MICROCENTS;
            if amount > 0 {
                let accrued = InterestAccrued {
                    account: account.id,
                    transaction: cx.make_id(),
                    date,
                    amount,
                };
                events.push(accrued.about(format!("account/{}", account.id)));
            }
            Ok(())
        })?;
        Ok(events)
    }
}

/// Lets the extended version post the event, then puts this version's interest in place of the one it
/// counted; `moved` microcents of it went to the balance.
fn recount<T>(
    event: &Event<T>,
    account: i64,
    date: Date,
    moved: i64,
    cx: &Materialization,
) -> Done {
    // The balance that earned the interest is the one before the event.
    let interest = Account::require(cx, account)?.interest_until(date) - moved;
    cx.previous(event)?;
    Account::update(cx, account, |account| {
        account.interest_microcents = interest
    })
}
