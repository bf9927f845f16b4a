//! Times: what the host takes, a handler reads; what a handler cannot read, no door lets in.

use daybook::book::Incoming;
use daybook::model::{ErrorKind, clock};
use daybook::study::Moment;
use daybook_tests::{Server, TestBook, event, event_at};
use serde_json::json;

use crate::served::encoded;

const ASSET: &str = "asset@2020-01-01";

/// The texts of the table that the SDK is tried on too, each with the instant that it stands for; none: it is no time.
fn table() -> Vec<(&'static str, Option<&'static str>)> {
    let lines = include_str!("../../fixtures/times.txt").lines();
    let cases = lines.filter_map(|line| match line.strip_prefix("refused ") {
        Some(text) => Some((text, None)),
        None => {
            let (text, instant) = line.strip_prefix("taken ")?.split_once(" = ")?;
            Some((text, Some(instant)))
        }
    });
    let cases: Vec<_> = cases.collect();
    assert!(cases.len() > 50);
    cases
}

/// An event whose handler reads its time into a column.
fn swapped(id: usize, time: &str) -> String {
    json!({
        "type": "asset.AssetOwnerSwapped", "id": id.to_string(), "source": "/t", "time": time,
        "data": {"asset": format!("a{id}"), "swap": 1, "owner": "ann", "recipient": "bob"},
    })
    .to_string()
}

#[test]
fn every_time_that_an_event_may_have_is_read_by_its_handler_and_no_other_gets_in() {
    let mut book = TestBook::with_plugins(&[ASSET]);
    let mut expected = Vec::new();
    for (at, (text, instant)) in table().into_iter().enumerate() {
        let registered = json!({"asset": format!("a{at}"), "owner": "ann"});
        book.append_one(event("asset.AssetRegistered", registered))
            .unwrap();
        let appended = Incoming::parse(&swapped(at, text)).and_then(|event| book.append_one(event));
        match instant {
            Some(instant) => {
                appended.unwrap_or_else(|error| panic!("{text}: {error}"));
                expected.push(clock::in_utc(instant).unwrap());
            }
            None => {
                let error = appended.map(|receipt| receipt.seq).expect_err(text);
                assert_eq!(error.kind, ErrorKind::Refused, "{text}: {error}");
                assert!(error.message.contains("RFC 3339"), "{text}: {error}");
            }
        }
    }
    let kept = book.texts("SELECT at FROM asset_swap ORDER BY CAST(substr(asset, 2) AS INTEGER)");
    let kept: Vec<_> = kept.iter().map(|at| clock::in_utc(at).unwrap()).collect();
    assert_eq!(kept, expected);
    book.assert_verified();
}

#[test]
fn every_door_takes_the_same_times() {
    let mut book = TestBook::with_guests(&["asks-1"]);
    let mut asked = |at: usize, time: &str| {
        let data = json!({"n": 1, "kind": "note", "not_before": time});
        let first = "2024-01-01T00:00:00Z";
        book.append_one(event_at("asks.Happened", &at.to_string(), first, data))
            .map(|_| ())
    };
    for (at, (text, instant)) in table().into_iter().enumerate() {
        assert_eq!(clock::is_rfc3339(text), instant.is_some(), "{text}");
        assert_eq!(
            asked(at, text).is_ok(),
            instant.is_some(),
            "not before {text}"
        );
        // Digits alone are a position.
        if text.parse::<u64>().is_err() {
            assert_eq!(
                text.parse::<Moment>().is_ok(),
                instant.is_some(),
                "as of {text}"
            );
        }
        if let Some(instant) = instant {
            assert_eq!(clock::in_utc(text), clock::in_utc(instant), "{text}");
            assert_eq!(
                clock::unix_milliseconds(text),
                clock::unix_milliseconds(instant),
                "{text}"
            );
        }
    }
    let server = Server::of(book);
    for (text, instant) in table() {
        let found = server.get(&format!(
            "/state/asks.thing?limit=1&as_of={}",
            encoded(text)
        ));
        if text.parse::<u64>().is_err() {
            // A time that is read may still be before all that was recorded: that is said in other words.
            let is_none = found.status == 400 && !found.text.contains("was recorded by");
            assert_eq!(is_none, instant.is_none(), "{text}: {}", found.text);
        }
    }
    server.stop();
}

#[test]
fn a_form_of_time_that_was_taken_once_names_the_same_tasks_for_ever() {
    for (once, now) in [
        ("20240601T120000.250000Z", "2024-06-01T12:00:00.25Z"),
        ("2024-06-01T12:00:00+02", "2024-06-01T10:00:00Z"),
        ("2024-06-01T12:00:00,5Z", "2024-06-01T12:00:00.5Z"),
    ] {
        assert!(!clock::is_rfc3339(once), "{once}");
        assert_eq!(
            clock::unix_milliseconds(once),
            clock::unix_milliseconds(now),
            "{once}"
        );
    }
}
