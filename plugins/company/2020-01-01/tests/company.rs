//! Companies, told as stories: what was given, what is done, what must come of it.

use company_2020_01_01::Companies;
use company_2020_01_01::tables::{Company, Loan};
use company_2020_01_01::words::{
    Address, AddressChanged, CalculateInterestOwed, ChangeAddress, InterestOwed, InterestPaid,
    Lend, Lent, Mail, NewCompany, PayInterest, Register, Registered, Repaid, Repay, TakeOver,
};
use daybook_sdk::prelude::*;
use daybook_sdk::testing::Scenario;

fn date(text: &str) -> Date {
    Date::parse(text).expect("a date")
}

fn address(street: &str) -> Address {
    Address {
        street: street.into(),
        city: "11000 Praha".into(),
    }
}

fn new_company(company: &str) -> NewCompany {
    NewCompany {
        company: company.into(),
        name: format!("{company} Ltd"),
        address: address("Na Poříčí 1"),
        rate_basis_points: 500,
    }
}

/// Two companies, of which the first was lent 73.00 at 5 %: a cent a day.
fn with_a_loan() -> Scenario<Companies> {
    Scenario::<Companies>::new()
        .when(Register {
            companies: vec![new_company("acme"), new_company("bolt")],
        })
        .when(lend("acme", "2020-01-01", 7_300))
}

fn lend(company: &str, on: &str, amount: i64) -> Lend {
    Lend {
        company: company.into(),
        date: Some(date(on)),
        amount,
    }
}

fn repay(company: &str, on: &str, amount: i64) -> Repay {
    Repay {
        company: company.into(),
        date: Some(date(on)),
        amount,
    }
}

fn take_over(from: &str, to: &str, amount: i64) -> TakeOver {
    TakeOver {
        from: from.into(),
        to: to.into(),
        date: Some(date("2020-01-11")),
        amount,
    }
}

fn calculate(on: &str) -> CalculateInterestOwed {
    CalculateInterestOwed {
        date: Some(date(on)),
    }
}

/// What is owed by a company of these tests.
fn loan(company: &str, balance: i64, to: Option<&str>, microcents: i64, due: i64) -> Loan {
    Loan {
        company: company.into(),
        balance,
        rate_basis_points: 500,
        interest_to: to.map(date),
        interest_microcents: microcents,
        interest_due: due,
    }
}

#[test]
fn companies_are_registered_together_or_not_at_all() {
    let registered = |company: &str| {
        Registered {
            company: company.into(),
            name: format!("{company} Ltd"),
            address: address("Na Poříčí 1"),
            rate_basis_points: 500,
        }
        .about(format!("company/{company}"))
    };
    let list = |companies: [&str; 2]| Register {
        companies: companies.map(new_company).into(),
    };
    Scenario::<Companies>::new()
        .when(list(["acme", "acme"]))
        .then_rejected("named-twice")
        .when(list(["bolt", "acme"]))
        .then_events([registered("bolt"), registered("acme")])
        .when(list(["coil", "acme"]))
        .then_rejected("registered-already")
        .then_no_row::<Company>("coil")
        .then_no_row::<Loan>("coil")
        .then_row(loan("acme", 0, None, 0, 0))
        .then_row(Company {
            company: "acme".into(),
            name: "acme Ltd".into(),
            street: "Na Poříčí 1".into(),
            city: "11000 Praha".into(),
        });
}

#[test]
fn an_address_change_asks_for_one_mail_and_the_same_address_for_none() {
    let change = |street: &str| ChangeAddress {
        company: "acme".into(),
        address: address(street),
    };
    let changed = AddressChanged {
        company: "acme".into(),
        address: address("Celetná 2"),
    };
    let mail = Mail {
        company: "acme".into(),
        name: "acme Ltd".into(),
        before: address("Na Poříčí 1"),
        after: address("Celetná 2"),
    };
    with_a_loan()
        .when(change("Celetná 2"))
        .then_events([changed.clone().about("company/acme")])
        .then_tasks([mail.with_key("acme")])
        .when(change("Celetná 2"))
        .then_events([])
        .then_no_tasks()
        // Somebody appends the event itself: it says nothing new, and nobody is told.
        .when_event(changed)
        .then_no_tasks()
        .when(ChangeAddress {
            company: "coil".into(),
            address: address("Celetná 2"),
        })
        .then_rejected("unknown-company");
}

#[test]
fn a_loan_costs_what_was_lent_until_it_changes() {
    with_a_loan()
        .then_row(loan("acme", 7_300, Some("2020-01-01"), 0, 0))
        .when(repay("acme", "2020-01-11", 3_650))
        .then_row(loan("acme", 3_650, Some("2020-01-11"), 10_000_000, 0))
        .when(lend("acme", "2020-01-21", 50))
        .then_row(loan("acme", 3_700, Some("2020-01-21"), 15_000_000, 0))
        .when(repay("acme", "2020-01-21", 3_701))
        .then_rejected("more-than-lent")
        .when(lend("acme", "2020-01-20", 1))
        .then_rejected("interest-counted")
        .when(repay("acme", "2020-01-20", 1))
        .then_rejected("interest-counted")
        .when(repay("coil", "2020-01-20", 1))
        .then_rejected("unknown-company")
        .when(repay("acme", "2020-01-21", 3_700))
        .then_row(loan("acme", 0, Some("2020-01-21"), 15_000_000, 0));
}

