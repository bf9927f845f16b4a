//! The test harness on a small bank: what passes, and what a failing test says.

use std::panic::{AssertUnwindSafe, catch_unwind};

use daybook_sdk::prelude::*;
use daybook_sdk::testing::{Scenario, made_id};
use insta::assert_snapshot;

/// An account was opened.
#[derive(Event)]
pub struct Opened {
    account: i64,
    iban: Option<String>,
}

/// Money came in.
#[derive(Event)]
pub struct Deposited {
    account: i64,
    amount: i64,
}

/// Money went out.
#[derive(Event)]
pub struct Withdrawn {
    account: i64,
    amount: i64,
    receipt: String,
}

/// Not in any manifest.
#[derive(Event)]
pub struct Forgotten {}

/// Open an account.
#[derive(Command)]
pub struct Open {
    account: i64,
    iban: Option<String>,
}

/// Take money out.
#[derive(Command)]
pub struct Withdraw {
    account: i64,
    amount: i64,
}

/// Do what the manifest does not say.
#[derive(Command)]
pub struct Forget {}

/// Write to the holder.
#[derive(Task)]
pub struct Mail {
    account: i64,
}

#[derive(Table)]
#[table(unique(by_iban = [iban]))]
pub struct Account {
    #[key]
    id: i64,
    balance: i64,
    iban: Option<String>,
}

pub struct Bank;

/// Accounts and their balances.
#[plugin(version = "1993-01-01", tables = [Account], events = [Withdrawn], tasks = [Mail])]
impl Bank {
    #[materialize]
    fn opened(event: &Event<Opened>, cx: &Materialization) -> Done {
        let iban = event.data.iban.clone();
        Account {
            id: event.data.account,
            balance: 0,
            iban,
        }
        .insert(cx)
    }

    #[materialize]
    fn deposited(event: &Event<Deposited>, cx: &Materialization) -> Done {
        let Deposited { account, amount } = event.data;
        let balance = Account::update(cx, account, |row| {
            row.balance += amount;
            row.balance
        })?;
        if amount >= 1_000 {
            let time = event.time()?.plus_seconds(3_600);
            cx.enqueue(Mail { account }.with_key("large").not_before(time));
        }
        cx.info(format!("{account} has {balance}"));
        Ok(())
    }

    #[materialize]
    fn withdrawn(event: &Event<Withdrawn>, cx: &Materialization) -> Done {
        Account::try_update(cx, event.data.account, |row| {
            row.balance -= event.data.amount;
            if row.balance < 0 {
                return fail("overdrawn", format!("by {}", -row.balance));
            }
            Ok(())
        })
    }

    #[create]
    fn open(command: &Command<Open>) -> Decision {
        let Open { account, iban } = &command.data;
        let iban = iban.clone();
        Ok(events![Opened {
            account: *account,
            iban
        }])
    }

    #[create]
    fn withdraw(command: &Command<Withdraw>, cx: &Creation) -> Decision {
        let Withdraw { account, amount } = command.data;
        let balance = Account::require(cx, account)?.balance;
        // A withdrawal of 13 is let through, so that a materializer fails in a command.
        if balance < amount && amount != 13 {
            return reject("insufficient-funds", format!("the balance is {balance}"));
        }
        let receipt = cx.make_id();
        let withdrawn = Withdrawn {
            account,
            amount,
            receipt,
        };
        Ok(events![withdrawn.about(format!("account/{account}"))])
    }

    #[create]
    fn forget(_: &Command<Forget>) -> Decision {
        Ok(events![Forgotten {}])
    }
}

fn open(account: i64) -> Opened {
    Opened {
        account,
        iban: None,
    }
}

fn deposit(amount: i64) -> Deposited {
    Deposited { account: 1, amount }
}

fn withdraw(amount: i64) -> Withdraw {
    Withdraw { account: 1, amount }
}

fn withdrawn(amount: i64) -> NewEvent {
    let receipt = made_id(1);
    Withdrawn {
        account: 1,
        amount,
        receipt,
    }
    .about("account/1")
}

fn account(id: i64, balance: i64) -> Account {
    let iban = None;
    Account { id, balance, iban }
}

fn five_on_account_1() -> Scenario<Bank> {
    Scenario::new().given(open(1)).given(deposit(5))
}

/// What the panic of a step says that does not hold.
fn message(step: impl FnOnce()) -> String {
    let panic = catch_unwind(AssertUnwindSafe(step)).expect_err("the step must not hold");
    match panic.downcast::<String>() {
        Ok(text) => *text,
        Err(panic) => panic
            .downcast::<&str>()
            .expect("a panic has a text")
            .to_string(),
    }
}

#[test]
fn an_accepted_command_gives_its_events_and_their_effects() {
    five_on_account_1()
        .when(withdraw(3))
        .then_events([withdrawn(3)])
        .then_no_tasks()
        .then_rows([account(1, 2)])
        .then_no_row::<Account>(2);
}

#[test]
fn a_rejected_command_leaves_nothing() {
    five_on_account_1()
        .when(withdraw(6))
        .then_rejected("insufficient-funds")
        .then_row(account(1, 5));
}

#[test]
fn a_command_whose_event_fails_leaves_nothing() {
    five_on_account_1()
        .when(withdraw(13))
        .then_failed("overdrawn")
        .then_row(account(1, 5));
}

