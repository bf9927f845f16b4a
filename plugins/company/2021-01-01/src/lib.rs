//! The plugin `company`, version 2021-01-01: interest by months of 30 days in a year of 360.
//!
//! Holds that change and nothing else. Who is registered, where their mail goes and what was lent are left to version
//! 2020-01-01, which runs first; then the interest that it counted is put right.

pub mod interest;
pub mod words;

use daybook_sdk::prelude::*;

use interest::MICROCENTS;
use words::{CalculateInterestOwed, InterestOwed, Lent, Loan, Repaid};

/// The plugin.
pub struct Companies;

#[plugin(
    name = "company",
    version = "2021-01-01",
    extends = "2020-01-01",
    description = "Companies, their addresses, and what they owe",
    changes = ["interest by months of 30 days in a year of 360 (30E/360), not by actual days in one of 365"],
    tables = [Loan]
)]
impl Companies {
    #[materialize]
    fn lent(event: &Event<Lent>, cx: &Materialization) -> Done {
        recount(event, &event.data.company, event.data.date, 0, cx)
    }

    #[materialize]
    fn repaid(event: &Event<Repaid>, cx: &Materialization) -> Done {
        recount(event, &event.data.company, event.data.date, 0, cx)
    }

    #[materialize]
    fn interest_owed(event: &Event<InterestOwed>, cx: &Materialization) -> Done {
        // What became due was told to the company: it stays what it was, however it would be counted now.
        let due = event.data.interest.saturating_mul(MICROCENTS);
        recount(event, &event.data.company, event.data.date, due, cx)
    }

    #[create]
    fn calculate_interest_owed(
        command: &Command<CalculateInterestOwed>,
        cx: &Creation,
    ) -> Decision {
        // Its days are counted otherwise, and so its events are not these; what it refuses is refused.
        cx.previous(command)?;
        let date = command.data.date.unwrap_or_else(|| cx.today());
        let mut events = Vec::new();
        Loan::find(cx).each(|loan| {
            let interest = loan.interest_until(date) / MICROCENTS;
            if interest > 0 {
                let about = format!("company/{}", loan.company);
                let owed = InterestOwed {
                    company: loan.company,
                    date,
                    balance: loan.balance,
                    interest,
                };
                events.push(owed.about(about));
            }
            Ok(())
        })?;
        Ok(events)
    }
}

/// Lets the extended version do all of it, then puts this version's interest in place of the one that it counted; `due`
/// microcents of it are interest no longer, but debt.
fn recount<T>(
    event: &Event<T>,
    company: &String,
    date: Date,
    due: i64,
    cx: &Materialization,
) -> Done {
    // The balance that earned the interest is the one before the event.
    let interest = Loan::require(cx, company)?.interest_until(date) - due;
    cx.previous(event)?;
    Loan::update(cx, company, |loan| loan.interest_microcents = interest)
}
