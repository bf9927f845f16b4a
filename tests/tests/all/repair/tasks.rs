//! Whatever is done to history, in whatever order: no task goes out twice, and none is lost.

use std::collections::{BTreeMap, BTreeSet};

use daybook::book::Book;
use daybook::gateway::{Made, Moves};
use daybook::history::silent;
use daybook::model::{DueTask, Ended, ErrorKind, Move, Place, Result, Seq};
use daybook::repair::{AmendRequest, NewPayload, RedactRequest};
use daybook::store::FIRST_LATE;
use daybook::versions::{Policy, PromoteRequest};
use daybook_tests::repair::{amend, redact, to_amend, to_redact, to_revert, undo};
use daybook_tests::{Random, TestBook, accepted, plugin, version};
use serde_json::{Value as Json, json};

const FIRST: &str = "prescription@2018-03-01";
const SECOND: &str = "prescription@2019-09-01";
const KINDS: [&str; 2] = ["lab", "push"];

/// Two patients, events 3 and 4; the second version is loaded.
fn clinic() -> TestBook {
    let mut book = TestBook::with_plugins(&[FIRST]);
    for patient in ["ana", "bob"] {
        let admitted = json!({"patient": patient, "name": patient, "weight_grams": 60_000});
        book.command("prescription.Admit", admitted, false).unwrap();
    }
    book.load(plugin(SECOND)).unwrap();
    book
}

/// Gives the event.
fn prescribe(book: &mut TestBook, patient: &str, class: &str, milligrams: u64) -> Seq {
    let asked = json!({"patient": patient, "drug": "d", "class": class, "daily_milligrams": milligrams, "doctor": "who"});
    let events = accepted(
        book.command("prescription.Prescribe", asked, false)
            .unwrap(),
    );
    events[0].event.seq
}

fn payload(book: &TestBook, seq: Seq) -> Json {
    let data = book.log().event_at(seq).unwrap().unwrap().data;
    serde_json::from_str(&data).unwrap_or(Json::Null)
}

fn promote(book: &mut TestBook, to: &str, patch: bool) -> Result<()> {
    let to = version(to);
    book.shadow(&to, Policy::Pinned, "", &mut silent())?;
    let request = PromoteRequest {
        force: Some("a test".into()),
        actor: None,
    };
    match patch {
        true => book.promote_by_patch(&to, &request, true, &mut |_| Ok(()), &mut silent())?,
        false => book.promote(&to, &request, &mut silent())?,
    };
    Ok(())
}

/// Enqueues what is late; gives how many.
fn enqueue(book: &mut TestBook) -> u64 {
    let mut found = Vec::new();
    let mut visit = |task| {
        found.push(task);
        Ok(())
    };
    book.study().late_tasks(&mut visit, &mut silent()).unwrap();
    book.enqueue_late(&found, Some("tester")).unwrap().0
}

/// Counts what it is sent.
#[derive(Default)]
struct Receiver {
    by_id: BTreeMap<String, u32>,
    /// By event, kind, and what is looked for.
    by_meaning: BTreeMap<(Seq, String, String), u32>,
}

impl Receiver {
    fn take(&mut self, task: &DueTask) {
        *self.by_id.entry(task.id.clone()).or_default() += 1;
        let data: Json = serde_json::from_str(&task.data).unwrap();
        // The usual test follows the drug's class, which a repair may change.
        let what = match data["test"].as_str() {
            Some("clotting-time") => "clotting",
            _ => "usual",
        };
        let meaning = (task.place.seq, task.kind.clone(), what.to_owned());
        *self.by_meaning.entry(meaning).or_default() += 1;
    }

    fn count(&self, seq: Seq, kind: &str, what: &str) -> u32 {
        let meaning = (seq, kind.to_owned(), what.to_owned());
        self.by_meaning.get(&meaning).copied().unwrap_or(0)
    }
}

/// Makes moves of one task, as the gateway's desk does.
fn moved(book: &mut Book, kind: &str, place: Place, step: Move) -> Vec<Made> {
    let mut group = book.group().unwrap();
    let moves = Moves {
        moves: vec![(kind.to_owned(), place, step)],
        marks: Vec::new(),
    };
    let made = book.make_into(&mut group, moves).unwrap();
    book.commit_group(group).unwrap();
    made
}

/// Delivers what waits, or the first of each kind.
fn deliver(book: &mut TestBook, receiver: &mut Receiver, count_max: usize) {
    for kind in KINDS {
        let (waiting, _) = { book.log() }
            .waiting_tasks(kind, Place::default(), count_max)
            .unwrap();
        for task in waiting {
            for made in moved(book, kind, task.place, Move::Lease) {
                let Made::Leased(task) = made else {
                    panic!("{made:?}")
                };
                receiver.take(&task);
            }
            let done = Move::End(Ended::Done { result: None });
            moved(book, kind, task.place, done);
        }
    }
}

