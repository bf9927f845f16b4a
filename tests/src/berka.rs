//! Owns what the bank's own records say, read from the CSV without any code of the plugin: balances as they were
//! published, and the interest that each day count gives.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::path::Path;

use flate2::read::GzDecoder;

/// One transaction as the bank published it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Transaction {
    /// The bank's number.
    pub id: String,
    /// Whose account it is on.
    pub account: i64,
    /// Year, month, day.
    pub date: (i64, i64, i64),
    /// In cents, negative for money that goes out.
    pub amount: i64,
    /// The balance after it, in cents.
    pub published_balance: i64,
}

/// Reads the file of transactions in a folder of the bank's records.
pub fn transactions(folder: &Path) -> Vec<Transaction> {
    let file = std::fs::read_dir(folder)
        .expect("a readable folder")
        .map(|entry| entry.expect("a readable folder").path())
        .find(|path| {
            path.file_name()
                .is_some_and(|name| name.to_string_lossy().starts_with("transactions-"))
        })
        .expect("a file of transactions");
    let mut reader =
        csv::Reader::from_reader(GzDecoder::new(File::open(file).expect("a readable file")));
    let headers = reader.headers().expect("a header").clone();
    let column = |name: &str| {
        headers
            .iter()
            .position(|header| header == name)
            .expect("the column is there")
    };
    let [id, account, date, amount, balance] = [
        "trans_id",
        "account_id",
        "date",
        "signed_amount",
        "published_balance",
    ]
    .map(column);
    let records = reader
        .records()
        .map(|record| record.expect("a line of CSV"));
    records
        .map(|record| Transaction {
            id: record[id].to_owned(),
            account: record[account].parse().expect("an account"),
            date: day(&record[date]),
            amount: cents(&record[amount]),
            published_balance: cents(&record[balance]),
        })
        .collect()
}

fn day(text: &str) -> (i64, i64, i64) {
    let parts: Vec<i64> = text
        .split('-')
        .map(|part| part.parse().expect("a date"))
        .collect();
    (parts[0], parts[1], parts[2])
}

fn cents(text: &str) -> i64 {
    let digits = text.replace('.', "");
    assert_eq!(
        text.len() - text.find('.').expect("a decimal point"),
        3,
        "{text}"
    );
    digits.parse().expect("an amount")
}

/// Accounts on which adding up the amounts gives the published balance after the last transaction.
pub fn accounts_without_drift(transactions: &[Transaction]) -> BTreeSet<i64> {
    let mut sums: BTreeMap<i64, (i64, i64)> = BTreeMap::new();
    for transaction in transactions {
        let (sum, published) = sums.entry(transaction.account).or_default();
        *sum += transaction.amount;
        *published = transaction.published_balance;
    }
    sums.into_iter()
        .filter(|(_, (sum, published))| sum == published)
        .map(|(account, _)| account)
        .collect()
}

/// Ids of transactions at which the two day counts give different interest, and of those at which they agree on an
/// account where they did not before.
pub fn interest_sets(transactions: &[Transaction]) -> (BTreeSet<String>, BTreeSet<String>) {
    #[derive(Default)]
    struct Account {
        balance: i64,
        until: Option<(i64, i64, i64)>,
        sums: (i128, i128),
    }
    let mut accounts: BTreeMap<i64, Account> = BTreeMap::new();
    let (mut direct, mut inherited) = (BTreeSet::new(), BTreeSet::new());
    for transaction in transactions {
        let account = accounts.entry(transaction.account).or_default();
        let from = account.until.unwrap_or(transaction.date);
        let earned = |days: i64, year: i64| {
            i128::from(account.balance.max(0)) * 30_000 * i128::from(days) / i128::from(year)
        };
        let actual = earned(
            days_since_the_epoch(transaction.date) - days_since_the_epoch(from),
            365,
        );
        let thirty = earned(days_of_30(transaction.date) - days_of_30(from), 360);
        if actual != thirty {
            direct.insert(transaction.id.clone());
        } else if account.sums.0 != account.sums.1 {
            inherited.insert(transaction.id.clone());
        }
        account.sums.0 += actual;
        account.sums.1 += thirty;
        account.balance += transaction.amount;
        account.until = Some(transaction.date);
    }
    (direct, inherited)
}

/// Days of the Gregorian calendar, counted from 1 March of the year 0.
fn days_since_the_epoch((year, month, day): (i64, i64, i64)) -> i64 {
    let (year, month) = if month > 2 {
        (year, month - 3)
    } else {
        (year - 1, month + 9)
    };
    365 * year + year / 4 - year / 100 + year / 400 + (153 * month + 2) / 5 + day
}

fn days_of_30((year, month, day): (i64, i64, i64)) -> i64 {
    year * 360 + month * 30 + day.min(30)
}
