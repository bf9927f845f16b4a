//! What the columns of the bank's files mean: one function per kind of record, from its CSV to events. Amounts become whole cents
//! (haléře), Czech codes become English words; a code that is not known is an error, never a guess.

use std::io::Read;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::value::{RawValue, to_raw_value};

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

/// Where a value stands, for messages.
struct Place {
    file: &'static str,
    line: u64,
}

impl Place {
    fn wrong(&self, column: &'static str, value: &str, expected: &'static str) -> ImportError {
        ImportError::Value {
            file: self.file,
            line: self.line,
            column,
            value: value.to_owned(),
            expected,
        }
    }

    fn word(
        &self,
        column: &'static str,
        code: &str,
        words: &[(&str, &'static str)],
        expected: &'static str,
    ) -> Result<&'static str, ImportError> {
        let found = words.iter().find(|(known, _)| *known == code);
        found
            .map(|(_, word)| *word)
            .ok_or_else(|| self.wrong(column, code, expected))
    }

    fn optional_word(
        &self,
        column: &'static str,
        code: &str,
        words: &[(&str, &'static str)],
        expected: &'static str,
    ) -> Result<Option<&'static str>, ImportError> {
        match code.trim() {
            "" => Ok(None),
            code => self.word(column, code, words, expected).map(Some),
        }
    }

    /// `1993-01-31`, checked for its shape; a day that no month has is left to the plugin to refuse.
    fn date<'a>(&self, column: &'static str, text: &'a str) -> Result<&'a str, ImportError> {
        let shape = text.len() == 10
            && text.bytes().enumerate().all(|(at, byte)| {
                if at == 4 || at == 7 {
                    byte == b'-'
                } else {
                    byte.is_ascii_digit()
                }
            });
        if shape {
            Ok(text)
        } else {
            Err(self.wrong(column, text, "a date as YYYY-MM-DD"))
        }
    }

    /// `930131` as `1993-01-31`: the files are from the nineties.
    fn short_date(&self, column: &'static str, text: &str) -> Result<String, ImportError> {
        if text.len() != 6 || !text.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(self.wrong(column, text, "a date as YYMMDD"));
        }
        Ok(format!("19{}-{}-{}", &text[..2], &text[2..4], &text[4..]))
    }

    /// `3372.70` as 337270.
    fn cents(&self, column: &'static str, text: &str) -> Result<i64, ImportError> {
        let digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
        let amount = text.split_once('.').and_then(|(whole, fraction)| {
            let exact =
                fraction.len() == 2 && !whole.is_empty() && digits(whole) && digits(fraction);
            if exact {
                format!("{whole}{fraction}").parse().ok()
            } else {
                None
            }
        });
        amount.ok_or_else(|| self.wrong(column, text, "an amount with two decimals"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::in_time_order;

    const HEADER: &str = "seq,trans_id,account_id,date,type,operation,k_symbol,bank,counter_account,amount,signed_amount,published_balance\n";

    fn transaction(line: &str) -> Result<String, String> {
        match transactions(format!("{HEADER}{line}\n").as_bytes()) {
            Ok(events) => Ok(events.iter().map(ToString::to_string).collect()),
            Err(error) => Err(error.to_string()),
        }
    }

    #[test]
    fn a_transaction_becomes_an_event_in_cents_with_english_words() {
        assert_eq!(
            transaction("7,171812,576,1993-01-31,VYDAJ,PREVOD NA UCET,SIPO,ST,89597016,3372.70,-3372.70,100.00").unwrap(),
            r#"{"specversion":"1.0","id":"transaction-171812","source":"/berka","type":"bank.TransactionPosted","#.to_owned()
                + r#""subject":"account/576","time":"1993-01-31T00:00:00Z","data":{"account":576,"transaction":"171812","#
                + r#""date":"1993-01-31","kind":"debit","amount":337270,"operation":"transfer-out","purpose":"household","#
                + r#""counterparty":"ST/89597016"}}"#
        );
    }

    #[test]
    fn what_a_transaction_does_not_say_is_left_out() {
        let event = transaction("1,5,6,1993-01-01,PRIJEM,,,,,0.05,0.05,0.05").unwrap();
        assert!(event.ends_with(r#""data":{"account":6,"transaction":"5","date":"1993-01-01","kind":"credit","amount":5}}"#), "{event}");
    }

    #[test]
    fn an_unknown_code_names_its_line_and_what_was_expected() {
        assert_eq!(
            transaction("1,5,6,1993-01-01,GESCHENK,,,,,0.05,0.05,0.05").unwrap_err(),
            "transactions, line 2: type is `GESCHENK`, expected PRIJEM, VYDAJ or VYBER"
        );
        assert_eq!(
            transaction("1,5,6,1993-01-01,PRIJEM,,,,,0.5,0.5,0.5").unwrap_err(),
            "transactions, line 2: amount is `0.5`, expected an amount with two decimals"
        );
    }

    #[test]
    fn accounts_open_before_transactions_of_the_same_day_and_transactions_keep_their_order() {
        let mut events = accounts(&b"\"account_id\";\"district_id\";\"frequency\";\"date\"\n6;1;\"POPLATEK TYDNE\";930102\n"[..]).unwrap();
        let lines = "1,8,6,1993-01-02,PRIJEM,,,,,1.00,1.00,1.00\n2,7,6,1993-01-02,PRIJEM,,,,,1.00,1.00,1.00\n\
                     3,9,5,1993-01-01,PRIJEM,,,,,1.00,1.00,1.00\n";
        events.extend(transactions(format!("{HEADER}{lines}").as_bytes()).unwrap());
        let ids: Vec<String> = in_time_order(events)
            .into_iter()
            .map(|event| event.id)
            .collect();
        assert_eq!(
            ids,
            [
                "transaction-9",
                "account-6",
                "transaction-8",
                "transaction-7"
            ]
        );
    }
}
