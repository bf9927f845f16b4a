//! Versions that extend one another: the second holds only its own changes.

use std::panic::{AssertUnwindSafe, catch_unwind};

use daybook_sdk::prelude::*;
use daybook_sdk::testing::{Scenario, declared_alike};

/// The first version: balances in whole crowns.
mod first {
    use daybook_sdk::prelude::*;

    /// Money came in.
    #[derive(Event)]
    pub struct Deposited {
        pub account: i64,
        pub crowns: i64,
    }

    /// An account was closed.
    #[derive(Event)]
    pub struct Closed {
        pub account: i64,
    }

    /// Close an account.
    #[derive(Command)]
    pub struct Close {
        pub account: i64,
    }

    #[derive(Table)]
    pub struct Account {
        #[key]
        pub id: i64,
        pub crowns: i64,
    }

    pub struct Bank;

    #[plugin(version = "1993-01-01", tables = [Account])]
    impl Bank {
        #[materialize]
        fn deposited(event: &Event<Deposited>, cx: &Materialization) -> Done {
            let Deposited {
                account: id,
                crowns,
            } = event.data;
            if crowns == 0 {
                Account { id, crowns: 7 }.upsert(cx)?;
                return fail("nothing", "a deposit of nothing");
            }
            let new = || Account { id, crowns: 0 };
            Account::update_or_insert(cx, id, new, |row| row.crowns += crowns)
        }

        #[materialize]
        fn closed(event: &Event<Closed>, cx: &Materialization) -> Done {
            Account::delete(cx, event.data.account)
        }

        #[create]
        fn close(command: &Command<Close>, cx: &Creation) -> Decision {
            let account = command.data.account;
            Account::require(cx, account)?;
            Ok(events![Closed { account }])
        }
    }
}

/// The second version: deposits may be in another currency, and every account counts its deposits.
mod second {
    use daybook_sdk::prelude::*;

    use super::first;

    /// Money came in.
    #[derive(Event)]
    pub struct Deposited {
        pub account: i64,
        pub amount: i64,
        pub rate: Option<i64>,
    }

    #[derive(Table)]
    pub struct Account {
        #[key]
        pub id: i64,
        #[column(default = 0)]
        pub deposits: i64,
        pub crowns: i64,
        pub note: Option<String>,
    }

    pub struct Bank;

    #[plugin(version = "1994-01-01", extends = "1993-01-01", tables = [Account])]
    impl Bank {
        #[materialize]
        fn deposited(event: &Event<Deposited>, cx: &Materialization) -> Done {
            let Deposited {
                account,
                amount,
                rate,
            } = event.data;
            let crowns = amount * rate.unwrap_or(1);
            let old_form = first::Deposited { account, crowns };
            if let Err(failure) = cx.previous_with(event, &old_form) {
                let note = Some(failure.to_string());
                let crowns = Account::get(cx, account)?.map_or(-1, |row| row.crowns);
                let row = Account {
                    id: account,
                    deposits: 0,
                    crowns,
                    note,
                };
                return row.upsert(cx);
            }
            Account::update(cx, account, |row| row.deposits += 1)
        }
    }
}

/// A third version that says nothing of deposits, and calls `previous` without being asked about them.
mod third {
    use daybook_sdk::prelude::*;

    use super::first;

    pub struct Bank;

    #[plugin(version = "1995-01-01", extends = "1994-01-01")]
    impl Bank {
        #[materialize]
        fn closed(event: &Event<first::Closed>, cx: &Materialization) -> Done {
            cx.previous(event)
        }
    }
}

fn deposit(amount: i64, rate: Option<i64>) -> second::Deposited {
    let account = 1;
    second::Deposited {
        account,
        amount,
        rate,
    }
}

fn account(deposits: i64, crowns: i64) -> second::Account {
    second::Account {
        id: 1,
        deposits,
        crowns,
        note: None,
    }
}

fn both() -> Scenario<second::Bank> {
    Scenario::new().previous::<first::Bank>()
}

#[test]
fn a_version_adds_to_what_the_version_below_does() {
    both()
        .given(deposit(5, None))
        .given(deposit(2, Some(30)))
        .then_rows([account(2, 65)])
        .then_rows([first::Account { id: 1, crowns: 65 }]);
}

#[test]
fn types_without_a_handler_fall_through() {
    both()
        .given(deposit(5, None))
        .when(first::Close { account: 1 })
        .then_events(events![first::Closed { account: 1 }])
        .then_no_row::<second::Account>(1)
        .when(first::Close { account: 1 })
        .then_failed("row-missing");
}

#[test]
fn a_chain_may_be_longer_than_two() {
    Scenario::<third::Bank>::new()
        .previous::<second::Bank>()
        .previous::<first::Bank>()
        .given(deposit(5, Some(2)))
        .then_rows([account(1, 10)])
        .given(first::Closed { account: 1 })
        .then_rows::<second::Account>([]);
}

#[test]
fn an_older_version_keeps_the_columns_it_does_not_know() {
    let noted = second::Account {
        note: Some("vip".into()),
        ..account(3, 10)
    };
    let expected = second::Account {
        note: Some("vip".into()),
        ..account(4, 11)
    };
    both()
        .with_row(noted)
        .given(deposit(1, None))
        .then_rows([expected]);
}

#[test]
fn a_failure_below_is_returned_and_its_writes_are_undone() {
    let expected = second::Account {
        note: Some("nothing: a deposit of nothing".into()),
        ..account(0, -1)
    };
    both().given(deposit(0, None)).then_rows([expected]);
}

#[test]
fn a_version_missing_below_is_named() {
    let wrong = || {
        let _ = Scenario::<third::Bank>::new().previous::<first::Bank>();
    };
    let panic = catch_unwind(AssertUnwindSafe(wrong)).expect_err("it extends another version");
    let text = panic.downcast::<String>().expect("a panic has a text");
    assert_eq!(
        *text,
        "bank 1995-01-01 extends 1994-01-01, not bank 1993-01-01"
    );
}

#[test]
fn what_both_declare_is_named_and_what_is_declared_otherwise_is_refused() {
    assert_eq!(
        declared_alike::<third::Bank, first::Bank>(),
        ["bank.Closed"]
    );
    // The table, whose new column has a default, comes before and is no matter.
    let refused = catch_unwind(declared_alike::<second::Bank, first::Bank>);
    let refused = refused.expect_err("the deposit has another form");
    let text = refused.downcast_ref::<String>().expect("a message");
    assert!(
        text.starts_with("version 1994-01-01 declares bank.Deposited otherwise"),
        "{text}"
    );
}