#[test]
fn an_event_that_a_loan_cannot_bear_fails_and_changes_nothing() {
    let [from, later] = ["2020-01-01", "2020-02-01"].map(date);
    let too_much = |amount| Repaid {
        company: "acme".into(),
        date: later,
        amount,
    };
    let lent = |company: &str, amount| Lent {
        company: company.into(),
        date: later,
        amount,
    };
    with_a_loan()
        .when_event(too_much(7_301))
        .then_failed("balance-out-of-range")
        .when_event(lent("acme", i64::MAX))
        .then_failed("balance-out-of-range")
        .when_event(lent("coil", 1))
        .then_failed("row-missing")
        .when_event(InterestPaid {
            company: "acme".into(),
            amount: 1,
        })
        .then_failed("more-than-due")
        .then_row(Loan {
            interest_to: Some(from),
            ..loan("acme", 7_300, None, 0, 0)
        });
}

#[test]
fn taking_over_a_loan_is_two_events_or_none() {
    let [repaid, lent] = [
        Repaid {
            company: "acme".into(),
            date: date("2020-01-11"),
            amount: 300,
        }
        .about("company/acme"),
        Lent {
            company: "bolt".into(),
            date: date("2020-01-11"),
            amount: 300,
        }
        .about("company/bolt"),
    ];
    with_a_loan()
        .when(take_over("acme", "bolt", 7_301))
        .then_rejected("more-than-lent")
        .when(take_over("acme", "acme", 1))
        .then_rejected("same-company")
        .when(take_over("acme", "coil", 1))
        .then_rejected("unknown-company")
        .then_row(loan("acme", 7_300, Some("2020-01-01"), 0, 0))
        .when(take_over("acme", "bolt", 300))
        .then_events([repaid, lent])
        .then_row(loan("acme", 7_000, Some("2020-01-11"), 10_000_000, 0))
        .then_row(loan("bolt", 300, Some("2020-01-11"), 0, 0));
}

#[test]
fn one_command_tells_what_every_company_owes_and_passes_over_those_that_owe_nothing() {
    let owed = |company: &str, balance, interest| {
        InterestOwed {
            company: company.into(),
            date: date("2020-02-01"),
            balance,
            interest,
        }
        .about(format!("company/{company}"))
    };
    with_a_loan()
        .when(Register {
            companies: vec![new_company("coil"), new_company("dyno")],
        })
        // Coil owes from yesterday 14.6 cents' worth of a loan; dyno's 73 cents have not cost a cent yet.
        .when(lend("coil", "2020-01-22", 10_658))
        .when(lend("dyno", "2020-01-22", 73))
        .when(calculate("2020-02-01"))
        .then_events([owed("acme", 7_300, 31), owed("coil", 10_658, 14)])
        .then_rows([
            loan("acme", 7_300, Some("2020-02-01"), 0, 31),
            loan("bolt", 0, None, 0, 0),
            loan("coil", 10_658, Some("2020-02-01"), 600_000, 14),
            loan("dyno", 73, Some("2020-01-22"), 0, 0),
        ])
        .when(calculate("2020-02-01"))
        .then_events([])
        .when(calculate("2020-01-31"))
        .then_rejected("interest-counted");
}

#[test]
fn interest_is_paid_once_it_is_due_and_no_more_than_is_due() {
    let pay = |amount| PayInterest {
        company: "acme".into(),
        amount,
    };
    with_a_loan()
        .when(pay(1))
        .then_rejected("more-than-due")
        .when(calculate("2020-02-01"))
        .when(pay(32))
        .then_rejected("more-than-due")
        .when(pay(30))
        .then_row(loan("acme", 7_300, Some("2020-02-01"), 0, 1))
        .when(PayInterest {
            company: "coil".into(),
            amount: 1,
        })
        .then_rejected("unknown-company");
}

#[test]
fn more_companies_than_one_read_gives_are_all_asked() {
    let number = |at: usize| format!("c{at:04}");
    let mut scenario = Scenario::<Companies>::new();
    for hundred in 0..6 {
        let companies = (0..100).map(|at| new_company(&number(hundred * 100 + at)));
        scenario = scenario.when(Register {
            companies: companies.collect(),
        });
    }
    for at in 0..600 {
        scenario = scenario.given(Lent {
            company: number(at),
            date: date("2020-01-01"),
            amount: 7_300,
        });
    }
    let scenario = scenario.when(calculate("2020-01-11"));
    assert!(
        scenario
            .rows::<Loan>()
            .iter()
            .all(|it| it.interest_due == 10)
    );
}

#[test]
fn without_a_date_it_is_the_day_on_which_the_command_is_accepted() {
    with_a_loan()
        .at("2020-01-04T23:59:59Z")
        .when(CalculateInterestOwed { date: None })
        .then_row(loan("acme", 7_300, Some("2020-01-04"), 0, 3));
}
