//! Guests and requests that ask for more than their share of the host's memory and time: what the host does for them is
//! counted while it is done, and ends in words.

use std::time::Instant;

use daybook::model::error::Problem;
use daybook::model::{ErrorKind, limits};
use daybook_tests::{TestBook, event, guest};
use serde_json::json;

use super::{attempt, book_with, check_events_in};

#[test]
fn a_find_is_stopped_at_the_bytes_it_may_read_and_not_after_gathering_them() {
    let mut book = book_with("many-finds");
    for n in 0..4 {
        book.append_one(event("manyfinds.Happened", json!({"n": -n})))
            .unwrap();
    }
    let says = format!(
        "a find over table 'manyfinds_thing' gives more than {} bytes",
        limits::BYTES_READ_PER_CALL_MAX
    );
    check_events_in(
        &mut book,
        "manyfinds",
        vec![attempt(json!({"n": 1}), &["manyfinds@2020-01-01", &says])],
        None,
    );
}

#[test]
fn the_steps_of_all_queries_of_a_call_use_up_its_fuel() {
    let mut book = book_with("many-queries");
    let says = ["manyqueries@2020-01-01", "the call's fuel is used up"];
    check_events_in(
        &mut book,
        "manyqueries",
        vec![attempt(json!({"n": 10}), &says)],
        Some(json!({"n": 1})),
    );
}

#[test]
fn what_passes_to_the_host_uses_up_fuel() {
    let mut book = book_with("log-flood");
    let clock = Instant::now();
    check_events_in(
        &mut book,
        "logflood",
        vec![attempt(json!({"n": 240_000}), &["ran out of fuel"])],
        Some(json!({"n": 3})),
    );
    assert!(clock.elapsed().as_secs() < 120, "{:?}", clock.elapsed());
}

#[test]
fn the_bytes_of_tasks_count_among_an_events_effects() {
    let mut book = book_with("many-tasks");
    let says = format!(
        "it writes more than {} bytes for one event",
        limits::EFFECTS_BYTES_PER_EVENT_MAX
    );
    check_events_in(
        &mut book,
        "manytasks",
        vec![attempt(json!({"n": 9_000}), &[&says])],
        Some(json!({"n": 2})),
    );
}

#[test]
fn the_effects_of_one_request_are_bounded_together_and_one_event_is_always_taken() {
    let mut book = book_with("many-finds");
    let large = |n: i64| event("manyfinds.Happened", json!({"n": -n}));
    let before = book.mark();
    let error = book.append(vec![large(0), large(1), large(2)]).unwrap_err();
    assert_eq!(error.kind, ErrorKind::Refused, "{error}");
    assert_eq!(error.problem.as_deref(), Some(&Problem::Limit), "{error}");
    assert!(
        error.message.contains("bytes of payloads and effects"),
        "{error}"
    );
    assert_eq!(book.mark(), before);
    for n in 0..3 {
        book.append_one(large(n)).unwrap();
    }
    book.assert_verified();
}

#[test]
fn a_manifest_and_a_schema_beyond_their_budgets_are_not_loaded() {
    let mut book = TestBook::new();
    for (name, says) in [
        (
            "big-manifest",
            format!("{} at most", limits::MANIFEST_BYTES_MAX),
        ),
        (
            "heavy-schema",
            format!("may have {} together", limits::SCHEMA_NODES_MAX),
        ),
    ] {
        let before = book.mark();
        let clock = Instant::now();
        let error = book.load(guest(name)).unwrap_err();
        assert_eq!(error.kind, ErrorKind::Refused, "{error}");
        assert!(error.message.contains(&says), "{name}: {error}");
        assert!(
            clock.elapsed().as_secs() < 30,
            "{name}: {:?}",
            clock.elapsed()
        );
        assert_eq!(book.mark(), before);
    }
}