#[test]
fn a_redaction_of_another_event_leaves_late_tasks_as_they_are_and_they_go_out_once() {
    let mut book = clinic();
    let event = prescribe(&mut book, "ana", "anticoagulant", 5);
    promote(&mut book, SECOND, false).unwrap();
    assert_eq!(enqueue(&mut book), 1);
    let mut receiver = Receiver::default();
    deliver(&mut book, &mut receiver, 100);
    assert_eq!(receiver.by_id.len(), 3);
    let before = book.log().tasks_of(event).unwrap();
    assert_eq!(before[2].delivery.place.ordinal, FIRST_LATE);
    let erased = json!({"patient": "ana", "name": "erased", "weight_grams": 60_000});
    redact(&mut book, &to_redact(3, Some(&erased))).unwrap();
    assert_eq!(book.log().tasks_of(event).unwrap(), before);
    assert_eq!(enqueue(&mut book), 0);
    deliver(&mut book, &mut receiver, 100);
    assert!(receiver.by_id.values().all(|count| *count == 1));
    book.assert_verified();
}

#[test]
fn a_late_task_follows_its_event_when_that_is_erased() {
    let mut book = clinic();
    let event = prescribe(&mut book, "ana", "anticoagulant", 5);
    promote(&mut book, SECOND, false).unwrap();
    assert_eq!(enqueue(&mut book), 1);
    let mut with = payload(&book, event);
    with["patient"] = "bob".into();
    redact(&mut book, &to_redact(event.0, Some(&with))).unwrap();
    let tasks = book.log().tasks_of(event).unwrap();
    let late: Json = serde_json::from_str(&tasks[2].data).unwrap();
    assert_eq!((tasks.len(), &late["patient"]), (3, &json!("bob")));
    assert_eq!(enqueue(&mut book), 0, "it is the one that waits");
    redact(&mut book, &to_redact(event.0, None)).unwrap();
    assert_eq!(book.log().tasks_of(event).unwrap(), []);
    assert_eq!(enqueue(&mut book), 0);
    book.assert_verified();
}

#[test]
fn a_corrected_payload_sends_no_late_task_again_and_one_that_was_skipped_is_not_lost() {
    let mut book = clinic();
    let event = prescribe(&mut book, "ana", "anticoagulant", 5);
    let skipped = prescribe(&mut book, "ana", "anticoagulant", 6);
    let skip = AmendRequest {
        payload: NewPayload::Nothing,
        ..to_amend(skipped.0, &json!(null))
    };
    amend(&mut book, &skip).unwrap();
    promote(&mut book, SECOND, false).unwrap();
    assert_eq!(enqueue(&mut book), 1);
    let mut corrected = payload(&book, event);
    corrected["patient"] = "bob".into();
    amend(&mut book, &to_amend(event.0, &corrected)).unwrap();
    assert_eq!(enqueue(&mut book), 0);
    amend(&mut book, &to_revert(skipped.0)).unwrap();
    assert_eq!(enqueue(&mut book), 1);
    assert_eq!(enqueue(&mut book), 0);
    book.assert_verified();
}

/// What was done to a prescription, as far as it decides which tasks there must be.
#[derive(Default)]
struct Fates {
    prescribed: Vec<Seq>,
    /// Its class is another one than it was.
    reclassed: BTreeSet<Seq>,
    erased: BTreeSet<Seq>,
    is_skipped: BTreeSet<Seq>,
}

