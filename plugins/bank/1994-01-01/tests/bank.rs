//! What version 1994-01-01 does otherwise than 1993-01-01, and that it does nothing else otherwise.

use bank_1993_01_01::Bank as Bank1993;
use bank_1993_01_01::tables::StatementLine;
use bank_1993_01_01::words::{AccountOpened, Deposit};
use bank_1994_01_01::Bank;
use bank_1994_01_01::words::{Account, AccrueInterest, InterestAccrued, Kind, TransactionPosted};
use daybook_sdk::Plugin;
use daybook_sdk::prelude::*;
use daybook_sdk::testing::{Scenario, declared_alike, made_id};

fn date(text: &str) -> Date {
    Date::parse(text).expect("a date")
}

fn posted(account: i64, on: &str, kind: Kind, amount: i64) -> TransactionPosted {
    TransactionPosted {
        account,
        transaction: format!("{account} on {on}"),
        date: date(on),
        kind,
        amount,
        operation: None,
        purpose: None,
        counterparty: None,
    }
}

/// Account 1 with 1.20 since New Year's Eve: it earns 10,000 microcents a day.
fn with_120_cents<V: Plugin>(scenario: Scenario<V>) -> Scenario<V> {
    let opened = AccountOpened {
        account: 1,
        opened: date("1993-12-31"),
        district: None,
        frequency: None,
        overdraft_limit: None,
    };
    scenario
        .given(opened)
        .given(posted(1, "1993-12-31", Kind::Credit, 120))
}

fn under_1994() -> Scenario<Bank> {
    with_120_cents(Scenario::<Bank>::new().previous::<Bank1993>())
}

#[test]
fn a_posting_adds_interest_by_months_of_30_days() {
    under_1994()
        .given(posted(1, "1994-03-31", Kind::Debit, 20))
        .then_row(Account {
            id: 1,
            balance: 100,
            lines: 2,
            interest_to: date("1994-03-31"),
            interest_microcents: 90 * 10_000,
        });
}

#[test]
fn only_the_interest_differs_from_the_version_before() {
    let postings = ["1994-01-31", "1994-02-28", "1994-02-28", "1994-03-31"];
    let post = |on: &&str| posted(1, on, Kind::Credit, 500);
    let old = postings
        .iter()
        .map(post)
        .fold(with_120_cents(Scenario::<Bank1993>::new()), Scenario::given);
    let new = postings
        .iter()
        .map(post)
        .fold(under_1994(), Scenario::given);

    assert_eq!(old.rows::<StatementLine>(), new.rows::<StatementLine>());
    let (old, new) = (
        old.row::<Account>(1).unwrap(),
        new.row::<Account>(1).unwrap(),
    );
    assert_ne!(old.interest_microcents, new.interest_microcents);
    assert_eq!(
        Account {
            interest_microcents: old.interest_microcents,
            ..new
        },
        old
    );
}

#[test]
fn what_fails_in_the_version_before_fails_here() {
    under_1994()
        .when_event(posted(2, "1994-01-01", Kind::Credit, 1))
        .then_failed("row-missing")
        .when_event(posted(1, "1994-01-01", Kind::Credit, i64::MAX))
        .then_failed("balance-too-large");
}

#[test]
fn accruing_counts_by_months_of_30_days_and_leaves_the_rest() {
    // 100 days of 30-day months earn a cent; as many actual days in a year of 365 do not.
    let until = date("1994-04-10");
    let accrued = InterestAccrued {
        account: 1,
        transaction: made_id(1),
        date: until,
        amount: 1,
    };
    under_1994()
        .when(AccrueInterest { date: Some(until) })
        .then_events(events![accrued.about("account/1")])
        .then_row(Account {
            id: 1,
            balance: 121,
            lines: 2,
            interest_to: until,
            interest_microcents: 0,
        });
    with_120_cents(Scenario::<Bank1993>::new())
        .when(AccrueInterest { date: Some(until) })
        .then_events(events![]);
}

#[test]
fn interest_that_the_version_before_credited_is_made_up_for() {
    // 31 actual days earned more than the 30 that count here: the difference is owed.
    let accrued = InterestAccrued {
        account: 1,
        transaction: "1".into(),
        date: date("1994-01-31"),
        amount: 1,
    };
    let account = under_1994().given(accrued).row::<Account>(1).unwrap();
    assert_eq!(account.balance, 121);
    assert_eq!(account.interest_microcents, 30 * 10_000 - 1_000_000);
}

#[test]
fn what_this_version_does_not_name_is_the_version_befores() {
    under_1994()
        .when(Deposit {
            account: 1,
            date: Some(date("1994-01-30")),
            amount: 5,
        })
        .then_row(Account {
            id: 1,
            balance: 125,
            lines: 2,
            interest_to: date("1994-01-30"),
            interest_microcents: 30 * 10_000,
        });
}

#[test]
fn what_both_versions_declare_they_declare_alike() {
    assert_eq!(
        declared_alike::<Bank, Bank1993>(),
        [
            "account",
            "bank.TransactionPosted",
            "bank.InterestAccrued",
            "bank.AccrueInterest"
        ]
    );
}
