//! Erasing somebody: every payload about them goes in one act, or none does.

use daybook::diff::Cause;
use daybook::history::silent;
use daybook::model::Seq;
use daybook::repair::{RedactAllRequest, Redacted};
use daybook::store::StoredEvent;
use daybook_tests::repair::{files_with, redact, to_redact, undo};
use daybook_tests::{Collected, TestBook, accepted};
use serde_json::{Value as Json, json};

const NAME: &str = "Zqx Neverseen";
const RX: &str = "prescription@2018-03-01";

/// Eva is admitted, and takes two drugs; so does Ivo, one of whose prescriptions is by a doctor of Eva's name.
fn clinic() -> TestBook {
    let mut book = TestBook::with_plugins(&[RX]);
    for (patient, name) in [("eva", NAME), ("ivo", "Ivo")] {
        let data = json!({"patient": patient, "name": name, "weight_grams": 60_000});
        accepted(book.command("prescription.Admit", data, false).unwrap());
    }
    for (patient, drug, doctor) in [
        ("eva", "ibuprofen", "Dr. A"),
        ("ivo", "ibuprofen", NAME),
        ("eva", "aspirin", "Dr. A"),
        ("ivo", "aspirin", "Dr. A"),
    ] {
        let data = json!({"patient": patient, "drug": drug, "class": "analgesic", "daily_milligrams": 100,
            "doctor": doctor});
        accepted(book.command("prescription.Prescribe", data, false).unwrap());
    }
    book
}

fn erase(subjects: &[&str], fields: &[(&str, &str)], with: Option<&Json>) -> RedactAllRequest {
    let text = |text: &&str| (*text).to_owned();
    RedactAllRequest {
        subjects: subjects.iter().map(text).collect(),
        fields: { fields.iter() }
            .map(|(field, value)| ((*field).to_owned(), (*value).to_owned()))
            .collect(),
        reason: "erasure was asked for".to_owned(),
        replacements: with.map(Json::to_string),
        actor: None,
    }
}

fn redact_all(book: &mut TestBook, request: &RedactAllRequest) -> Result<Redacted, String> {
    book.redact_all(request, &mut silent())
        .map_err(|error| error.message)
}

/// Positions of events that are about a subject.
fn about(book: &TestBook, subject: &str) -> Vec<Seq> {
    let is_about = |it: &StoredEvent| it.event.subject.as_deref() == Some(subject);
    let events = book.recorded().into_iter().filter(is_about);
    events.map(|it| it.event.seq).collect()
}

#[test]
fn everything_about_a_person_is_erased_in_one_act_and_nothing_else() {
    let mut book = clinic();
    let eva = about(&book, "patient/eva");
    let ivo = about(&book, "patient/ivo");
    assert_eq!((eva.len(), ivo.len()), (3, 3));
    let commits = book.head();
    let by_name = book.recorded().into_iter();
    let by_name: Vec<_> = { by_name.filter(|it| it.event.data.contains(NAME)) }
        .map(|it| it.event.seq)
        .collect();
    assert_eq!(by_name.len(), 2);

    let request = erase(&["patient/eva"], &[("doctor", NAME)], None);
    let mut found = Collected::default();
    let foreseen = book
        .preview_redaction_of_all(&request, &mut found, &mut silent())
        .unwrap();
    let direct = found.seqs(Cause::Direct);
    assert_eq!((foreseen.problem, direct.len()), (None, 4));
    assert_eq!(book.head(), commits, "a preview");

    let redacted = redact_all(&mut book, &request).unwrap();
    assert_eq!((redacted.event, redacted.also.len()), (eva[0], 3));
    assert_eq!(book.head(), Seq(commits.0 + 1), "one event says all of it");
    assert!(redacted.cleaned);
    assert_eq!(
        files_with(&book.path(), NAME.as_bytes()),
        Vec::<String>::new()
    );
    for stored in book.recorded() {
        let event = &stored.event;
        let is_erased = eva.contains(&event.seq) || by_name.contains(&event.seq);
        assert_eq!(event.is_withheld(), is_erased, "event {}", event.seq);
    }
    assert_eq!(
        book.texts("SELECT patient FROM prescription_chart"),
        ["ivo"]
    );
    book.assert_verified();
    book.reopen();
    book.assert_verified();
    let error = redact_all(&mut book, &request).unwrap_err();
    assert_eq!(error, "no event with a payload is about it");
}

