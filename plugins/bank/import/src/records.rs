//! What the columns of the bank's files mean: one function per kind of record, from its CSV to events.
//! Amounts become whole cents (haléře), Czech codes become English words; a code that is not known is an
//! error, never a guess.

use std::io::Read;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::value::{RawValue, to_raw_value};

use crate::columns::Place;
use crate::{CloudEvent, ImportError, SOURCE};

const FREQUENCIES: &[(&str, &str)] = &[
    ("POPLATEK MESICNE", "monthly"),
    ("POPLATEK TYDNE", "weekly"),
    ("POPLATEK PO OBRATU", "after-transaction"),
];

const KINDS: &[(&str, &str)] = &[("PRIJEM", "credit"), ("VYDAJ", "debit"), ("VYBER", "debit")];

const OPERATIONS: &[(&str, &str)] = &[
    ("VKLAD", "cash-deposit"),
    ("VYBER", "cash-withdrawal"),
    ("VYBER KARTOU", "card-withdrawal"),
    ("PREVOD Z UCTU", "transfer-in"),
    ("PREVOD NA UCET", "transfer-out"),
];

const PURPOSES: &[(&str, &str)] = &[
    ("UROK", "interest"),
    ("SANKC. UROK", "penalty-interest"),
    ("SLUZBY", "fee"),
    ("SIPO", "household"),
    ("POJISTNE", "insurance"),
    ("DUCHOD", "pension"),
    ("UVER", "loan"),
];

#[derive(Deserialize)]
struct AccountRecord {
    account_id: i64,
    district_id: i64,
    frequency: String,
    date: String,
}

#[derive(Serialize)]
struct AccountOpened<'a> {
    account: i64,
    opened: &'a str,
    district: i64,
    frequency: &'a str,
}

/// `bank.AccountOpened` for each line of `account.asc`.
pub fn accounts(file: impl Read) -> Result<Vec<CloudEvent>, ImportError> {
    let name = "accounts";
    each(name, b';', file, |line, record: AccountRecord| {
        let place = Place { file: name, line };
        let opened = place.short_date("date", &record.date)?;
        Ok(CloudEvent {
            specversion: "1.0",
            id: format!("account-{}", record.account_id),
            source: SOURCE,
            event_type: "bank.AccountOpened",
            subject: format!("account/{}", record.account_id),
            time: midnight(&opened),
            data: payload(&AccountOpened {
                account: record.account_id,
                opened: &opened,
                district: record.district_id,
                frequency: place.word(
                    "frequency",
                    &record.frequency,
                    FREQUENCIES,
                    "a statement frequency",
                )?,
            })?,
        })
    })
}

#[derive(Deserialize)]
struct TransactionRecord {
    trans_id: String,
    account_id: i64,
    date: String,
    r#type: String,
    operation: String,
    k_symbol: String,
    bank: String,
    counter_account: String,
    amount: String,
}

#[derive(Serialize)]
struct TransactionPosted<'a> {
    account: i64,
    transaction: &'a str,
    date: &'a str,
    kind: &'a str,
    amount: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    operation: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    purpose: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    counterparty: Option<String>,
}

/// `bank.TransactionPosted` for each line of the transactions' CSV.
pub fn transactions(file: impl Read) -> Result<Vec<CloudEvent>, ImportError> {
    let name = "transactions";
    each(name, b',', file, |line, record: TransactionRecord| {
        let place = Place { file: name, line };
        let date = place.date("date", &record.date)?;
        let counterparty = match (record.bank.trim(), record.counter_account.trim()) {
            ("", "" | "0") => None,
            ("", account) => Some(account.to_owned()),
            (bank, account) => Some(format!("{bank}/{account}")),
        };
        let posted = TransactionPosted {
            account: record.account_id,
            transaction: &record.trans_id,
            date,
            kind: place.word("type", &record.r#type, KINDS, "PRIJEM, VYDAJ or VYBER")?,
            amount: place.cents("amount", &record.amount)?,
            operation: place.optional_word(
                "operation",
                &record.operation,
                OPERATIONS,
                "an operation",
            )?,
            purpose: place.optional_word("k_symbol", &record.k_symbol, PURPOSES, "a purpose")?,
            counterparty,
        };
        Ok(CloudEvent {
            specversion: "1.0",
            id: format!("transaction-{}", record.trans_id),
            source: SOURCE,
            event_type: "bank.TransactionPosted",
            subject: format!("account/{}", record.account_id),
            time: midnight(date),
            data: payload(&posted)?,
        })
    })
}

#[derive(Deserialize)]
struct LoanRecord {
    loan_id: i64,
    account_id: i64,
    date: String,
    amount: i64,
    duration: i64,
    payments: String,
}

#[derive(Serialize)]
struct LoanGranted<'a> {
    loan: i64,
    account: i64,
    date: &'a str,
    amount: i64,
    months: i64,
    payment: i64,
}

/// `bank.LoanGranted` for each line of `loan.asc`.
pub fn loans(file: impl Read) -> Result<Vec<CloudEvent>, ImportError> {
    let name = "loans";
    each(name, b';', file, |line, record: LoanRecord| {
        let place = Place { file: name, line };
        let date = place.short_date("date", &record.date)?;
        Ok(CloudEvent {
            specversion: "1.0",
            id: format!("loan-{}", record.loan_id),
            source: SOURCE,
            event_type: "bank.LoanGranted",
            subject: format!("account/{}", record.account_id),
            time: midnight(&date),
            data: payload(&LoanGranted {
                loan: record.loan_id,
                account: record.account_id,
                date: &date,
                amount: record.amount * 100,
                months: record.duration,
                payment: place.cents("payments", &record.payments)?,
            })?,
        })
    })
}

fn each<R: DeserializeOwned>(
    name: &'static str,
    delimiter: u8,
    file: impl Read,
    mut convert: impl FnMut(u64, R) -> Result<CloudEvent, ImportError>,
) -> Result<Vec<CloudEvent>, ImportError> {
    let broken = |source| ImportError::Csv { file: name, source };
    let mut reader = csv::ReaderBuilder::new()
        .delimiter(delimiter)
        .from_reader(file);
    let headers = reader.headers().map_err(broken)?.clone();
    let mut events = Vec::new();
    for record in reader.into_records() {
        let record = record.map_err(broken)?;
        let line = record.position().map_or(0, csv::Position::line);
        events.push(convert(
            line,
            record.deserialize(Some(&headers)).map_err(broken)?,
        )?);
    }
    Ok(events)
}

fn payload(data: &impl Serialize) -> Result<Box<RawValue>, ImportError> {
    to_raw_value(data).map_err(|error| ImportError::Write(error.into()))
}

fn midnight(date: &str) -> String {
    format!("{date}T00:00:00Z")
}
