//! The plugin `company`, version 2020-01-01: companies and their addresses, and the loans on which they owe interest, by
//! actual days in a year of 365.
//!
//! Its commands answer with several events where several companies are concerned: they are kept together or not at all.
//! What is said is in [`words`], what is kept in [`tables`], and what a loan costs in [`interest`].

pub mod interest;
pub mod tables;
pub mod words;

use daybook_sdk::prelude::*;

use interest::MICROCENTS;
use tables::{Company, Loan};
use words::{
    AddressChanged, CalculateInterestOwed, ChangeAddress, InterestOwed, InterestPaid, Lend, Lent,
    Mail, PayInterest, Register, Registered, Repaid, Repay, TakeOver,
};

/// The plugin.
pub struct Companies;

#[plugin(
    name = "company",
    version = "2020-01-01",
    description = "Companies, their addresses, and what they owe",
    changes = ["the first version: interest by actual days in a year of 365"],
    tables = [Company, Loan],
    tasks = [Mail]
)]
impl Companies {
    #[materialize]
    fn registered(event: &Event<Registered>, cx: &Materialization) -> Done {
        let Registered {
            company,
            name,
            address,
            rate_basis_points,
        } = event.data.clone();
        let loan = Loan {
            company: company.clone(),
            balance: 0,
            rate_basis_points,
            interest_to: None,
            interest_microcents: 0,
            interest_due: 0,
        };
        loan.insert(cx)?;
        Company {
            company,
            name,
            street: address.street,
            city: address.city,
        }
        .insert(cx)
    }

    /// An address that is the same as before is no change, whoever says so: it asks for no mail.
    #[materialize]
    fn address_changed(event: &Event<AddressChanged>, cx: &Materialization) -> Done {
        let AddressChanged { company, address } = event.data.clone();
        let found = Company::require(cx, &company)?;
        let before = found.address();
        if before == address {
            return Ok(());
        }
        let mail = Mail {
            company: company.clone(),
            name: found.name.clone(),
            before,
            after: address.clone(),
        };
        // Under the company's number: of two changes, the later one's mail goes out later.
        cx.enqueue(mail.with_key(company));
        Company {
            street: address.street,
            city: address.city,
            ..found
        }
        .replace(cx)
    }

    #[materialize]
    fn lent(event: &Event<Lent>, cx: &Materialization) -> Done {
        let Lent { date, amount, .. } = event.data;
        change_loan(&event.data.company, date, amount, cx)
    }

    #[materialize]
    fn repaid(event: &Event<Repaid>, cx: &Materialization) -> Done {
        let Repaid { date, amount, .. } = event.data;
        change_loan(&event.data.company, date, -amount, cx)
    }

    #[materialize]
    fn interest_owed(event: &Event<InterestOwed>, cx: &Materialization) -> Done {
        let InterestOwed { date, interest, .. } = event.data;
        Loan::update(cx, &event.data.company, |loan| {
            loan.count_until(date);
            loan.interest_microcents -= interest.saturating_mul(MICROCENTS);
            loan.interest_due = loan.interest_due.saturating_add(interest);
        })
    }

    #[materialize]
    fn interest_paid(event: &Event<InterestPaid>, cx: &Materialization) -> Done {
        let InterestPaid { company, amount } = &event.data;
        Loan::try_update(cx, company, |loan| {
            if *amount > loan.interest_due {
                let text = format!("{amount} cents are paid, and {} are due", loan.interest_due);
                return fail("more-than-due", text);
            }
            loan.interest_due -= amount;
            Ok(())
        })
    }

    /// All or none: two that want one number are refused with all the others.
    #[create]
    fn register(command: &Command<Register>, cx: &Creation) -> Decision {
        let companies = &command.data.companies;
        let mut events = Vec::new();
        for (at, new) in companies.iter().enumerate() {
            let number = &new.company;
            if companies[..at].iter().any(|it| it.company == *number) {
                return reject("named-twice", format!("'{number}' is in the list twice"));
            }
            if Company::exists(cx, number) {
                let message = format!("'{number}' is registered already; none of the list was");
                return reject("registered-already", message);
            }
            let registered = Registered {
                company: number.clone(),
                name: new.name.clone(),
                address: new.address.clone(),
                rate_basis_points: new.rate_basis_points,
            };
            events.push(registered.about(subject(number)));
        }
        Ok(events)
    }

    #[create]
    fn change_address(command: &Command<ChangeAddress>, cx: &Creation) -> Decision {
        let ChangeAddress { company, address } = command.data.clone();
        let Some(found) = Company::get(cx, &company)? else {
            return unknown(&company);
        };
        if found.address() == address {
            return Ok(events![]);
        }
        let about = subject(&company);
        Ok(events![AddressChanged { company, address }.about(about)])
    }