/// Later events need a chart: what stands in the place of what made it is asked for once, by type.
#[test]
fn what_later_events_need_is_given_by_type_and_takes_the_events_own_fields() {
    let mut book = clinic();
    let request = erase(&[], &[("name", NAME)], None);
    let before = book.mark();
    let error = redact_all(&mut book, &request).unwrap_err();
    assert!(error.contains("history has events of doom"), "{error}");
    assert_eq!(book.mark(), before);

    let with = json!({"prescription.Admitted":
        {"patient": "$patient", "name": "erased", "weight_grams": "$weight_grams"}});
    let redacted = redact_all(&mut book, &erase(&[], &[("name", NAME)], Some(&with))).unwrap();
    assert_eq!(redacted.also, []);
    let rows = "SELECT name || ' ' || weight_grams || ' ' || daily_milligrams FROM prescription_chart ORDER BY patient";
    assert_eq!(book.texts(rows), ["erased 60000 200", "Ivo 60000 200"]);
    book.assert_verified();

    // All of it, with the chart kept; and again, in another way.
    let all = |with: &Json| erase(&["patient/eva"], &[("patient", "eva")], Some(with));
    redact_all(&mut book, &all(&with)).unwrap();
    assert_eq!(book.texts(rows), ["erased 60000 0", "Ivo 60000 200"]);
    let verified = book.assert_verified();
    assert!(verified.events > 0);
}

#[test]
fn what_does_not_fit_is_refused_whole_and_nothing_is_kept() {
    let mut book = clinic();
    let before = book.mark();
    let admitted = |data: Json| json!({"prescription.Admitted": data});
    for (request, told) in [
        (erase(&[], &[], None), "no subject and no field"),
        (
            erase(&["patient/nobody"], &[], None),
            "no event with a payload",
        ),
        (
            erase(
                &["patient/eva"],
                &[],
                Some(&json!({"prescription.Admited": {}})),
            ),
            "'prescription.Admited', and no event of that type",
        ),
        (
            erase(
                &["patient/eva"],
                &[],
                Some(&admitted(json!({"patient": "$id"}))),
            ),
            "takes field 'id', which event",
        ),
        (
            erase(
                &["patient/eva"],
                &[],
                Some(&admitted(json!({"patient": 1}))),
            ),
            "in the place of event",
        ),
        (
            erase(&["patient/eva"], &[], Some(&json!([1]))),
            "what stands in the place of payloads is no object",
        ),
    ] {
        let error = redact_all(&mut book, &request).unwrap_err();
        assert!(error.contains(told), "{error}");
        assert_eq!(book.mark(), before, "{told}");
    }
}

#[test]
fn an_undone_event_is_erased_too_and_one_that_was_amended_is_found_by_what_it_was() {
    let mut book = clinic();
    let last = *about(&book, "patient/eva").last().unwrap();
    undo(&mut book, last.0, false).unwrap();
    let amended = *about(&book, "patient/ivo").first().unwrap();
    let other = json!({"patient": "ivo", "name": "Iva", "weight_grams": 60_000});
    daybook_tests::repair::amend_to(&mut book, amended.0, &other).unwrap();
    let with = json!({"prescription.Admitted":
        {"patient": "$patient", "name": "erased", "weight_grams": 60_000}});
    let request = erase(&["patient/eva"], &[("name", "Ivo")], Some(&with));
    let redacted = redact_all(&mut book, &request).unwrap();
    assert_eq!(redacted.also.len(), 3, "{redacted:?}");
    assert_eq!(
        book.texts("SELECT name FROM prescription_chart ORDER BY patient"),
        ["erased", "erased"]
    );
    book.assert_verified();
    // One alone is refused as before.
    let error = redact(&mut book, &to_redact(last.0, None)).unwrap_err();
    assert!(error.message.contains("was redacted already"), "{error}");
}
