//! Real input: the records of a Czech bank, 4,500 accounts and 46,997 transactions, under two dated versions.

use std::collections::BTreeMap;
use std::path::Path;

use bank_import::{Scope, convert_folder};
use daybook::book::{Incoming, Reader};
use daybook::diff::{Cause, Expectations};
use daybook::model::Seq;
use daybook::model::Value;
use daybook::versions::{Policy, PromoteRequest, Promotion};
use daybook_tests::berka::{accounts_without_drift, interest_sets, transactions};
use daybook_tests::workspace::root;
use daybook_tests::{Random, TestBook, data, diff, oracle, runtime, version};

const FIRST: &str = "bank@1993-01-01";
const SECOND: &str = "bank@1994-01-01";

/// The bank rounded some of its interest to 0.1 before it added it up; a plain sum strays from it by at most this much.
const DRIFT_CENTS_MAX: i64 = 70;

/// A book with the first version and every record of the bank.
fn book_of(folder: &Path) -> TestBook {
    let mut book = TestBook::with_plugins(&[FIRST]);
    let events =
        convert_folder(folder, Scope::AccountsAndTransactions).expect("the bank's records");
    let events: Vec<_> = events
        .iter()
        .map(|event| Incoming::parse(&event.to_string()).expect("an event"))
        .collect();
    for batch in events.chunks(10_000) {
        book.append(batch.to_vec())
            .expect("a batch of the bank's events");
    }
    book
}

#[test]
fn every_balance_is_the_banks_and_comes_back_after_the_projection_is_deleted() {
    let Some(folder) = data::folder("berka", "balances of the bank") else {
        return;
    };
    let mut book = book_of(&folder);
    let published = transactions(&folder);
    assert_eq!(book.numbers("SELECT count(*) FROM bank_account"), [4_500]);
    assert_eq!(
        book.numbers("SELECT count(*) FROM bank_statement"),
        [46_997]
    );
    assert_eq!(published.len(), 46_997);

    let ids = book.texts("SELECT transaction_id FROM bank_statement ORDER BY account, line");
    let balances = book.numbers("SELECT balance FROM bank_statement ORDER BY account, line");
    let materialized: BTreeMap<_, _> = ids.into_iter().zip(balances).collect();
    for transaction in &published {
        let balance = materialized[&transaction.id];
        let drift = (balance - transaction.published_balance).abs();
        assert!(drift <= DRIFT_CENTS_MAX, "{transaction:?}: {balance}");
    }
    let exact = accounts_without_drift(&published);
    assert_eq!(exact.len(), 664);
    let last: BTreeMap<_, _> = published
        .iter()
        .map(|transaction| (transaction.account, transaction))
        .collect();
    for account in exact {
        let transaction = last[&account];
        assert_eq!(
            materialized[&transaction.id], transaction.published_balance,
            "account {account}"
        );
    }

    let before = book.mark();
    let verified = book.assert_verified();
    assert_eq!(
        (verified.events, verified.rows),
        (before.head.0, before.rows)
    );
    book.reopen_after(|path| std::fs::remove_dir_all(path.join("projections")).unwrap());
    assert_eq!(book.mark(), before);
}

#[test]
fn the_state_as_of_any_event_has_the_balance_that_the_bank_published_then() {
    let Some(folder) = data::folder("berka", "past balances of the bank") else {
        return;
    };
    let mut book = TestBook::with_plugins(&[FIRST]);
    let events =
        convert_folder(&folder, Scope::AccountsAndTransactions).expect("the bank's records");
    let events: Vec<_> = events
        .iter()
        .map(|event| Incoming::parse(&event.to_string()).expect("an event"))
        .collect();
    for (at, batch) in events.chunks(2_000).enumerate() {
        book.append(batch.to_vec())
            .expect("a batch of the bank's events");
        if at % 2 == 1 {
            book.snapshot().expect("a snapshot");
        }
    }
    let published: BTreeMap<_, _> = transactions(&folder)
        .into_iter()
        .map(|transaction| (transaction.id.clone(), transaction))
        .collect();
    let reader = Reader::beside(&book.path()).unwrap();
    let mut random = Random::announced("past balances");
    let mut seen = 0;
    while seen < 100 {
        let seq = Seq(1 + random.below(book.head().0));
        let event = reader.show(seq).unwrap().stored.event;
        if event.event_type.as_str() != "bank.TransactionPosted" {
            continue;
        }
        let data: serde_json::Value = serde_json::from_str(&event.data).unwrap();
        let transaction = &published[data["transaction"].as_str().unwrap()];
        let past = reader
            .as_of(runtime(), seq, &mut daybook::history::silent())
            .unwrap();
        assert_eq!(past.position, seq);
        let sql = format!(
            "SELECT balance FROM bank_statement WHERE account = {0} AND line = (SELECT max(line) FROM bank_statement WHERE account = {0})",
            transaction.account
        );
        let mut rows = Vec::new();
        let visit = |row| {
            rows.push(row);
            Ok(())
        };
        past.query(&sql, |_| Ok(()), visit).unwrap();
        let Value::Integer(balance) = rows[0][0] else {
            panic!("{rows:?}");
        };
        let drift = (balance - transaction.published_balance).abs();
        assert!(
            drift <= DRIFT_CENTS_MAX,
            "event {seq}: {transaction:?}: {balance}"
        );
        seen += 1;
    }
}

