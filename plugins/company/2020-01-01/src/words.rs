//! What is said of companies: events, past tense, commands, imperative, and the mail that an address change asks for.
//! Amounts are whole cents.

use daybook_sdk::prelude::*;

/// Where a company gets its mail.
#[derive(Clone, Debug, PartialEq, Eq, Payload)]
pub struct Address {
    /// Street and number.
    #[schemars(length(min = 1, max = 100))]
    pub street: String,
    /// With its postcode.
    #[schemars(length(min = 1, max = 100))]
    pub city: String,
}

/// A company was registered.
#[derive(Clone, Debug, PartialEq, Event)]
pub struct Registered {
    /// The company's number in the register.
    pub company: String,
    /// As it signs.
    pub name: String,
    /// Where it gets its mail.
    pub address: Address,
    /// What its loan costs, in hundredths of a percent a year.
    #[schemars(range(min = 0, max = 10_000))]
    pub rate_basis_points: i64,
}

/// A company has its mail sent elsewhere.
#[derive(Clone, Debug, PartialEq, Event)]
pub struct AddressChanged {
    /// The company's number.
    pub company: String,
    /// Where it gets its mail from now on.
    pub address: Address,
}

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

/// A company paid interest that was due.
#[derive(Clone, Debug, PartialEq, Event)]
pub struct InterestPaid {
    /// The company's number.
    pub company: String,
    /// How much, in cents.
    #[schemars(range(min = 1))]
    pub amount: i64,
}

/// Register companies: all of them, or none.
#[derive(Clone, Debug, PartialEq, Command)]
pub struct Register {
    /// Each with a number of its own.
    #[schemars(length(min = 1, max = 100))]
    pub companies: Vec<NewCompany>,
}

/// A company that is to be registered.
#[derive(Clone, Debug, PartialEq, Payload)]
pub struct NewCompany {
    /// Its number in the register.
    #[schemars(length(min = 1, max = 20))]
    pub company: String,
    /// As it signs.
    #[schemars(length(min = 1, max = 100))]
    pub name: String,
    /// Where it gets its mail.
    pub address: Address,
    /// What its loan is to cost, in hundredths of a percent a year.
    #[schemars(range(min = 0, max = 10_000))]
    pub rate_basis_points: i64,
}

/// Have a company's mail sent elsewhere.
#[derive(Clone, Debug, PartialEq, Command)]
pub struct ChangeAddress {
    /// The company's number.
    #[schemars(length(min = 1, max = 20))]
    pub company: String,
    /// Where it is to get its mail.
    pub address: Address,
}

/// Lend money to a company.
#[derive(Clone, Debug, PartialEq, Command)]
pub struct Lend {
    /// The company's number.
    #[schemars(length(min = 1, max = 20))]
    pub company: String,
    /// The day; absent: the day on which the command is accepted.
    pub date: Option<Date>,
    /// How much, in cents.
    #[schemars(range(min = 1, max = 100_000_000_000_i64))]
    pub amount: i64,
}

/// Take back money that was lent.
#[derive(Clone, Debug, PartialEq, Command)]
pub struct Repay {
    /// The company's number.
    #[schemars(length(min = 1, max = 20))]
    pub company: String,
    /// The day; absent: the day on which the command is accepted.
    pub date: Option<Date>,
    /// How much, in cents.
    #[schemars(range(min = 1, max = 100_000_000_000_i64))]
    pub amount: i64,
}

/// Have one company take over a part of another's loan.
#[derive(Clone, Debug, PartialEq, Command)]
pub struct TakeOver {
    /// Whose loan it is.
    #[schemars(length(min = 1, max = 20))]
    pub from: String,
    /// Whose loan it becomes.
    #[schemars(length(min = 1, max = 20))]
    pub to: String,
    /// The day; absent: the day on which the command is accepted.
    pub date: Option<Date>,
    /// How much, in cents.
    #[schemars(range(min = 1, max = 100_000_000_000_i64))]
    pub amount: i64,
}

/// Find out what every company owes in interest, all on the same day and all from the same state.
#[derive(Clone, Debug, PartialEq, Command)]
pub struct CalculateInterestOwed {
    /// The day up to which interest is counted; absent: the day on which the command is accepted.
    pub date: Option<Date>,
}

/// Take interest that is due.
#[derive(Clone, Debug, PartialEq, Command)]
pub struct PayInterest {
    /// The company's number.
    #[schemars(length(min = 1, max = 20))]
    pub company: String,
    /// How much, in cents.
    #[schemars(range(min = 1, max = 100_000_000_000_i64))]
    pub amount: i64,
}

/// Tell a company, at its new address, that its mail goes there from now on.
#[derive(Clone, Debug, PartialEq, Task)]
#[task(kind = "mail")]
pub struct Mail {
    /// The company's number.
    pub company: String,
    /// As it signs.
    pub name: String,
    /// Where it was.
    pub before: Address,
    /// Where it is, and where this goes.
    pub after: Address,
}
