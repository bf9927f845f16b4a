//! Versions that should not get into force as they are: one that dooms a late event, one that traps now and then, one that
//! is right and slow, and one whose table lost a column that events still need.

use std::sync::atomic::{AtomicU64, Ordering};

use daybook::history::silent;
use daybook::model::{PluginVersion, Seq};
use daybook::repair::PinRequest;
use daybook::shadow::ShadowStatus;
use daybook::study::{Picked, Remedy};
use daybook::versions::{Policy, PromoteRequest, Promotion, VersionState};
use daybook_tests::collected::diff;
use daybook_tests::{Server, TestBook, event, guest, version};
use serde_json::json;

const FIRST: &str = "cascade@2020-01-01";

fn shadow(book: &mut TestBook, version: &PluginVersion) -> ShadowStatus {
    book.shadow(version, Policy::Pinned, "", &mut silent())
        .unwrap_or_else(|error| panic!("{error}"))
}

fn forced() -> PromoteRequest {
    PromoteRequest {
        force: Some("a test".into()),
        actor: None,
    }
}

/// A book of so many events; `n` of each is given by its number from 0.
fn cascade(count: u64, n: impl Fn(u64) -> u64) -> TestBook {
    let mut book = TestBook::with_guests(&["cascade-1"]);
    let events = (0..count).map(|number| event("cascade.Happened", json!({"n": n(number)})));
    let events: Vec<_> = events.collect();
    for batch in events.chunks(1_000) {
        book.append(batch.to_vec()).unwrap();
    }
    book
}

