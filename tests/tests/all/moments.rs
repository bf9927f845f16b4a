//! The state as of a time: when events were taken in, and when they happened.

use daybook::book::Reader;
use daybook::model::Seq;
use daybook::study::Moment;
use daybook_tests::{Random, Server, TestBook, event_at};
use serde_json::json;

/// Deposits that happened long before they were taken in, events 3 to 8, not quite in order.
fn imported() -> TestBook {
    let mut book = TestBook::with_plugins(&["deposit@2020-02-01"]);
    let days = ["01-05", "02-05", "03-05", "02-20", "04-05", "05-05"];
    let events = days.iter().zip(1..).map(|(day, n)| {
        let time = format!("1993-{day}T01:00:00+01:00");
        event_at(
            "deposit.Deposited",
            &format!("{n}"),
            &time,
            json!({"account": 1, "amount": 1}),
        )
    });
    book.append(events.collect()).unwrap();
    book
}

fn position(reader: &Reader, text: &str) -> Seq {
    reader
        .position_at(&Moment::happened(text).unwrap())
        .unwrap()
}

#[test]
fn history_that_was_imported_is_found_by_the_time_at_which_it_happened() {
    let book = imported();
    let reader = Reader::beside(&book.path()).unwrap();
    for (time, seq) in [
        ("1992-12-31T23:59:59Z", 0),
        ("1993-01-05T00:00:00Z", 3),
        ("1993-01-05T00:59:59+01:00", 0),
        // The last one in the log counts: an event that happened later is before it.
        ("1993-02-25T00:00:00Z", 6),
        ("1993-03-31T00:00:00Z", 6),
        ("1993-04-06T00:00:00Z", 7),
        ("2999-01-01T00:00:00Z", 8),
    ] {
        assert_eq!(position(&reader, time), Seq(seq), "{time}");
    }
    assert!(Moment::happened("20000").is_err());
}

#[test]
fn an_empty_answer_on_imported_history_says_why() {
    let book = imported();
    let reader = Reader::beside(&book.path()).unwrap();
    let at = |text: &str| reader.position_at(&text.parse().unwrap());
    let error = at("1993-02-10T00:00:00Z").unwrap_err();
    assert!(
        error.message.contains("events up to 4 happened by then"),
        "{error}"
    );
    assert!(error.hint.unwrap().contains("--as-of-event-time"));
    // Nothing had happened by then either.
    assert_eq!(at("1992-01-01T00:00:00Z").unwrap(), Seq::ZERO);
    assert_eq!(at("2999-01-01T00:00:00Z").unwrap(), book.head());
}

#[test]
fn recording_times_that_stepped_back_are_searched_event_by_event() {
    let mut random = Random::announced("clocks that step back");
    for is_in_time in [true, false] {
        let mut book = imported();
        let mut hours: Vec<u64> = (0..book.head().0).map(|_| random.below(24)).collect();
        if is_in_time {
            hours.sort_unstable();
        }
        let times: Vec<_> = { hours.iter() }
            .map(|hour| format!("2020-01-01T{hour:02}:00:00.000000Z"))
            .collect();
        book.reopen_after(|path| {
            let log = rusqlite::Connection::open(path.join("log.db")).unwrap();
            for (time, seq) in times.iter().zip(1_i64..) {
                let sql = "UPDATE events SET recorded_at = ?1 WHERE seq = ?2";
                assert_eq!(log.execute(sql, (time, seq)).unwrap(), 1);
            }
        });
        for hour in 0..24 {
            let asked = format!("2020-01-01T{hour:02}:30:00.000000Z");
            let expected = times.iter().rposition(|time| *time <= asked);
            let expected = expected.map_or(0, |at| at as u64 + 1);
            let found = book.log().last_recorded_by(&asked).unwrap();
            assert_eq!(found, Seq(expected), "{asked} of {times:?}");
        }
    }
}

#[test]
fn a_server_answers_as_of_event_time_everywhere_it_answers_as_of() {
    let server = Server::of(imported());
    let time = "1993-02-10T00:00:00Z";
    let query = json!({"sql": "SELECT balance FROM deposit_account", "as_of_event_time": time});
    let answer = server.post("/query", &query);
    assert_eq!(answer.json["rows"], json!([[2]]), "{}", answer.text);
    assert_eq!(answer.json["position"], 4);
    let rows = server.get(&format!("/state/deposit.account?as_of_event_time={time}"));
    assert_eq!(rows.json["rows"][0]["balance"], 2, "{}", rows.text);
    let row = server.get(&format!("/state/deposit.account/1?as_of_event_time={time}"));
    assert_eq!(row.json["row"]["balance"], 2, "{}", row.text);
    let empty = server.get(&format!("/state/deposit.account?as_of={time}"));
    assert_eq!(empty.status, 400, "{}", empty.text);
    assert!(empty.text.contains("as_of_event_time"), "{}", empty.text);
    for wrong in [
        "as_of_event_time=4",
        "as_of_event_time=1993-02-10T00:00:00Z&as_of=4",
    ] {
        let answer = server.get(&format!("/state/deposit.account?{wrong}"));
        assert_eq!(answer.status, 400, "{}", answer.text);
    }
    drop(server.stop());
}