#[test]
fn a_promotion_gives_the_rows_of_an_activation_on_the_banks_records() {
    let Some(folder) = data::folder("berka", "promotion of the bank's second version") else {
        return;
    };
    let mut book = book_of(&folder);
    book.load(daybook_tests::plugin(SECOND)).unwrap();
    let expect =
        std::fs::read_to_string(root().join("plugins/bank/1994-01-01/expect.toml")).unwrap();
    let second = version(SECOND);
    let status = book
        .shadow(
            &second,
            Policy::Pinned,
            expect.as_str(),
            &mut daybook::history::silent(),
        )
        .unwrap();
    let tally = status.tally.unwrap();
    assert_eq!((tally.differing, tally.unexpected), (45_745, 0));
    let clock = std::time::Instant::now();
    let promoted = book
        .promote(
            &second,
            &PromoteRequest::default(),
            &mut daybook::history::silent(),
        )
        .unwrap();
    let seconds = clock.elapsed().as_secs_f64();
    println!("the switch took {:.1} ms", seconds * 1e3);
    assert!(matches!(promoted, Promotion::Done(_)), "{promoted:?}");
    // A rebuild of these 51,497 events takes many times that.
    assert!(
        seconds < 0.5,
        "the switch took {seconds} s: it depends on the log's length"
    );
    let rows = book.mark().rows;
    let mut other = book_of(&folder);
    other.load_active(daybook_tests::plugin(SECOND));
    assert_eq!(other.mark().rows, rows);
}

#[test]
fn the_two_versions_differ_in_the_interest_of_the_days_they_count_otherwise() {
    let Some(folder) = data::folder("berka", "diff of the bank's versions") else {
        return;
    };
    let mut book = book_of(&folder);
    book.load(daybook_tests::plugin(SECOND)).unwrap();
    let before = book.mark();
    let text = "[[expect]]\nreason = \"30/360\"\ntable = \"bank.account\"\ncolumn = \"interest_microcents\"\n";
    let mut expectations = Expectations::parse(text).unwrap();
    let (summary, found) = diff(&mut book, FIRST, SECOND, &mut expectations);
    assert_eq!(
        found.columns(),
        [("bank.account".to_owned(), "interest_microcents".to_owned())]
    );
    assert_eq!((summary.unexpected, summary.dooms), (0, (0, 0)));
    assert_eq!(summary.events, before.head.0);

    let (direct, inherited) = interest_sets(&transactions(&folder));
    let ids = |cause| {
        let transaction = |seq: Seq| {
            let event = book.log().read(seq, seq, 1).unwrap().remove(0);
            event
                .id
                .strip_prefix("transaction-")
                .expect("a transaction")
                .to_owned()
        };
        found.seqs(cause).into_iter().map(transaction).collect()
    };
    let found_sets = (ids(Cause::Direct), ids(Cause::Inherited));
    assert_eq!(found_sets, (direct, inherited));
    assert!(!found_sets.0.is_empty() && !found_sets.1.is_empty());
    assert_eq!(
        summary.differing.total() as usize,
        found_sets.0.len() + found_sets.1.len()
    );
    if let Some(text) = oracle::ask(
        "berka_interest.py",
        &[transactions_file(&folder).to_str().unwrap()],
    ) {
        let of = |class: &str| {
            let lines = text
                .lines()
                .map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap());
            let ids = lines.filter(|line| line["class"] == class);
            ids.map(|line| line["transaction"].as_str().unwrap().to_owned())
                .collect()
        };
        assert_eq!(found_sets, (of("direct"), of("inherited")));
    }
    assert_eq!(book.mark(), before, "a diff leaves the book as it was");

    let (summary, found) = diff(&mut book, SECOND, SECOND, &mut Expectations::none());
    assert_eq!(
        (
            found.events.len(),
            found.final_rows.len(),
            summary.unexpected
        ),
        (0, 0, 0)
    );
    assert_eq!(summary.events, before.head.0);
}

fn transactions_file(folder: &Path) -> std::path::PathBuf {
    let mut files = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path());
    files
        .find(|path| path.to_string_lossy().contains("transactions-"))
        .unwrap()
}
