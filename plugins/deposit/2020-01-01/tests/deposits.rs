//! What deposits add up to.

use daybook_sdk::prelude::*;
use daybook_sdk::testing::Scenario;
use deposit_2020_01_01::{Account, Deposit, Deposited, Deposits};

#[test]
fn deposits_add_up_and_the_row_names_the_latest() {
    Scenario::<Deposits>::new()
        .given(Deposited {
            account: 1,
            amount: 5,
        })
        .given(Deposited {
            account: 2,
            amount: 7,
        })
        .when(Deposit {
            account: 1,
            amount: 10,
        })
        .then_events(events![Deposited {
            account: 1,
            amount: 10
        }])
        .then_rows([
            Account {
                id: 1,
                balance: 15,
                last_seq: 3,
            },
            Account {
                id: 2,
                balance: 7,
                last_seq: 2,
            },
        ]);
}

#[test]
fn a_balance_that_cannot_be_counted_fails_and_keeps_the_old_one() {
    Scenario::<Deposits>::new()
        .given(Deposited {
            account: 1,
            amount: 1,
        })
        .when_event(Deposited {
            account: 1,
            amount: i64::MAX,
        })
        .then_failed("balance-too-large")
        .then_rows([Account {
            id: 1,
            balance: 1,
            last_seq: 1,
        }]);
}