#[test]
fn a_late_event_of_doom_is_foretold_with_its_remedies_and_a_pin_leads_past_it() {
    // The host's own two events come first.
    let mut book = cascade(20_005, |number| if number == 19_997 { 13 } else { 2 });
    let doomed = book.load(guest("doom-2")).unwrap().version;
    let late = Seq(20_000);
    assert!(
        book.recorded()[late.0 as usize - 1]
            .event
            .data
            .contains("13")
    );
    let before = book.mark();
    let picked = Picked::Pinned(vec![doomed.clone()]);
    let dooms = book
        .study()
        .find_dooms(&picked, true, &mut silent())
        .unwrap();
    let found: Vec<_> = dooms.found.iter().map(|it| it.doom.seq).collect();
    assert_eq!((found, dooms.more), (vec![late], 0));

    let mut forecast = |remedy: Remedy| {
        book.study()
            .forecast(&picked, late, &remedy, &mut silent())
            .unwrap_or_else(|error| panic!("{remedy:?}: {error}"))
    };
    let first = version(FIRST);
    let pinned = forecast(Remedy::Pin(first.clone()));
    let skipped = forecast(Remedy::Skip);
    let amended = forecast(Remedy::Amend(r#"{"n": 2}"#.into()));
    let same = forecast(Remedy::Amend(r#"{"n": 13}"#.into()));
    // Every row has another text under the other version, but for the one that is pinned.
    assert_eq!(
        (pinned.dooms, pinned.events, pinned.rows),
        (0, 20_004, 20_004)
    );
    assert_eq!(
        (skipped.dooms, skipped.events, skipped.rows),
        (0, 20_005, 20_005)
    );
    assert_eq!((amended.dooms, amended.rows), (0, 20_005));
    assert_eq!((same.dooms, same.still_doomed), (1, true));
    assert!(!(pinned.still_doomed || skipped.still_doomed || amended.still_doomed));
    assert_eq!(book.mark(), before, "nothing was kept");

    let remedy = Remedy::Pin(first.clone());
    let reason = "a form of 2020";
    let at = book
        .resolve_doom(late, remedy.clone(), reason, Some("anna"), &mut silent())
        .unwrap();
    assert_eq!(at, before.head.next());
    assert_eq!(book.mark().rows, before.rows, "what is live stays as it is");
    let again = book.resolve_doom(late, remedy, reason, None, &mut silent());
    assert!(again.is_err(), "it is pinned already");
    shadow(&mut book, &doomed);
    let promoted = book.promote(&doomed, &forced(), &mut silent()).unwrap();
    assert!(matches!(promoted, Promotion::Done(_)), "{promoted:?}");
    let texts = "SELECT count(*) FROM cascade_thing WHERE text IS NOT NULL";
    assert_eq!(book.numbers(texts), [1]);
    book.assert_verified();

    // Whoever is needed by an event cannot go; once it is not, the version that cannot materialize it cannot come.
    let standby = book.rollback(&forced(), &mut silent()).unwrap();
    assert!(matches!(standby, Promotion::Done(_)));
    let needed = |book: &TestBook| {
        let mut lines = book.versions().unwrap().into_iter();
        let line = lines.find(|line| line.version == first).unwrap();
        assert_eq!(line.state, VersionState::Live);
        line.needed_by.join("; ")
    };
    assert!(needed(&book).contains("event 20000 is pinned to it"));
    let unpin = PinRequest {
        seq: late,
        version: None,
        reason: "it was a mistake".into(),
        actor: None,
    };
    book.pin_event(&unpin).unwrap();
    assert!(!needed(&book).contains("pinned"));
    assert!(book.pin_event(&unpin).is_err(), "it is pinned to nothing");
    assert!(shadow(&mut book, &doomed).doom.is_some());
    book.assert_verified();
}

#[test]
fn a_version_that_traps_once_in_a_thousand_refuses_those_requests_and_no_other() {
    const COMMANDS: u64 = 2_000;
    let mut book = cascade(0, |_| 0);
    let version = book.load(guest("doom-2")).unwrap().version;
    book.activate_pinned(&version).unwrap();
    let server = Server::of(book);
    let (next, refused) = (AtomicU64::new(0), AtomicU64::new(0));
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                loop {
                    let number = next.fetch_add(1, Ordering::Relaxed);
                    if number >= COMMANDS {
                        return;
                    }
                    let traps = number % 1_000 == 999;
                    let n = if traps { 13 } else { number % 7 };
                    let answer = server.post("/commands/cascade.Do", &json!({"n": n}));
                    if traps {
                        assert_eq!((answer.status, answer.problem()), (422, "plugin"));
                        refused.fetch_add(1, Ordering::Relaxed);
                    } else {
                        assert_eq!(answer.status, 201, "{}", answer.text);
                    }
                }
            });
        }
    });
    assert_eq!(refused.into_inner(), 2);
    let mut book = server.stop();
    let rows = book.numbers("SELECT count(*) FROM cascade_thing");
    assert_eq!(rows, [COMMANDS as i64 - 2]);
    book.assert_verified();

    // The same in history: every one of them is found, and none gets into force.
    let mut book = cascade(5_000, |number| if number % 1_000 == 500 { 13 } else { 1 });
    let version = book.load(guest("doom-2")).unwrap().version;
    let picked = Picked::Pinned(vec![version.clone()]);
    let dooms = book
        .study()
        .find_dooms(&picked, true, &mut silent())
        .unwrap();
    assert_eq!(dooms.found.len(), 5);
    assert!(shadow(&mut book, &version).doom.is_some());
    assert!(book.promote(&version, &forced(), &mut silent()).is_err());
    let error = book.activate_pinned(&version).unwrap_err();
    assert!(error.message.contains("is not activated"), "{error}");
}

