//! What version 2021-01-01 does otherwise than 2020-01-01, and that it does nothing else otherwise.

use company_2020_01_01::Companies as Companies2020;
use company_2020_01_01::words::{Address, InterestPaid, Register, Registered, TakeOver};
use company_2021_01_01::Companies;
use company_2021_01_01::words::{CalculateInterestOwed, InterestOwed, Lent, Loan, Repaid};
use daybook_sdk::Plugin;
use daybook_sdk::prelude::*;
use daybook_sdk::testing::{Scenario, declared_alike};

fn date(text: &str) -> Date {
    Date::parse(text).expect("a date")
}

/// A company to which 72.00 were lent at 5 % on the 30th of January: a cent a day, by this version.
fn with_a_loan<V: Plugin>(scenario: Scenario<V>) -> Scenario<V> {
    let registered = |company: &str| Registered {
        company: company.into(),
        name: format!("{company} Ltd"),
        address: Address {
            street: "Na Poříčí 1".into(),
            city: "11000 Praha".into(),
        },
        rate_basis_points: 500,
    };
    scenario
        .given(registered("acme"))
        .given(registered("bolt"))
        .given(Lent {
            company: "acme".into(),
            date: date("2020-01-30"),
            amount: 7_200,
        })
}

fn under_2021() -> Scenario<Companies> {
    with_a_loan(Scenario::<Companies>::new().previous::<Companies2020>())
}

fn loan(balance: i64, to: &str, microcents: i64, due: i64) -> Loan {
    Loan {
        company: "acme".into(),
        balance,
        rate_basis_points: 500,
        interest_to: Some(date(to)),
        interest_microcents: microcents,
        interest_due: due,
    }
}

fn repaid(on: &str, amount: i64) -> Repaid {
    Repaid {
        company: "acme".into(),
        date: date(on),
        amount,
    }
}

#[test]
fn a_change_of_the_loan_counts_months_of_30_days() {
    under_2021()
        .given(repaid("2020-01-31", 1))
        .then_row(loan(7_199, "2020-01-31", 0, 0))
        .given(repaid("2020-03-01", 7_199))
        // 7,199 cents for 31 days: 999,861.1 microcents a day.
        .then_row(loan(0, "2020-03-01", 30_995_694, 0));
}

#[test]
fn one_command_tells_what_every_company_owes_by_months_of_30_days() {
    let calculate = |on: &str| CalculateInterestOwed {
        date: Some(date(on)),
    };
    let owed = InterestOwed {
        company: "acme".into(),
        date: date("2020-03-31"),
        balance: 7_200,
        interest: 60,
    };
    under_2021()
        .when(calculate("2020-01-31"))
        .then_events([])
        .when(calculate("2020-03-31"))
        .then_events([owed.about("company/acme")])
        .then_row(loan(7_200, "2020-03-31", 0, 60))
        .when(calculate("2020-03-30"))
        .then_rejected("interest-counted");
    // By actual days it is 61 of them, in a longer year.
    with_a_loan(Scenario::<Companies2020>::new())
        .when(calculate("2020-03-31"))
        .then_row(loan(7_200, "2020-03-31", 164_383, 60));
}

#[test]
fn interest_that_was_told_stays_due_and_is_made_up_for() {
    under_2021()
        .given(InterestOwed {
            company: "acme".into(),
            date: date("2020-02-01"),
            balance: 7_200,
            interest: 2,
        })
        .then_row(loan(7_200, "2020-02-01", -1_000_000, 2))
        .given(InterestPaid {
            company: "acme".into(),
            amount: 2,
        })
        .then_row(loan(7_200, "2020-02-01", -1_000_000, 0));
}

#[test]
fn only_the_interest_differs_from_the_version_before() {
    fn story<V: Plugin>(scenario: Scenario<V>) -> Vec<Loan> {
        with_a_loan(scenario)
            .given(repaid("2020-01-31", 200))
            .when(TakeOver {
                from: "acme".into(),
                to: "bolt".into(),
                date: Some(date("2020-05-31")),
                amount: 5_000,
            })
            .given(repaid("2020-12-31", 2_000))
            .rows::<Loan>()
    }
    let old = story(Scenario::<Companies2020>::new());
    let new = story(Scenario::<Companies>::new().previous::<Companies2020>());
    assert_ne!(old[0].interest_microcents, new[0].interest_microcents);
    let without_interest = |loans: Vec<Loan>| -> Vec<Loan> {
        let zero = |loan| Loan {
            interest_microcents: 0,
            ..loan
        };
        loans.into_iter().map(zero).collect()
    };
    assert_eq!(without_interest(old), without_interest(new));
}

#[test]
fn what_fails_or_is_refused_in_the_version_before_is_so_here() {
    under_2021()
        .when_event(repaid("2020-02-01", 7_201))
        .then_failed("balance-out-of-range")
        .when(Register { companies: vec![] })
        .then_events([])
        .when(TakeOver {
            from: "acme".into(),
            to: "coil".into(),
            date: None,
            amount: 1,
        })
        .then_rejected("unknown-company");
}

#[test]
fn what_both_versions_declare_they_declare_alike() {
    assert_eq!(
        declared_alike::<Companies, Companies2020>(),
        [
            "loan",
            "company.Lent",
            "company.Repaid",
            "company.InterestOwed",
            "company.CalculateInterestOwed"
        ]
    );
}
