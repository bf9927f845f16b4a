//! A plugin as an author writes it, driven through the native test harness.

use daybook_sdk::prelude::*;
use daybook_sdk::testing::Scenario;

/// Money came in.
#[derive(Event)]
pub struct Deposited {
    account: i64,
    /// In cents.
    amount: i64,
    #[serde(default)]
    memo: Option<String>,
}

/// Money went out.
#[derive(Event)]
pub struct Withdrawn {
    account: i64,
    amount: i64,
}

/// Take money out.
#[derive(Command)]
pub struct Withdraw {
    account: i64,
    amount: i64,
}

/// A letter to the holder.
#[derive(Task)]
#[task(kind = "mail")]
pub struct Mail {
    to: i64,
}

#[derive(Table)]
#[table(index(by_district = [district]))]
pub struct Account {
    #[key]
    id: i64,
    balance: i64,
    #[column(default = 0)]
    interest: i64,
    district: Option<String>,
}

pub struct Bank;

/// Accounts and their balances.
#[plugin(version = "1993-01-01", tables = [Account], events = [Withdrawn], tasks = [Mail])]
impl Bank {
    #[materialize]
    fn deposited(event: &Event<Deposited>, cx: &Materialization) -> Done {
        let Deposited {
            account, amount, ..
        } = event.data;
        if event.data.memo.as_deref() == Some("open") {
            return Account {
                id: account,
                balance: amount,
                interest: 0,
                district: None,
            }
            .insert(cx);
        }
        Account::update(cx, account, |row| row.balance += amount)?;
        cx.enqueue(Mail { to: account });
        Ok(())
    }

    #[materialize]
    fn withdrawn(event: &Event<Withdrawn>, cx: &Materialization) -> Done {
        Account::update(cx, event.data.account, |row| {
            row.balance -= event.data.amount
        })
    }

    #[create]
    fn withdraw(command: &Command<Withdraw>, cx: &Creation) -> Decision {
        let Withdraw { account, amount } = command.data;
        let row = Account::require(cx, account)?;
        if row.balance < amount {
            return reject(
                "insufficient-funds",
                format!("the balance is {}", row.balance),
            );
        }
        Ok(events![Withdrawn { account, amount }])
    }
}

fn opened(balance: i64) -> Deposited {
    Deposited {
        account: 1,
        amount: balance,
        memo: Some("open".into()),
    }
}

#[test]
fn a_withdrawal_within_the_balance_is_accepted() {
    Scenario::<Bank>::new()
        .given(opened(5))
        .when(Withdraw {
            account: 1,
            amount: 3,
        })
        .then_events(events![Withdrawn {
            account: 1,
            amount: 3
        }])
        .then_row(Account {
            id: 1,
            balance: 2,
            interest: 0,
            district: None,
        })
        .when(Withdraw {
            account: 1,
            amount: 3,
        })
        .then_rejected("insufficient-funds")
        .then_row(Account {
            id: 1,
            balance: 2,
            interest: 0,
            district: None,
        })
        .when_event(Deposited {
            account: 17,
            amount: 3,
            memo: None,
        })
        .then_failed("row-missing");
}

#[test]
fn shows() {
    println!("{:#?}", <Bank as daybook_sdk::Plugin>::manifest());
}