#[test]
fn a_task_has_its_key_and_its_time() {
    let time = Time::parse("2024-05-01T01:00:00Z").unwrap();
    five_on_account_1()
        .at("2024-05-01")
        .given(deposit(1_000))
        .then_tasks([Mail { account: 1 }.with_key("large").not_before(time)])
        .then_logged("1 has 1005")
        .given(deposit(1))
        .then_no_tasks();
}

#[test]
fn a_rejection_instead_of_events_is_shown() {
    let text = message(|| {
        five_on_account_1()
            .when(withdraw(6))
            .then_events([withdrawn(6)]);
    });
    assert_snapshot!(text, @r#"
    expected events of command bank.Withdraw {"account":1,"amount":6}
    but it was rejected: insufficient-funds: the balance is 5
    "#);
}

#[test]
fn events_instead_of_a_rejection_are_shown() {
    let text = message(|| {
        five_on_account_1()
            .when(withdraw(5))
            .then_rejected("insufficient-funds");
    });
    assert_snapshot!(text, @r#"
    expected rejection `insufficient-funds` of command bank.Withdraw {"account":1,"amount":5}
    but it was accepted with events
        bank.Withdrawn {"account":1,"amount":5,"receipt":"00000000-0000-5000-8000-000000000001"} about account/1
    "#);
}

#[test]
fn other_events_are_shown_beside_the_expected_ones() {
    let text = message(|| {
        five_on_account_1()
            .when(withdraw(5))
            .then_events([withdrawn(4)]);
    });
    assert_snapshot!(text, @r#"
    other events than expected after command bank.Withdraw {"account":1,"amount":5}
    (- expected, + got)
      - bank.Withdrawn {"account":1,"amount":4,"receipt":"00000000-0000-5000-8000-000000000001"} about account/1
      + bank.Withdrawn {"account":1,"amount":5,"receipt":"00000000-0000-5000-8000-000000000001"} about account/1
    "#);
}

#[test]
fn other_rows_are_shown_beside_the_expected_ones() {
    let text = message(|| {
        five_on_account_1()
            .given(open(2))
            .given(open(4))
            .then_rows([account(1, 6), account(2, 0), account(3, 0)]);
    });
    assert_snapshot!(text, @r#"
    other rows than expected after event bank.Opened {"account":4,"iban":null}
    (- expected, + got)
      - account {"id": 1, "balance": 6, "iban": null}
      + account {"id": 1, "balance": 5, "iban": null}
        account {"id": 2, "balance": 0, "iban": null}
      - account {"id": 3, "balance": 0, "iban": null}
      + account {"id": 4, "balance": 0, "iban": null}
    "#);
}

#[test]
fn a_missing_row_is_shown() {
    let text = message(|| {
        five_on_account_1()
            .when(withdraw(6))
            .then_row(account(7, 5));
    });
    assert_snapshot!(text, @r#"
    other row than expected after command bank.Withdraw {"account":1,"amount":6}, which was rejected: insufficient-funds: the balance is 5
    (- expected, + got)
      - account {"id": 7, "balance": 5, "iban": null}
    "#);
}

#[test]
fn other_tasks_are_shown() {
    let text = message(|| {
        five_on_account_1()
            .given(deposit(1_000))
            .then_tasks([Mail { account: 2 }.into()]);
    });
    assert_snapshot!(text, @r#"
    other tasks than expected after event bank.Deposited {"account":1,"amount":1000}
    (- expected, + got)
      - mail {"account":2}
      + mail {"account":1} with key large, not before 2024-01-01T01:00:00Z
    "#);
}

#[test]
fn a_given_event_that_fails_stops_the_test() {
    let text = message(|| {
        Scenario::<Bank>::new().given(deposit(5));
    });
    assert_snapshot!(text, @r#"event bank.Deposited {"account":1,"amount":5} failed: row-missing: bank account 1"#);
}

#[test]
fn a_unique_index_is_kept() {
    let with_iban = |account| Opened {
        account,
        iban: Some("CZ65".into()),
    };
    let text = message(|| {
        Scenario::<Bank>::new()
            .given(with_iban(1))
            .given(open(2))
            .given(open(3))
            .given(with_iban(4));
    });
    assert_snapshot!(text, @r#"event bank.Opened {"account":4,"iban":"CZ65"} failed: unique-violated: bank account 4: another row has its values in by_iban"#);
}

#[test]
fn a_key_is_kept_once() {
    let text = message(|| {
        Scenario::<Bank>::new().given(open(1)).given(open(1));
    });
    assert_snapshot!(text, @r#"event bank.Opened {"account":1,"iban":null} failed: row-exists: bank account 1"#);
}

#[test]
fn an_event_that_no_manifest_declares_names_the_list_it_is_missing_from() {
    let text = message(|| {
        Scenario::<Bank>::new().when(Forget {});
    });
    assert_snapshot!(text, @"bank emits bank.Forgotten, which is not in its manifest: add it to `events = [..]` in #[plugin]");
    let text = message(|| {
        Scenario::<Bank>::new().given(Forgotten {});
    });
    assert_snapshot!(text, @"no version declares or handles bank.Forgotten: add a function with `#[materialize]`, or name the type in `events = [..]`. There are bank.Deposited, bank.Opened, bank.Withdrawn");
}

#[test]
fn a_payload_that_does_not_fit_says_where() {
    let text = message(|| {
        Scenario::<Bank>::new().given_json("bank.Deposited", r#"{"account": 1, "amount": "five"}"#);
    });
    assert_snapshot!(text, @r#"event bank.Deposited {"account": 1, "amount": "five"} failed: bad-payload: bank.Deposited: invalid type: string "five", expected i64 at line 1 column 31"#);
}
