//! The plugin `bank`, version 1993-01-01: accounts, their statements, loans, and interest by actual days in a
//! year of 365.
//!
//! This file owns what happens. What is said (events and commands) is in [`words`], what is kept in
//! [`tables`], and what a balance earns in [`interest`].

pub mod interest;
pub mod tables;
pub mod words;

use daybook_sdk::prelude::*;

use interest::MICROCENTS;
use tables::{Account, Agreement, Loan, StatementLine};
use words::{
    AccountOpened, AccrueInterest, Deposit, InterestAccrued, Kind, LoanGranted, OpenAccount,
    TransactionPosted, Transfer, Withdraw,
};

/// The bank.
pub struct Bank;

#[plugin(
    name = "bank",
    version = "1993-01-01",
    description = "Accounts, statements and loans of a bank",
    changes = ["the first version: interest by actual days in a year of 365, 3 % a year"],
    tables = [Account, Agreement, StatementLine, Loan],
    event_partitions = [
        AccountOpened.account,
        TransactionPosted.account,
        InterestAccrued.account,
        LoanGranted.loan
    ],
    table_partitions = [Account.id, Agreement.account, StatementLine.account, Loan.id]
)]
impl Bank {
    #[materialize]
    fn account_opened(event: &Event<AccountOpened>, cx: &Materialization) -> Done {
        let opened = &event.data;
        let account = Account {
            id: opened.account,
            balance: 0,
            lines: 0,
            interest_to: opened.opened,
            interest_microcents: 0,
        };
        account.insert(cx)?;
        let agreement = Agreement {
            account: opened.account,
            opened: opened.opened,
            district: opened.district,
            frequency: opened.frequency.clone(),
            overdraft_limit: opened.overdraft_limit.unwrap_or(0),
        };
        agreement.insert(cx)
    }

    #[materialize]
    fn transaction_posted(event: &Event<TransactionPosted>, cx: &Materialization) -> Done {
        let posted = &event.data;
        let signed_amount = match posted.kind {
            Kind::Credit => posted.amount,
            Kind::Debit => -posted.amount,
        };
        let line = Account::try_update(cx, posted.account, |account| {
            account.earn_until(posted.date);
            account.post(&posted.transaction, posted.date, signed_amount)
        })?;
        line.insert(cx)
    }

    #[materialize]
    fn interest_accrued(event: &Event<InterestAccrued>, cx: &Materialization) -> Done {
        let accrued = &event.data;
        let line = Account::try_update(cx, accrued.account, |account| {
            account.earn_until(accrued.date);
            account.interest_microcents -= accrued.amount.saturating_mul(MICROCENTS);
            account.post(&accrued.transaction, accrued.date, accrued.amount)
        })?;
        line.insert(cx)
    }

    #[materialize]
    fn loan_granted(event: &Event<LoanGranted>, cx: &Materialization) -> Done {
        let granted = &event.data;
        let loan = Loan {
            id: granted.loan,
            account: granted.account,
            granted: granted.date,
            amount: granted.amount,
            months: granted.months,
            payment: granted.payment,
        };
        loan.insert(cx)
    }

    #[create]
    fn open_account(command: &Command<OpenAccount>, cx: &Creation) -> Decision {
        let open = &command.data;
        if Account::exists(cx, open.account) {
            return reject(
                "account-exists",
                format!("account {} is open already", open.account),
            );
        }
        let opened = AccountOpened {
            account: open.account,
            opened: open.date.unwrap_or_else(|| cx.today()),
            district: open.district,
            frequency: open.frequency.clone(),
            overdraft_limit: open.overdraft_limit,
        };
        Ok(events![opened.about(subject(open.account))])
    }

    #[create]
    fn deposit(command: &Command<Deposit>, cx: &Creation) -> Decision {
        let deposit = &command.data;
        existing(deposit.account, cx)?;
        let posted = TransactionPosted {
            account: deposit.account,
            transaction: cx.make_id(),
            date: deposit.date.unwrap_or_else(|| cx.today()),
            kind: Kind::Credit,
            amount: deposit.amount,
            operation: Some("cash-deposit".into()),
            purpose: None,
            counterparty: None,
        };
        Ok(events![posted.about(subject(deposit.account))])
    }

    #[create]
    fn withdraw(command: &Command<Withdraw>, cx: &Creation) -> Decision {
        let withdraw = &command.data;
        covered(withdraw.account, withdraw.amount, cx)?;
        let posted = TransactionPosted {
            account: withdraw.account,
            transaction: cx.make_id(),
            date: withdraw.date.unwrap_or_else(|| cx.today()),
            kind: Kind::Debit,
            amount: withdraw.amount,
            operation: Some("cash-withdrawal".into()),
            purpose: None,
            counterparty: None,
        };
        Ok(events![posted.about(subject(withdraw.account))])
    }

    #[create]
    fn transfer(command: &Command<Transfer>, cx: &Creation) -> Decision {
        let transfer = &command.data;
        if transfer.from == transfer.to {
            return reject("same-account", "a transfer needs two accounts");
        }
        existing(transfer.to, cx)?;
        covered(transfer.from, transfer.amount, cx)?;
        let paid = TransactionPosted {
            account: transfer.from,
            transaction: cx.make_id(),
            date: transfer.date.unwrap_or_else(|| cx.today()),
            kind: Kind::Debit,
            amount: transfer.amount,
            operation: Some("transfer-out".into()),
            purpose: None,
            counterparty: Some(transfer.to.to_string()),
        };
        let received = TransactionPosted {
            account: transfer.to,
            kind: Kind::Credit,
            operation: Some("transfer-in".into()),
            counterparty: Some(transfer.from.to_string()),
            ..paid.clone()
        };
        Ok(events![
            paid.about(subject(transfer.from)),
            received.about(subject(transfer.to))
        ])
    }

    #[create]
    fn accrue_interest(command: &Command<AccrueInterest>, cx: &Creation) -> Decision {
        let date = command.data.date.unwrap_or_else(|| cx.today());
        let mut events = Vec::new();
        Account::find(cx).each(|account| {
            let amount = account.interest_until(date) / MICROCENTS;
            if amount > 0 {
                let accrued = InterestAccrued {
                    account: account.id,
                    transaction: cx.make_id(),
                    date,
                    amount,
                };
                events.push(accrued.about(subject(account.id)));
            }
            Ok(())
        })?;
        Ok(events)
    }
}

fn subject(account: i64) -> String {
    format!("account/{account}")
}

fn existing(account: i64, cx: &Creation) -> Result<Account, Refusal> {
    let found = Account::get(cx, account)?;
    found.map_or_else(
        || reject("unknown-account", format!("there is no account {account}")),
        Ok,
    )
}

/// Refuses what would take the balance below the agreed limit.
fn covered(account: i64, amount: i64, cx: &Creation) -> Result<(), Refusal> {
    let balance = existing(account, cx)?.balance;
    let limit = Agreement::get(cx, account)?.map_or(0, |agreement| agreement.overdraft_limit);
    if amount > balance.saturating_add(limit) {
        let message = format!(
            "{amount} cents are asked for, the balance is {balance}, the agreed limit {limit} below zero"
        );
        return reject("insufficient-funds", message);
    }
    Ok(())
}