/// One random act; refusals are as good as any other answer, a fault is not.
fn act(
    book: &mut TestBook,
    random: &mut Random,
    fates: &mut Fates,
    receiver: &mut Receiver,
) -> String {
    let some = |random: &mut Random, fates: &Fates| {
        let at = random.below(fates.prescribed.len() as u64) as usize;
        fates.prescribed[at]
    };
    let class = |random: &mut Random| {
        ["antibiotic", "anticoagulant", "anticoagulant", "analgesic"][random.below(4) as usize]
    };
    let which = random.below(16);
    let (done, told): (Result<()>, String) = match which {
        0 | 1 => {
            let patient = ["ana", "bob"][random.below(2) as usize];
            let class = class(random);
            let event = prescribe(book, patient, class, 1 + random.below(50));
            fates.prescribed.push(event);
            (Ok(()), format!("prescribe {event} {class}"))
        }
        2..=4 => {
            let event = some(random, fates);
            let mut data = payload(book, event);
            let other = class(random);
            let is_other = which == 4 && data["class"] != other;
            if is_other {
                data["class"] = other.into();
            }
            data["daily_milligrams"] = (1 + random.below(50)).into();
            let is_gone = data.get("patient").is_none();
            let done = match is_gone {
                true => Ok(()),
                false => amend(book, &to_amend(event.0, &data)).map(drop),
            };
            if done.is_ok() && is_other && !is_gone {
                fates.reclassed.insert(event);
            }
            (done, format!("amend {event} {data}"))
        }
        5 => {
            let event = some(random, fates);
            let skip = AmendRequest {
                payload: NewPayload::Nothing,
                ..to_amend(event.0, &json!(null))
            };
            let done = amend(book, &skip).map(drop);
            if done.is_ok() {
                fates.is_skipped.insert(event);
            }
            (done, format!("skip {event}"))
        }
        6 => {
            let event = some(random, fates);
            let done = amend(book, &to_revert(event.0)).map(drop);
            if done.is_ok() {
                fates.is_skipped.remove(&event);
            }
            (done, format!("revert {event}"))
        }
        7 => {
            let event = some(random, fates);
            let done = undo(book, event.0, false).map(drop);
            (done, format!("undo {event}"))
        }
        8 => {
            let at = 3 + random.below(2);
            let name = format!("erased-{}", random.below(100));
            let patient = ["ana", "bob"][at as usize - 3];
            let with = json!({"patient": patient, "name": name, "weight_grams": 60_000});
            let done = redact(book, &to_redact(at, Some(&with))).map(drop);
            (done, format!("redact {at}"))
        }
        9 => {
            let event = some(random, fates);
            let mut data = payload(book, event);
            if data.get("patient").is_none() {
                return String::new();
            }
            data["drug"] = format!("erased-{}", random.below(100)).into();
            let request: RedactRequest = to_redact(event.0, Some(&data));
            let done = redact(book, &request).map(drop);
            (done, format!("redact {event} with {data}"))
        }
        10 => {
            let event = some(random, fates);
            let done = redact(book, &to_redact(event.0, None)).map(drop);
            if done.is_ok() {
                fates.erased.insert(event);
            }
            (done, format!("redact {event}"))
        }
        11 => {
            let to = [FIRST, SECOND][random.below(2) as usize];
            let patch = random.below(2) == 0;
            (
                promote(book, to, patch),
                format!("promote {to}, patch {patch}"),
            )
        }
        12 => {
            let request = PromoteRequest::default();
            let done = book.rollback(&request, &mut silent()).map(drop);
            (done, "roll back".to_owned())
        }
        13 => (Ok(()), format!("enqueue: {}", enqueue(book))),
        14 => {
            deliver(book, receiver, 1 + random.below(3) as usize);
            (Ok(()), "deliver".to_owned())
        }
        _ => {
            let done = match random.below(3) {
                0 => book.snapshot().map(drop),
                1 => {
                    book.reopen_after(|path| {
                        std::fs::remove_dir_all(path.join("projections")).unwrap();
                    });
                    Ok(())
                }
                _ => { book.reconcile(Some("a test"), &mut |_| Ok(()), &mut silent()) }.map(drop),
            };
            (done, "restore".to_owned())
        }
    };
    match done {
        Ok(()) => told,
        Err(error) => {
            let is_answer = [ErrorKind::Refused, ErrorKind::Usage, ErrorKind::Plugin];
            assert!(is_answer.contains(&error.kind), "{told}: {error}");
            format!("{told}: refused: {}", error.message)
        }
    }
}

#[test]
fn in_no_order_of_acts_on_history_does_a_task_go_out_twice_or_get_lost() {
    let mut random = Random::announced("acts on history");
    for run in 0..12 {
        let mut book = clinic();
        let (mut fates, mut receiver) = (Fates::default(), Receiver::default());
        for _ in 0..3 {
            fates.prescribed.push(prescribe(
                &mut book,
                "ana",
                "anticoagulant",
                1 + random.below(9),
            ));
        }
        for at in 0..18 {
            let told = act(&mut book, &mut random, &mut fates, &mut receiver);
            println!("run {run}, act {at}, event {}: {told}", book.head());
        }
        // At the end everybody is asked: under the version that asks for most, and of events that are all there.
        for event in std::mem::take(&mut fates.is_skipped) {
            if !fates.erased.contains(&event) && amend(&mut book, &to_revert(event.0)).is_err() {
                fates.is_skipped.insert(event);
            }
        }
        if book.lineup().to_string() != SECOND {
            promote(&mut book, SECOND, false).unwrap();
        }
        enqueue(&mut book);
        assert_eq!(enqueue(&mut book), 0, "there is nothing more to enqueue");
        deliver(&mut book, &mut receiver, 1_000);
        deliver(&mut book, &mut receiver, 1_000);
        assert!(
            receiver.by_id.values().all(|count| *count == 1),
            "{:?}",
            receiver.by_id
        );
        for event in &fates.prescribed {
            let count = |kind, what| receiver.count(*event, kind, what);
            let data = payload(&book, *event);
            let all = [
                count("push", "usual"),
                count("lab", "usual"),
                count("lab", "clotting"),
            ];
            assert!(
                all.iter().all(|count| *count <= 1),
                "event {event}: {all:?}"
            );
            if fates.erased.contains(event) || fates.is_skipped.contains(event) {
                continue;
            }
            assert_eq!(all[..2], [1, 1], "event {event}: {data}");
            if !fates.reclassed.contains(event) {
                let wanted = u32::from(data["class"] == "anticoagulant");
                assert_eq!(all[2], wanted, "event {event}: {data}");
            }
        }
        book.assert_verified();
    }
}
