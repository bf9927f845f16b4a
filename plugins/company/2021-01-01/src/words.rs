//! What this version handles, as version 2020-01-01 defines it: three events, a command, and the loan's table.

use daybook_sdk::prelude::*;

use crate::interest;

/// Money was lent to a company.
#[derive(Clone, Debug, PartialEq, Event)]
pub struct Lent {
    /// The company's number.
    pub company: String,
    /// The day from which it earns interest.
    pub date: Date,
    /// How much, in cents.
    #[schemars(range(min = 1))]
    pub amount: i64,
}

/// A company paid back what was lent to it; not its interest.
#[derive(Clone, Debug, PartialEq, Event)]
pub struct Repaid {
    /// The company's number.
    pub company: String,
    /// The day up to which it earns interest.
    pub date: Date,
    /// How much, in cents.
    #[schemars(range(min = 1))]
    pub amount: i64,
}

/// A company was found to owe interest, which is due from then on.
#[derive(Clone, Debug, PartialEq, Event)]
pub struct InterestOwed {
    /// The company's number.
    pub company: String,
    /// The day up to which it was counted.
    pub date: Date,
    /// The loan that day, in cents.
    #[schemars(range(min = 0))]
    pub balance: i64,
    /// Whole cents; what is less than a cent stays behind.
    #[schemars(range(min = 1))]
    pub interest: i64,
}

/// Find out what every company owes in interest, all on the same day and all from the same state.
#[derive(Clone, Debug, PartialEq, Command)]
pub struct CalculateInterestOwed {
    /// The day up to which interest is counted; absent: the day on which the command is accepted.
    pub date: Option<Date>,
}

/// What a company owes.
#[derive(Clone, Debug, PartialEq, Table)]
pub struct Loan {
    /// Its number in the register.
    #[key]
    pub company: String,
    /// What was lent and not paid back, in cents.
    pub balance: i64,
    /// What that costs, in hundredths of a percent a year.
    pub rate_basis_points: i64,
    /// The day up to which interest is counted in.
    pub interest_to: Option<Date>,
    /// Interest counted and not yet due, in microcents (millionths of a cent). Below zero where more became due than
    /// this version would have counted; what is counted next makes up for it.
    pub interest_microcents: i64,
    /// Interest that is due and not paid, in cents.
    pub interest_due: i64,
}

impl Loan {
    /// Interest counted up to a day and not yet due, in microcents.
    pub fn interest_until(&self, date: Date) -> i64 {
        let from = self.interest_to.unwrap_or(date);
        let since = interest::owed(self.balance, self.rate_basis_points, from, date);
        self.interest_microcents.saturating_add(since)
    }
}
