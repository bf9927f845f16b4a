//! What the bank keeps. What every posting reads and writes is in one narrow table; the rest is apart from it.

use daybook_sdk::prelude::*;

use crate::interest;

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

    /// Counts in the interest that the present balance has earned up to a day. Must come before the balance
    /// changes.
    pub fn earn_until(&mut self, date: Date) {
        self.interest_microcents = self.interest_until(date);
        self.interest_to = self.interest_to.max(date);
    }

    /// Moves the balance by an amount, negative for money that goes out, and gives the statement line that
    /// says so.
    pub fn post(
        &mut self,
        transaction: &str,
        date: Date,
        amount: i64,
    ) -> Result<StatementLine, Failure> {
        let Some(balance) = self.balance.checked_add(amount) else {
            return fail(
                "balance-too-large",
                format!(
                    "{} cents and {amount} exceed what can be counted",
                    self.balance
                ),
            );
        };
        self.balance = balance;
        self.lines += 1;
        Ok(StatementLine {
            account: self.id,
            line: self.lines,
            transaction_id: transaction.to_owned(),
            date,
            amount,
            balance,
        })
    }
}

/// What was agreed when the account was opened.
#[derive(Clone, Debug, PartialEq, Table)]
pub struct Agreement {
    /// The account's number.
    #[key]
    pub account: i64,
    /// The day on which it was opened.
    pub opened: Date,
    /// The branch's district.
    pub district: Option<i64>,
    /// How often statements are sent.
    pub frequency: Option<String>,
    /// How far below zero withdrawals may take the balance, in cents.
    pub overdraft_limit: i64,
}

/// One line of an account's statement.
#[derive(Clone, Debug, PartialEq, Table)]
#[table(name = "statement")]
pub struct StatementLine {
    /// The account's number.
    #[key]
    pub account: i64,
    /// Counts from 1 for each account.
    #[key]
    pub line: i64,
    /// The transaction's own number.
    pub transaction_id: String,
    /// The day on which it counts.
    pub date: Date,
    /// In cents; below zero for money that went out.
    pub amount: i64,
    /// The balance after it, in cents.
    pub balance: i64,
}

/// A loan.
#[derive(Clone, Debug, PartialEq, Table)]
pub struct Loan {
    /// The loan's number.
    #[key]
    pub id: i64,
    /// The account's number.
    pub account: i64,
    /// The day on which it was granted.
    pub granted: Date,
    /// The sum lent, in cents.
    pub amount: i64,
    /// Over how many months it is paid back.
    pub months: i64,
    /// Each month's payment, in cents.
    pub payment: i64,
}