    #[create]
    fn lend(command: &Command<Lend>, cx: &Creation) -> Decision {
        let Lend { amount, .. } = command.data;
        let company = command.data.company.clone();
        let date = command.data.date.unwrap_or_else(|| cx.today());
        open_loan(&company, date, cx)?;
        let about = subject(&company);
        let lent = Lent {
            company,
            date,
            amount,
        };
        Ok(events![lent.about(about)])
    }

    #[create]
    fn repay(command: &Command<Repay>, cx: &Creation) -> Decision {
        let Repay { amount, .. } = command.data;
        let company = command.data.company.clone();
        let date = command.data.date.unwrap_or_else(|| cx.today());
        covering_loan(&company, date, amount, cx)?;
        let about = subject(&company);
        let repaid = Repaid {
            company,
            date,
            amount,
        };
        Ok(events![repaid.about(about)])
    }

    #[create]
    fn take_over(command: &Command<TakeOver>, cx: &Creation) -> Decision {
        let TakeOver { from, to, .. } = command.data.clone();
        let amount = command.data.amount;
        let date = command.data.date.unwrap_or_else(|| cx.today());
        if from == to {
            return reject("same-company", format!("'{from}' has that loan already"));
        }
        covering_loan(&from, date, amount, cx)?;
        open_loan(&to, date, cx)?;
        let [about_from, about_to] = [subject(&from), subject(&to)];
        let repaid = Repaid {
            company: from,
            date,
            amount,
        };
        let lent = Lent {
            company: to,
            date,
            amount,
        };
        Ok(events![repaid.about(about_from), lent.about(about_to)])
    }

    /// However many companies there are, their balances are of one moment: no other command comes in between.
    #[create]
    fn calculate_interest_owed(
        command: &Command<CalculateInterestOwed>,
        cx: &Creation,
    ) -> Decision {
        let date = command.data.date.unwrap_or_else(|| cx.today());
        let mut events = Vec::new();
        let mut counted_to = None;
        Loan::find(cx).each(|loan| {
            counted_to = counted_to.max(loan.interest_to);
            let interest = loan.interest_until(date) / MICROCENTS;
            if interest > 0 {
                let about = subject(&loan.company);
                let owed = InterestOwed {
                    company: loan.company,
                    date,
                    balance: loan.balance,
                    interest,
                };
                events.push(owed.about(about));
            }
            Ok(())
        })?;
        match counted_to {
            Some(counted) if date < counted => reject(
                "interest-counted",
                format!("some interest is counted up to {counted}, which is after {date}"),
            ),
            _ => Ok(events),
        }
    }

    #[create]
    fn pay_interest(command: &Command<PayInterest>, cx: &Creation) -> Decision {
        let PayInterest { company, amount } = command.data.clone();
        let due = existing_loan(&company, cx)?.interest_due;
        if amount > due {
            let message = format!("{amount} cents are paid, and {due} are due of '{company}'");
            return reject("more-than-due", message);
        }
        let about = subject(&company);
        Ok(events![InterestPaid { company, amount }.about(about)])
    }
}

/// Changes what is lent to a company, once its interest is counted up to that day.
fn change_loan(company: &String, date: Date, change: i64, cx: &Materialization) -> Done {
    Loan::try_update(cx, company, |loan| {
        loan.count_until(date);
        let balance = loan.balance.checked_add(change).filter(|it| *it >= 0);
        let Some(balance) = balance else {
            let text = format!("a loan of {} cents cannot change by {change}", loan.balance);
            return fail("balance-out-of-range", text);
        };
        loan.balance = balance;
        Ok(())
    })
}

fn subject(company: &str) -> String {
    format!("company/{company}")
}

fn unknown<T>(company: &str) -> Result<T, Refusal> {
    let message = format!("no company '{company}' is registered");
    reject("unknown-company", message)
}

fn existing_loan(company: &str, cx: &Creation) -> Result<Loan, Refusal> {
    Loan::get(cx, company)?.map_or_else(|| unknown(company), Ok)
}

/// The loan, unless that day's interest has been counted already: a balance is not changed behind it.
fn open_loan(company: &str, date: Date, cx: &Creation) -> Result<Loan, Refusal> {
    let loan = existing_loan(company, cx)?;
    match loan.interest_to {
        Some(counted) if date < counted => reject(
            "interest-counted",
            format!("interest of '{company}' is counted up to {counted}, which is after {date}"),
        ),
        _ => Ok(loan),
    }
}

/// The same, of a loan from which so much can be taken.
fn covering_loan(company: &str, date: Date, amount: i64, cx: &Creation) -> Result<Loan, Refusal> {
    let loan = open_loan(company, date, cx)?;
    if amount > loan.balance {
        let balance = loan.balance;
        let message =
            format!("the loan of '{company}' is {balance} cents, which is less than {amount}");
        return reject("more-than-lent", message);
    }
    Ok(loan)
}