#[test]
fn a_version_that_is_right_and_slow_shows_in_the_cost_and_is_promoted_once_it_has_caught_up() {
    const EVENTS: u64 = 3_000;
    let mut book = cascade(EVENTS, |_| 1);
    let slow = book.load(guest("slow")).unwrap().version;
    let none = &mut daybook::diff::Expectations::none();
    let (summary, _) = diff(&mut book, FIRST, &slow.to_string(), none);
    assert_eq!((summary.differing.total(), summary.unexpected), (0, 0));
    let (base, candidate) = summary.cost;
    assert!(
        candidate.fuel > 100 * base.fuel,
        "{} beside {}",
        candidate.fuel,
        base.fuel
    );
    let before = book.mark();

    let server = Server::of(book);
    let begun = slow.clone();
    server
        .alone(move |book| book.begin_shadow(&begun, Policy::Pinned, ""))
        .unwrap();
    let mut refusals = 0;
    let promoted = loop {
        // Commands are answered all the while.
        let answer = server.post("/commands/cascade.Do", &json!({"n": 1}));
        assert_eq!(answer.status, 201, "{}", answer.text);
        let version = slow.clone();
        match server
            .alone(move |book| book.promote(&version, &PromoteRequest::default(), &mut silent()))
        {
            Ok(promoted) => break promoted,
            Err(error) => {
                assert!(error.message.contains("events behind"), "{error}");
                refusals += 1;
            }
        }
        std::thread::sleep(std::time::Duration::from_millis(10));
    };
    assert!(matches!(promoted, Promotion::Done(_)), "{promoted:?}");
    assert!(refusals > 0, "it had to catch up first");
    let mut book = server.stop();
    assert_eq!(book.lineup().to_string(), slow.to_string());
    let rows = book.numbers("SELECT count(*) FROM cascade_thing")[0] as u64;
    assert_eq!(rows, EVENTS + refusals + 1);
    assert!(book.head() > before.head);
    book.assert_verified();
}

#[test]
fn a_version_without_a_column_that_events_need_is_breaking_doomed_and_no_pin_helps() {
    let mut book = TestBook::with_guests(&["rows-1"]);
    let happened = |data| event("rows.Happened", data);
    let insert = |id: u64| happened(json!({"do": "insert", "id": id, "n": 1, "text": "a"}));
    book.append((0..50).map(insert).collect()).unwrap();
    book.append_one(happened(json!({"do": "text", "id": 7, "text": "b"})))
        .unwrap();
    let needs_it = book.head();
    book.append((50..60).map(insert).collect()).unwrap();
    let lacking = book.load(guest("rows-3")).unwrap().version;
    let before = book.mark();

    let reader = daybook::book::Reader::beside(book.path().as_path()).unwrap();
    let changelog = reader.changelog(Some("rows")).unwrap();
    let declared = &changelog.last().unwrap().declared.changes;
    let column = declared
        .iter()
        .find(|change| change.name.contains("thing") && change.place.contains("text"))
        .unwrap_or_else(|| panic!("{declared:?}"));
    assert_eq!(
        (column.what, column.breaking.as_str()),
        ("removed", "breaking")
    );

    let picked = Picked::Pinned(vec![lacking.clone()]);
    let dooms = book
        .study()
        .find_dooms(&picked, true, &mut silent())
        .unwrap();
    let found: Vec<_> = dooms.found.iter().map(|it| it.doom.seq).collect();
    assert_eq!(found, [needs_it]);
    assert!(shadow(&mut book, &lacking).doom.is_some());
    assert!(book.promote(&lacking, &forced(), &mut silent()).is_err());

    let first = version("rows@2020-01-01");
    let pin = Remedy::Pin(first.clone());
    let refused = book
        .study()
        .forecast(&picked, needs_it, &pin, &mut silent())
        .unwrap_err();
    assert!(
        refused.message.contains("whose tables are not those of"),
        "{refused}"
    );
    let skip = book
        .study()
        .forecast(&picked, needs_it, &Remedy::Skip, &mut silent())
        .unwrap();
    assert_eq!((skip.dooms, skip.still_doomed), (0, false));
    assert_eq!(book.mark(), before);
    book.resolve_doom(
        needs_it,
        Remedy::Skip,
        "texts are gone",
        None,
        &mut silent(),
    )
    .unwrap();
    shadow(&mut book, &lacking);
    let promoted = book.promote(&lacking, &forced(), &mut silent()).unwrap();
    assert!(matches!(promoted, Promotion::Done(_)), "{promoted:?}");
    assert_eq!(book.numbers("SELECT count(*) FROM rows_thing"), [60]);
    book.assert_verified();
}
