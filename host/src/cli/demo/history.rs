//! A bank's history, made up from a seed: the same seed gives the same bytes. Accounts are opened; salaries come in,
//! rents and card payments go out, money moves between accounts, loans are granted; day after day, over years.

use std::collections::VecDeque;

use jiff::civil::Date;
use serde_json::{Value as Json, json};

use super::random::Random;

/// Events of one account over the six years that a history is laid out for, roughly.
const EVENTS_PER_ACCOUNT: u64 = 380;
/// Accounts are opened over so many of the first days.
const OPENING_DAYS: i64 = 400;

/// CloudEvents in the order in which they happened, without end.
pub struct History {
    random: Random,
    seed: u64,
    day: Date,
    days: i64,
    accounts: Vec<Account>,
    waiting: VecDeque<Json>,
    events: u64,
    transactions: u64,
    loans: u64,
}

/// An account and its habits. Amounts are cents.
struct Account {
    number: i64,
    /// Days after the history's first.
    opens_on: i64,
    balance: i64,
    salary: i64,
    salary_day: i8,
    rent: i64,
    rent_day: i8,
    has_loan: bool,
}

impl History {
    /// A history in which about `count` events take six years.
    pub fn new(seed: u64, count: u64) -> History {
        let mut random = Random::new(seed);
        let accounts = (count / EVENTS_PER_ACCOUNT).max(2) as i64;
        let accounts = (1..=accounts).map(|number| {
            let salary = random.between(60_000, 400_000) * 10;
            Account {
                number,
                // The first account is there from the first day, so that there is something to look at.
                opens_on: if number == 1 {
                    0
                } else {
                    random.between(0, OPENING_DAYS)
                },
                balance: 0,
                salary,
                salary_day: random.between(1, 31) as i8,
                rent: salary * random.between(20, 45) / 100,
                rent_day: random.between(1, 31) as i8,
                has_loan: false,
            }
        });
        History {
            accounts: accounts.collect(),
            random,
            seed,
            day: Date::constant(1993, 1, 1),
            days: 0,
            waiting: VecDeque::new(),
            events: 0,
            transactions: 0,
            loans: 0,
        }
    }

    /// The day that is being told.
    pub fn day(&self) -> Date {
        self.day
    }

    fn tell_day(&mut self) {
        for at in 0..self.accounts.len() {
            let account = &self.accounts[at];
            if account.opens_on > self.days {
                continue;
            }
            if account.opens_on == self.days {
                self.open(at);
            }
            let (salary, rent) = (self.accounts[at].salary, self.accounts[at].rent);
            if self.is_day(self.accounts[at].salary_day) {
                self.post(at, salary, "transfer-in", Some("salary"));
            }
            if self.is_day(self.accounts[at].rent_day) && self.accounts[at].balance >= rent {
                self.post(at, -rent, "transfer-out", Some("rent"));
            }
            if self.random.once_in(10) {
                self.pay_by_card(at);
            }
            if self.random.once_in(100) {
                self.transfer(at);
            }
            if self.random.once_in(2_000) && !self.accounts[at].has_loan {
                self.lend(at);
            }
        }
    }

    /// True on a day of the month; in shorter months on their last day.
    fn is_day(&self, day: i8) -> bool {
        self.day.day() == day.min(self.day.days_in_month())
    }

    fn open(&mut self, at: usize) {
        let number = self.accounts[at].number;
        let frequency = self
            .random
            .one_of(&["monthly", "weekly", "after-transaction"]);
        let limit = self.random.one_of(&[0, 0, 0, 500_000, 2_000_000]);
        let data = json!({
            "account": number,
            "opened": self.day.to_string(),
            "district": self.random.between(1, 77),
            "frequency": frequency,
            "overdraft_limit": limit,
        });
        self.tell("bank.AccountOpened", number, data);
    }

    fn pay_by_card(&mut self, at: usize) {
        let spare = self.accounts[at].balance / 4;
        if spare >= 5_000 {
            let amount = self.random.between(5_000, spare.min(300_000));
            self.post(at, -amount, "card-withdrawal", None);
        }
    }

