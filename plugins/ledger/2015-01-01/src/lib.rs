//! The plugin `ledger`, version 2015-01-01: accounts, and transactions whose legs add up to zero.
//!
//! Two things always hold: all accounts together are zero, and no customer's is below it. Creators refuse what would break
//! them, with a reason; materializers check again, since events may also come from elsewhere.
//!
//! What opens an account or closes its period touches that account's rows alone, and says so: such events are replayed on
//! all cores. A transaction is of several accounts, and says nothing of partitions.
//!
//! A transaction's event is about the account that pays (`account/NAME`), and only one account pays. So who has read what
//! happened to an account may pay from it on the condition that nothing came in between (`If-Match`); what others pay in
//! makes nobody poorer, and need not wait. What is said is in [`words`], what is kept in [`tables`].

pub mod tables;
pub mod words;

use daybook_sdk::prelude::*;

use tables::{Account, Leg, Purpose, Statement};
use words::{
    AccountOpened, ClosePeriod, Entry, Kind, OpenAccount, Opening, PeriodClosed, Post, Posted,
    Transfer, Transferred,
};

/// The account to which fees go.
pub const FEES: &str = "fees";

/// What a transfer costs its payer, in cents.
pub const FEE: i64 = 10;

/// The plugin.
pub struct Ledger;

#[plugin(
    name = "ledger",
    version = "2015-01-01",
    description = "Accounts, and transactions whose legs add up to zero",
    changes = ["the first version"],
    tables = [Account, Leg, Statement],
    event_partitions = [AccountOpened.account, PeriodClosed.account],
    table_partitions = [Account.id, Leg.account, Statement.account]
)]
impl Ledger {
    #[materialize]
    fn account_opened(event: &Event<AccountOpened>, cx: &Materialization) -> Done {
        Account {
            id: event.data.account.clone(),
            kind: event.data.kind,
            balance: 0,
            period: 1,
            opening: 0,
            period_seq: event.seq(),
        }
        .insert(cx)
    }

    #[materialize]
    fn posted(event: &Event<Posted>, cx: &Materialization) -> Done {
        let legs = event.data.legs.iter();
        let legs: Vec<_> = legs
            .map(|leg| (&*leg.account, leg.amount, Purpose::Payment))
            .collect();
        post(event.seq(), &event.data.transaction, &legs, cx)
    }

    /// The payer's leg holds the fee, which the ledger's has by itself.
    #[materialize]
    fn transferred(event: &Event<Transferred>, cx: &Materialization) -> Done {
        let it = &event.data;
        let Some(paid) = it.amount.checked_add(it.fee) else {
            let text = format!(
                "{} cents and a fee of {} cannot be counted",
                it.amount, it.fee
            );
            return fail("balance-too-large", text);
        };
        let legs = [
            (&*it.from, -paid, Purpose::Payment),
            (&*it.to, it.amount, Purpose::Payment),
            (FEES, it.fee, Purpose::Fee),
        ];
        post(event.seq(), &it.transaction, &legs, cx)
    }

    /// A period is closed with the balance that its legs lead to, or not at all.
    #[materialize]
    fn period_closed(event: &Event<PeriodClosed>, cx: &Materialization) -> Done {
        let PeriodClosed {
            account,
            period,
            balance,
        } = event.data.clone();
        let found = Account::require(cx, &account)?;
        if period != found.period {
            let text = format!("'{account}' is in period {}, not in {period}", found.period);
            return fail("other-period", text);
        }
        let counted = found.counted(cx)?;
        if counted != i128::from(balance) || balance != found.balance {
            let text = format!(
                "'{account}' is closed with {balance}, its legs lead to {counted}, and on it are {}",
                found.balance
            );
            return fail("period-does-not-add-up", text);
        }
        let statement = Statement {
            account,
            period,
            opening: found.opening,
            closing: balance,
            seq: event.seq(),
        };
        statement.insert(cx)?;
        Account {
            period: period + 1,
            opening: balance,
            period_seq: event.seq(),
            ..found
        }
        .replace(cx)
    }

    /// What is on it from the beginning is a transaction like any other: both events are kept, or neither.
    #[create]
    fn open_account(command: &Command<OpenAccount>, cx: &Creation) -> Decision {
        let OpenAccount {
            account,
            kind,
            opening,
        } = command.data.clone();
        if Account::exists(cx, &account) {
            return reject("open-already", format!("'{account}' is open already"));
        }
        let opened = AccountOpened {
            account: account.clone(),
            kind,
        };
        let mut events = events![opened.about(subject(&account))];
        if let Some(Opening { amount, from }) = opening {
            covered(&from, amount, cx)?;
            let about = subject(&from);
            let legs = [(from, -amount), (account, amount)];
            let posted = Posted {
                transaction: cx.make_id(),
                legs: legs
                    .map(|(account, amount)| Entry { account, amount })
                    .into(),
            };
            events.push(posted.about(about));
        }
        Ok(events)
    }

