//! What the bench feeds: the bank's real log, generated postings, and workload W1.

use std::path::{Path, PathBuf};

use daybook::book::{Extensions, Incoming};
use daybook::model::TypeName;

pub struct Workload(Vec<Incoming>);

impl Workload {
    pub fn len(&self) -> usize {
        self.0.len()
    }

    pub fn batches(self, size: usize) -> impl Iterator<Item = Vec<Incoming>> {
        let mut events = self.0.into_iter();
        std::iter::from_fn(move || {
            let batch: Vec<_> = events.by_ref().take(size).collect();
            (!batch.is_empty()).then_some(batch)
        })
    }
}

/// All accounts and transactions of the recorded bank; none: the data is not here.
pub fn berka() -> Option<Workload> {
    let root = std::env::var_os("DAYBOOK_DATA").map_or_else(
        || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/data"),
        PathBuf::from,
    );
    let folder = root.join("berka");
    if !folder.is_dir() {
        return None;
    }
    let events = bank_import::convert_folder(&folder, bank_import::Scope::AccountsAndTransactions)
        .expect("the recorded bank reads");
    let parse = |event: &bank_import::CloudEvent| {
        Incoming::parse(&event.to_string()).expect("a CloudEvent")
    };
    Some(Workload(events.iter().map(parse).collect()))
}

fn incoming(event_type: &str, data: String) -> Incoming {
    Incoming {
        id: None,
        source: "/bench".to_owned(),
        event_type: TypeName::new(event_type).expect("a type"),
        subject: None,
        time: Some("2020-01-01T00:00:00Z".to_owned()),
        data,
        extensions: Extensions::default(),
        context: Extensions::default(),
        line: None,
        ordinal: None,
    }
}

const ACCOUNTS: u64 = 20_000;

/// `count` events of a bank with 20,000 accounts, each posting a few days after the account's last.
pub fn postings(count: u64) -> Workload {
    let mut events = Vec::with_capacity(count as usize);
    for account in 0..ACCOUNTS.min(count) {
        events.push(incoming(
            "bank.AccountOpened",
            format!(r#"{{"account":{account},"opened":"2000-01-01"}}"#),
        ));
    }
    for i in 0..count.saturating_sub(ACCOUNTS) {
        let account = i.wrapping_mul(2_654_435_761) % ACCOUNTS;
        let round = i / ACCOUNTS;
        let (year, month, day) = (
            2000 + round / 24,
            1 + round / 2 % 12,
            1 + round % 2 * 13 + i % 14,
        );
        let kind = if i % 3 == 2 { "debit" } else { "credit" };
        events.push(incoming(
            "bank.TransactionPosted",
            format!(
                r#"{{"account":{account},"transaction":"{i}","date":"{year}-{month:02}-{day:02}","kind":"{kind}","amount":{}}}"#,
                100 + i % 50_000
            ),
        ));
    }
    Workload(events)
}

/// `count` deposits about one subject, of its account.
pub fn deposits_about(subject: &str, count: u64) -> Workload {
    let about = |number: u64| Incoming {
        subject: Some(subject.to_owned()),
        ..incoming(
            "deposit.Deposited",
            format!(r#"{{"account":1,"amount":{}}}"#, number % 100),
        )
    };
    Workload((0..count).map(about).collect())
}

/// Workload W1, which other systems were measured on.
pub fn deposits(count: u64) -> Vec<Incoming> {
    (0..count)
        .map(|i| {
            let account = i.wrapping_mul(2_654_435_761) % ACCOUNTS;
            incoming(
                "deposit.Deposited",
                format!(r#"{{"account":{account},"amount":{}}}"#, i % 100),
            )
        })
        .collect()
}