    fn transfer(&mut self, at: usize) {
        let to = self.random.between(0, self.accounts.len() as i64 - 1) as usize;
        let spare = self.accounts[at].balance / 2;
        if to == at || self.accounts[to].opens_on >= self.days || spare < 10_000 {
            return;
        }
        let amount = self.random.between(10_000, spare.min(2_000_000));
        let (from, into) = (self.accounts[at].number, self.accounts[to].number);
        self.transactions += 1;
        self.posted(at, -amount, "transfer-out", None, Some(into));
        self.posted(to, amount, "transfer-in", None, Some(from));
    }

    fn lend(&mut self, at: usize) {
        let months = self.random.one_of(&[12, 24, 36, 48, 60]);
        let payment = self.random.between(500, 6_000) * 100;
        let number = self.accounts[at].number;
        self.accounts[at].has_loan = true;
        self.loans += 1;
        let data = json!({
            "loan": self.loans,
            "account": number,
            "date": self.day.to_string(),
            "amount": payment * months,
            "months": months,
            "payment": payment,
        });
        self.tell("bank.LoanGranted", number, data);
        self.post(at, payment * months, "transfer-in", Some("loan"));
    }

    /// A transaction of one account alone.
    fn post(&mut self, at: usize, amount: i64, operation: &str, purpose: Option<&str>) {
        self.transactions += 1;
        self.posted(at, amount, operation, purpose, None);
    }

    /// Moves a balance; the amount is negative for money that goes out.
    fn posted(
        &mut self,
        at: usize,
        amount: i64,
        operation: &str,
        purpose: Option<&str>,
        counterparty: Option<i64>,
    ) {
        let account = &mut self.accounts[at];
        account.balance += amount;
        let number = account.number;
        let data = json!({
            "account": number,
            "transaction": format!("t{}", self.transactions),
            "date": self.day.to_string(),
            "kind": if amount < 0 { "debit" } else { "credit" },
            "amount": amount.abs(),
            "operation": operation,
            "purpose": purpose,
            "counterparty": counterparty.map(|number| number.to_string()),
        });
        self.tell("bank.TransactionPosted", number, data);
    }

    fn tell(&mut self, event_type: &str, account: i64, data: Json) {
        self.events += 1;
        self.waiting.push_back(json!({
            "specversion": "1.0",
            "id": format!("{}-{}", self.seed, self.events),
            "source": "/demo",
            "type": event_type,
            "subject": format!("account/{account}"),
            "time": format!("{}T12:00:00Z", self.day),
            "data": data,
        }));
    }
}

impl Iterator for History {
    type Item = Json;

    fn next(&mut self) -> Option<Json> {
        while self.waiting.is_empty() {
            self.tell_day();
            self.day = self.day.tomorrow().ok()?;
            self.days += 1;
        }
        self.waiting.pop_front()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    fn history(seed: u64, count: usize) -> Vec<Json> {
        History::new(seed, count as u64).take(count).collect()
    }

    #[test]
    fn the_same_seed_tells_the_same_history_and_another_seed_another() {
        assert_eq!(history(1, 2_000), history(1, 2_000));
        assert_ne!(history(1, 2_000), history(2, 2_000));
    }

    #[test]
    fn a_history_spans_years_and_no_balance_falls_below_zero() {
        let events = history(1, 20_000);
        let mut balances: BTreeMap<i64, i64> = BTreeMap::new();
        for event in &events {
            let data = &event["data"];
            let account = data["account"].as_i64().unwrap();
            match event["type"].as_str().unwrap() {
                "bank.AccountOpened" => assert!(balances.insert(account, 0).is_none(), "{event}"),
                "bank.TransactionPosted" => {
                    let sign = if data["kind"] == "debit" { -1 } else { 1 };
                    let balance = balances.get_mut(&account).expect("the account is open");
                    *balance += sign * data["amount"].as_i64().unwrap();
                    assert!(*balance >= 0, "{event}");
                }
                other => assert_eq!(other, "bank.LoanGranted"),
            }
        }
        let times: Vec<_> = events
            .iter()
            .map(|event| event["time"].as_str().unwrap())
            .collect();
        assert!(times.is_sorted());
        assert!(*times.last().unwrap() > "1997", "{:?}", times.last());
    }
}
