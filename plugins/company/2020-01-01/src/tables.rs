//! What is kept of companies: who they are, and what they owe.

use daybook_sdk::prelude::*;

use crate::interest;
use crate::words::Address;

/// Who is registered.
#[derive(Clone, Debug, PartialEq, Table)]
pub struct Company {
    /// Its number in the register.
    #[key]
    pub company: String,
    /// As it signs.
    pub name: String,
    /// Where it gets its mail: street and number.
    pub street: String,
    /// Where it gets its mail: the city.
    pub city: String,
}

impl Company {
    /// Where it gets its mail.
    pub fn address(&self) -> Address {
        Address {
            street: self.street.clone(),
            city: self.city.clone(),
        }
    }
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
    /// Interest counted and not yet due, in microcents (millionths of a cent).
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

    /// Counts interest up to a day, on the balance as it was until then.
    pub fn count_until(&mut self, date: Date) {
        self.interest_microcents = self.interest_until(date);
        self.interest_to = self.interest_to.max(Some(date));
    }
}
