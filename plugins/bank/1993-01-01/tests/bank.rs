//! The bank's stories: opening, posting, refusing, transferring, crediting interest.

use bank_1993_01_01::Bank;
use bank_1993_01_01::tables::{Account, Agreement, Loan, StatementLine};
use bank_1993_01_01::words::{
    AccountOpened, AccrueInterest, Deposit, InterestAccrued, Kind, LoanGranted, OpenAccount,
    TransactionPosted, Transfer, Withdraw,
};
use daybook_sdk::prelude::*;
use daybook_sdk::testing::{Scenario, made_id};

fn date(text: &str) -> Date {
    Date::parse(text).expect("a date")
}

fn opened(account: i64, on: &str) -> AccountOpened {
    AccountOpened {
        account,
        opened: date(on),
        district: Some(55),
        frequency: Some("monthly".into()),
        overdraft_limit: None,
    }
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

/// Account 1 with 73.00 since New Year: it earns 600,000 microcents a day.
fn with_73_crowns() -> Scenario<Bank> {
    Scenario::new().given(opened(1, "1993-01-01")).given(posted(
        1,
        "1993-01-01",
        Kind::Credit,
        7_300,
    ))
}

#[test]
fn an_account_opens_empty_with_what_was_agreed() {
    let opens = OpenAccount {
        account: 1,
        date: Some(date("1993-01-01")),
        district: Some(55),
        frequency: Some("monthly".into()),
        overdraft_limit: None,
    };
    Scenario::<Bank>::new()
        .when(opens.clone())
        .then_events(events![opened(1, "1993-01-01").about("account/1")])
        .then_row(Account {
            id: 1,
            balance: 0,
            lines: 0,
            interest_to: date("1993-01-01"),
            interest_microcents: 0,
        })
        .then_row(Agreement {
            account: 1,
            opened: date("1993-01-01"),
            district: Some(55),
            frequency: Some("monthly".into()),
            overdraft_limit: 0,
        })
        .when(opens)
        .then_rejected("account-exists");
}

#[test]
fn a_posting_adds_the_interest_of_the_balance_before_it_and_credits_none() {
    with_73_crowns()
        .given(posted(1, "1993-02-01", Kind::Debit, 300))
        .then_row(Account {
            id: 1,
            balance: 7_000,
            lines: 2,
            interest_to: date("1993-02-01"),
            interest_microcents: 31 * 600_000,
        })
        .then_rows([
            StatementLine {
                account: 1,
                line: 1,
                transaction_id: "1 on 1993-01-01".into(),
                date: date("1993-01-01"),
                amount: 7_300,
                balance: 7_300,
            },
            StatementLine {
                account: 1,
                line: 2,
                transaction_id: "1 on 1993-02-01".into(),
                date: date("1993-02-01"),
                amount: -300,
                balance: 7_000,
            },
        ]);
}

#[test]
fn a_posting_dated_before_the_last_one_neither_earns_nor_moves_the_day() {
    let account = with_73_crowns()
        .given(posted(1, "1993-02-01", Kind::Credit, 100))
        .given(posted(1, "1993-01-15", Kind::Credit, 100))
        .row::<Account>(1)
        .expect("account 1");
    assert_eq!(account.interest_to, date("1993-02-01"));
    assert_eq!(account.interest_microcents, 31 * 600_000);
    assert_eq!(account.balance, 7_500);
}

#[test]
fn a_posting_to_an_account_that_is_not_there_fails() {
    with_73_crowns()
        .when_event(posted(2, "1993-02-01", Kind::Credit, 100))
        .then_failed("row-missing")
        .when_event(posted(1, "1993-02-01", Kind::Credit, i64::MAX))
        .then_failed("balance-too-large");
}

#[test]
fn a_deposit_counts_on_the_day_on_which_it_is_accepted() {
    with_73_crowns()
        .at("1993-01-11T12:00:00Z")
        .when(Deposit {
            account: 1,
            date: None,
            amount: 500,
        })
        .then_events(events![
            TransactionPosted {
                transaction: made_id(1),
                operation: Some("cash-deposit".into()),
                ..posted(1, "1993-01-11", Kind::Credit, 500)
            }
            .about("account/1")
        ])
        .when(Deposit {
            account: 2,
            date: None,
            amount: 500,
        })
        .then_rejected("unknown-account");
}

#[test]
fn a_withdrawal_below_the_agreed_limit_is_refused_and_one_down_to_it_is_not() {
    let day = Some(date("1993-01-02"));
    let agreed = AccountOpened {
        overdraft_limit: Some(1_000),
        ..opened(2, "1993-01-01")
    };
    let scenario = with_73_crowns()
        .given(agreed)
        .when(Withdraw {
            account: 1,
            date: day,
            amount: 7_301,
        })
        .then_rejected("insufficient-funds")
        .when(Withdraw {
            account: 2,
            date: day,
            amount: 1_001,
        })
        .then_rejected("insufficient-funds")
        .when(Withdraw {
            account: 1,
            date: day,
            amount: 7_300,
        })
        .when(Withdraw {
            account: 2,
            date: day,
            amount: 1_000,
        });
    let balances: Vec<i64> = scenario
        .rows::<Account>()
        .iter()
        .map(|account| account.balance)
        .collect();
    assert_eq!(balances, [0, -1_000]);
}

#[test]
fn a_transfer_posts_both_sides_under_one_number_or_none() {
    let transfer = Transfer {
        from: 1,
        to: 2,
        date: Some(date("1993-01-02")),
        amount: 300,
    };
    let paid = TransactionPosted {
        transaction: made_id(1),
        operation: Some("transfer-out".into()),
        counterparty: Some("2".into()),
        ..posted(1, "1993-01-02", Kind::Debit, 300)
    };
    let received = TransactionPosted {
        account: 2,
        kind: Kind::Credit,
        operation: Some("transfer-in".into()),
        counterparty: Some("1".into()),
        ..paid.clone()
    };
    with_73_crowns()
        .when(transfer.clone())
        .then_rejected("unknown-account")
        .given(opened(2, "1993-01-01"))
        .when(Transfer {
            to: 1,
            ..transfer.clone()
        })
        .then_rejected("same-account")
        .when(Transfer {
            amount: 7_301,
            ..transfer.clone()
        })
        .then_rejected("insufficient-funds")
        .when(transfer)
        .then_events(events![
            paid.about("account/1"),
            received.about("account/2")
        ]);
}

#[test]
fn accruing_moves_whole_cents_of_every_account_and_leaves_the_rest() {
    // 73.00 earn 600,000 microcents a day, so 18.6 cents in 31 days; account 2 has earned less than a cent.
    let accrued = InterestAccrued {
        account: 1,
        transaction: made_id(1),
        date: date("1993-02-01"),
        amount: 18,
    };
    with_73_crowns()
        .given(opened(2, "1993-01-01"))
        .given(posted(2, "1993-01-31", Kind::Credit, 7_300))
        .when(AccrueInterest {
            date: Some(date("1993-02-01")),
        })
        .then_events(events![accrued.about("account/1")])
        .then_row(Account {
            id: 1,
            balance: 7_318,
            lines: 2,
            interest_to: date("1993-02-01"),
            interest_microcents: 600_000,
        })
        .then_row(StatementLine {
            account: 1,
            line: 2,
            transaction_id: made_id(1),
            date: date("1993-02-01"),
            amount: 18,
            balance: 7_318,
        })
        .when(AccrueInterest {
            date: Some(date("1993-02-01")),
        })
        .then_events(events![]);
}

#[test]
fn accruing_reaches_accounts_beyond_one_page() {
    let mut scenario = Scenario::<Bank>::new();
    for account in 1..=501 {
        scenario = scenario.given(opened(account, "1993-01-01")).given(posted(
            account,
            "1993-01-01",
            Kind::Credit,
            7_300,
        ));
    }
    let scenario = scenario.when(AccrueInterest {
        date: Some(date("1993-01-11")),
    });
    assert!(
        scenario
            .rows::<Account>()
            .iter()
            .all(|account| account.balance == 7_306)
    );
}

#[test]
fn a_loan_is_kept_as_granted() {
    let granted = LoanGranted {
        loan: 5316,
        account: 1,
        date: date("1993-07-11"),
        amount: 16_596_000,
        months: 36,
        payment: 461_000,
    };
    with_73_crowns().given(granted).then_rows([Loan {
        id: 5316,
        account: 1,
        granted: date("1993-07-11"),
        amount: 16_596_000,
        months: 36,
        payment: 461_000,
    }]);
}
