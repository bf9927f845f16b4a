//! Whom a deposit is told to.

use daybook_sdk::prelude::*;
use daybook_sdk::testing::Scenario;
use deposit_2020_02_01::{Account, Booking, Deposited, Deposits, Receipt};

fn deposited(account: i64, amount: i64) -> Deposited {
    Deposited { account, amount }
}

#[test]
fn a_deposit_is_told_to_its_owner_under_the_accounts_key_and_to_the_books_without_one() {
    let receipt = Receipt {
        account: 7,
        amount: 10,
        balance: 15,
    };
    let booking = Booking { seq: 2, amount: 10 };
    Scenario::<Deposits>::new()
        .given(deposited(7, 5))
        .when_event(deposited(7, 10))
        .then_tasks([receipt.with_key("7"), booking.into()])
        .then_row(Account {
            id: 7,
            balance: 15,
            last_seq: 2,
        });
}

#[test]
fn a_deposit_that_fails_is_told_to_nobody() {
    Scenario::<Deposits>::new()
        .given(deposited(7, 1))
        .when_event(deposited(7, i64::MAX))
        .then_failed("balance-too-large")
        .then_no_tasks();
}
