//! Real input: 10,000 recorded poker hands, and two rules for a chip that cannot be shared.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::Path;

use daybook::book::Incoming;
use daybook::diff::Cause;
use daybook::model::{Seq, Value};
use daybook_tests::{TestBook, check_pair, data, oracle};
use flate2::read::GzDecoder;
use serde_json::Value as Json;

/// Odd chips go to the first winners left of the button.
const WHOLE: &str = "poker@2019-07-11";
/// Chips are cut, as the recording does it.
const EXACT: &str = "poker@2019-08-01";

/// The least number that any number of winners from one to ten divides.
const PARTS_PER_CHIP: f64 = 2_520.0;

fn recording(folder: &Path) -> impl BufRead + use<> {
    BufReader::new(GzDecoder::new(
        File::open(folder.join("hands.jsonl.gz")).expect("the recording"),
    ))
}

/// A book with all hands, materialized under the exact rule.
fn book_of(folder: &Path) -> TestBook {
    let mut book = TestBook::with_plugins(&[WHOLE, EXACT]);
    let mut lines = Vec::new();
    assert_eq!(
        poker_import::convert(recording(folder), &mut lines).expect("the recording"),
        10_000
    );
    let text = String::from_utf8(lines).expect("JSON is text");
    book.append(
        text.lines()
            .map(|line| Incoming::parse(line).expect("an event"))
            .collect(),
    )
    .expect("all hands");
    book
}

/// Finishing stacks as they were published, by the hand's line.
fn published(folder: &Path) -> Vec<Vec<f64>> {
    let lines = recording(folder)
        .lines()
        .map(|line| serde_json::from_str::<Json>(&line.unwrap()).expect("a hand"));
    let stacks = lines.map(|hand| hand["finishing_stacks"].as_array().expect("stacks").clone());
    stacks
        .map(|stacks| {
            stacks
                .iter()
                .map(|stack| stack.as_f64().expect("a number"))
                .collect()
        })
        .collect()
}

#[test]
fn ten_thousand_hands_finish_as_published_and_the_rules_part_where_a_chip_is_cut() {
    let Some(folder) = data::folder("poker-pluribus", "ten thousand hands of poker") else {
        return;
    };
    let mut book = book_of(&folder);
    let published = published(&folder);
    let mut finished: BTreeMap<i64, Vec<f64>> = BTreeMap::new();
    for row in book.rows("SELECT hand, finish FROM poker_seat ORDER BY hand, seat") {
        match row.as_slice() {
            [Value::Integer(hand), Value::Integer(parts)] => {
                finished
                    .entry(*hand)
                    .or_default()
                    .push(*parts as f64 / PARTS_PER_CHIP);
            }
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(finished.len(), 10_000);
    for (hand, stacks) in (1..).zip(&published) {
        assert_eq!(finished[&hand], *stacks, "hand {hand}");
    }
    book.assert_verified();

    let found = check_pair(&mut book, WHOLE, EXACT);
    let hand = |seq: Seq| {
        let subject = book
            .log()
            .read(seq, seq, 1)
            .unwrap()
            .remove(0)
            .subject
            .expect("a subject");
        subject
            .strip_prefix("hand/")
            .expect("a hand")
            .parse::<i64>()
            .expect("a number")
    };
    let parted: BTreeSet<i64> = found.events.iter().map(|event| hand(event.seq)).collect();
    // No hand's effects depend on another hand's.
    assert_eq!(found.seqs(Cause::Inherited), []);
    assert_eq!(found.events.len(), parted.len());
    let cut = |stacks: &Vec<f64>| stacks.iter().any(|stack| stack.fract() != 0.0);
    let cut: BTreeSet<i64> = (1..)
        .zip(&published)
        .filter(|(_, stacks)| cut(stacks))
        .map(|(hand, _)| hand)
        .collect();
    assert!(!cut.is_empty());
    assert_eq!(parted, cut);
    if let Some(text) = oracle::ask(
        "poker_odd_chips.py",
        &["--numbers", folder.join("hands.jsonl.gz").to_str().unwrap()],
    ) {
        let numbers: BTreeSet<i64> = text.lines().map(|line| line.parse().unwrap()).collect();
        assert_eq!(parted, numbers);
    }
}
