//! A version is given up once nobody needs it: not an epoch without events, nor a caller who asked for it long ago; and what
//! stands in its way is named.

use daybook::book::{Reader, Request};
use daybook::history::silent;
use daybook::model::Seq;
use daybook::versions::{Policy, PromoteRequest};
use daybook_tests::{TestBook, plugin, redated, version};
use serde_json::json;

const FIRST: &str = "deposit@2020-02-01";
const SECOND: &str = "deposit@2020-03-01";
const THIRD: &str = "deposit@2020-04-01";

/// Two deposits, events 3 and 4; the code in force is loaded under two other dates.
fn deposits() -> TestBook {
    let mut book = TestBook::with_plugins(&[FIRST]);
    for n in [1, 2] {
        deposit(&mut book, n, None);
    }
    for date in ["2020-03-01", "2020-04-01"] {
        book.load(&redated(FIRST, date)).unwrap();
    }
    book
}

fn deposit(book: &mut TestBook, amount: u64, pin: Option<&str>) {
    book.run(Request {
        command_type: "deposit.Deposit".into(),
        data: json!({"account": 1, "amount": amount}).to_string(),
        pin: pin.map(|date| date.parse().unwrap()),
        ..Request::default()
    })
    .unwrap();
}

#[test]
fn an_epoch_without_events_needs_nobody_and_history_verifies_without_it() {
    let mut book = deposits();
    for to in [SECOND, THIRD] {
        book.activate_pinned(&version(to)).unwrap();
    }
    deposit(&mut book, 3, None);
    // The standby is what was live before; the next promotion takes its place.
    let error = book.retire(&version(SECOND), None, None).unwrap_err();
    assert!(
        error.message.contains("the standby projection runs it"),
        "{error}"
    );
    book.activate_pinned(&version(FIRST)).unwrap();
    book.retire(&version(SECOND), Some("nobody ran it"), None)
        .unwrap();
    book.assert_verified();
    book.reopen();
    book.assert_verified();
    assert!(
        book.activate_pinned(&version(SECOND)).is_err(),
        "nobody gets it any more"
    );
    // One that handled an event stays, and which one is said.
    let error = book.retire(&version(THIRD), None, None).unwrap_err();
    assert!(
        error
            .message
            .contains("1 events of the log were handled by it"),
        "{error}"
    );
    let reader = Reader::beside(&book.path()).unwrap();
    let needs = reader.needs(&version(THIRD)).unwrap();
    let last = book.head().0;
    assert_eq!(needs.events, 1);
    let handled = needs.first_events[0];
    assert!(handled < Seq(last));
    assert_eq!(
        book.log()
            .event_at(handled)
            .unwrap()
            .unwrap()
            .event_type
            .as_str(),
        "deposit.Deposited"
    );
    let nobody = reader.needs(&version(SECOND)).unwrap();
    assert_eq!(nobody.reasons(), Vec::<String>::new());
    book.assert_verified();
}

#[test]
fn a_callers_request_by_date_counts_for_the_days_that_the_operator_sets() {
    let mut book = TestBook::with_plugins(&["bank@1993-01-01"]);
    let first = version("bank@1993-01-01");
    book.load(plugin("bank@1994-01-01")).unwrap();
    let later = version("bank@1994-01-01");
    let open = Request {
        command_type: "bank.OpenAccount".into(),
        data: json!({"account": 1, "date": "1993-01-01"}).to_string(),
        pin: Some(first.date),
        ..Request::default()
    };
    book.run(open).unwrap();
    let reader = Reader::beside(&book.path()).unwrap();
    let asked = |reader: &Reader| {
        let needs = reader.needs(&first).unwrap();
        let said = needs
            .reasons()
            .iter()
            .any(|it| it.contains("asked for it by its date"));
        (needs.callers.len(), needs.counts(&needs.callers[0]), said)
    };
    assert_eq!(asked(&reader), (1, true, true));
    book.set_pin_days(Some(90)).unwrap();
    assert_eq!(asked(&reader), (1, true, true), "it was just now");
    book.set_pin_days(Some(0)).unwrap();
    std::thread::sleep(std::time::Duration::from_millis(5));
    assert_eq!(
        asked(&reader),
        (1, false, false),
        "known, and counts no more"
    );
    book.set_pin_days(None).unwrap();
    assert_eq!(asked(&reader), (1, true, true));
    let error = book.retire(&later, None, None);
    assert!(error.is_ok(), "{error:?}");
}

#[test]
fn an_epoch_whose_late_tasks_were_enqueued_is_kept() {
    let mut book = TestBook::with_plugins(&["prescription@2018-03-01"]);
    let second = version("prescription@2019-09-01");
    book.load(plugin("prescription@2019-09-01")).unwrap();
    let admit = json!({"patient": "p", "name": "E", "weight_grams": 60_000});
    book.command("prescription.Admit", admit, false).unwrap();
    let asked = json!({"patient": "p", "drug": "w", "class": "anticoagulant", "daily_milligrams": 5, "doctor": "d"});
    book.command("prescription.Prescribe", asked, false)
        .unwrap();
    let forced = PromoteRequest {
        force: Some("a test".into()),
        actor: None,
    };
    book.shadow(&second, Policy::Pinned, "", &mut silent())
        .unwrap();
    book.promote(&second, &forced, &mut silent()).unwrap();
    let mut found = Vec::new();
    let mut visit = |task| {
        found.push(task);
        Ok(())
    };
    book.study().late_tasks(&mut visit, &mut silent()).unwrap();
    book.enqueue_late(&found, None).unwrap();
    book.activate_pinned(&version("prescription@2018-03-01"))
        .unwrap();
    let reader = Reader::beside(&book.path()).unwrap();
    let needs = reader.needs(&second).unwrap();
    assert_eq!(needs.events, 0);
    assert_eq!(needs.epochs.len(), 1, "{needs:?}");
    book.assert_verified();
}