    #[create]
    fn post(command: &Command<Post>, cx: &Creation) -> Decision {
        let legs = &command.data.legs;
        let sum: i128 = legs.iter().map(|leg| i128::from(leg.amount)).sum();
        if sum != 0 {
            let message = format!("the legs add up to {sum} cents, and not to zero");
            return reject("unbalanced", message);
        }
        for (at, leg) in legs.iter().enumerate() {
            let account = &leg.account;
            existing(account, cx)?;
            if legs[..at].iter().any(|it| it.account == *account) {
                let message = format!("'{account}' has two legs: give it one");
                return reject("named-twice", message);
            }
        }
        let mut payers = legs.iter().filter(|leg| leg.amount < 0);
        let (Some(payer), None) = (payers.next(), payers.next()) else {
            let message = "a transaction has one account that pays: post a transaction for each";
            return reject("not-one-payer", message);
        };
        covered(&payer.account, -payer.amount, cx)?;
        let posted = Posted {
            transaction: cx.make_id(),
            legs: legs.clone(),
        };
        Ok(events![posted.about(subject(&payer.account))])
    }

    #[create]
    fn transfer(command: &Command<Transfer>, cx: &Creation) -> Decision {
        let Transfer { from, to, amount } = command.data.clone();
        if from == to {
            return reject("same-account", "a transfer needs two accounts");
        }
        existing(FEES, cx)?;
        for account in [&from, &to] {
            if existing(account, cx)?.kind != Kind::Customer {
                let message = format!("'{account}' is no customer's: post a transaction");
                return reject("not-a-customer", message);
            }
        }
        covered(&from, amount + FEE, cx)?;
        let about = subject(&from);
        let transferred = Transferred {
            transaction: cx.make_id(),
            from,
            to,
            amount,
            fee: FEE,
        };
        Ok(events![transferred.about(about)])
    }

    #[create]
    fn close_period(command: &Command<ClosePeriod>, cx: &Creation) -> Decision {
        let found = existing(&command.data.account, cx)?;
        let about = subject(&found.id);
        let closed = PeriodClosed {
            account: found.id,
            period: found.period,
            balance: found.balance,
        };
        Ok(events![closed.about(about)])
    }
}

/// Writes a transaction's legs, which must be zero together and leave no customer below it.
fn post(seq: u64, transaction: &str, legs: &[(&str, i64, Purpose)], cx: &Materialization) -> Done {
    let sum: i128 = legs.iter().map(|(_, amount, _)| i128::from(*amount)).sum();
    if sum != 0 {
        let text = format!("the legs of '{transaction}' add up to {sum} cents, and not to zero");
        return fail("unbalanced", text);
    }
    for (line, (account, amount, purpose)) in (1..).zip(legs) {
        Account::try_update(cx, *account, |row| {
            let Some(balance) = row.balance.checked_add(*amount) else {
                let text = format!("'{account}' has {} and gets {amount}", row.balance);
                return fail("balance-too-large", text);
            };
            if row.kind == Kind::Customer && balance < 0 && *amount < 0 {
                let text = format!("'{account}' has {} cents and pays {}", row.balance, -amount);
                return fail("below-zero", text);
            }
            row.balance = balance;
            Ok(())
        })?;
        let leg = Leg {
            account: (*account).to_owned(),
            seq,
            line,
            transaction: transaction.to_owned(),
            amount: *amount,
            purpose: *purpose,
        };
        leg.insert(cx)?;
    }
    Ok(())
}

fn subject(account: &str) -> String {
    format!("account/{account}")
}

fn existing(account: &str, cx: &Creation) -> Result<Account, Refusal> {
    let found = Account::get(cx, account)?;
    found.map_or_else(
        || {
            reject(
                "unknown-account",
                format!("there is no account '{account}'"),
            )
        },
        Ok,
    )
}

/// Refuses what would take a customer below zero.
fn covered(account: &str, amount: i64, cx: &Creation) -> Result<(), Refusal> {
    let found = existing(account, cx)?;
    if found.kind == Kind::Customer && amount > found.balance {
        let message = format!(
            "{amount} cents are to be paid, and '{account}' has {}",
            found.balance
        );
        return reject("below-zero", message);
    }
    Ok(())
}
