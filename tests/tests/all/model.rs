//! Random interleavings of everything that can be done with a book, against a model of one page.

use daybook::book::Decision;
use daybook::history;
use daybook::model::{Seq, Value};
use daybook::study::Picked;
use daybook::versions::Policy;
use daybook_tests::{Random, TestBook, event, version};
use serde_json::json;

const VERSIONS: [&str; 2] = ["cascade@2020-01-01", "cascade@2020-02-01"];
const STEPS: usize = 160;

/// What the model knows of an event.
#[derive(Debug, Clone, Copy)]
enum Logged {
    Happened(i64),
    Other(i64),
    System,
}

/// The plugin `cascade` in both its versions, and the book around it, in memory.
#[derive(Debug, Clone)]
struct Model {
    log: Vec<Logged>,
    /// From which event on which version runs.
    schedule: Vec<(u64, usize)>,
}

type Rows = Vec<(i64, i64, String)>;

impl Model {
    fn active(&self) -> usize {
        self.schedule.last().expect("a version is active").1
    }

    /// The row of an event under a version. Err: the version fails on it.
    fn row(version: usize, seq: u64, logged: Logged) -> Result<Option<(i64, i64, String)>, ()> {
        let (count, text) = match (version, logged) {
            (_, Logged::System) => return Ok(None),
            (_, Logged::Other(n)) => (n, "other"),
            (0, Logged::Happened(7)) => return Err(()),
            (0, Logged::Happened(_)) => (1, "first"),
            (_, Logged::Happened(7)) => (7, "swallowed"),
            (_, Logged::Happened(3)) => (0, "second alone"),
            (_, Logged::Happened(n)) => (if n == 2 { 2 } else { 1 }, "first, then second"),
        };
        Ok(Some((seq.cast_signed(), count, text.to_owned())))
    }

    /// Rows of the first events under a schedule. Err: one of them is an event of doom there.
    fn rows(&self, schedule: &[(u64, usize)], to: usize) -> Result<Rows, ()> {
        let mut rows = Vec::new();
        for (seq, logged) in (1..).zip(&self.log[..to]) {
            let version = schedule
                .iter()
                .rfind(|(from, _)| *from <= seq)
                .map_or(0, |(_, version)| *version);
            rows.extend(Self::row(version, seq, *logged)?);
        }
        Ok(rows)
    }

    fn live_rows(&self) -> Rows {
        self.rows(&self.schedule, self.log.len())
            .expect("what is in the log was handled")
    }
}

fn rows_of(book: &TestBook) -> Rows {
    book.rows("SELECT id, n, text FROM cascade_thing ORDER BY id")
        .into_iter()
        .map(|row| match <[Value; 3]>::try_from(row) {
            Ok([Value::Integer(id), Value::Integer(n), Value::Text(text)]) => (id, n, text),
            other => panic!("{other:?}"),
        })
        .collect()
}

#[test]
fn whatever_is_done_in_whatever_order_the_book_agrees_with_the_model() {
    let mut random = Random::announced("model of a book");
    let mut book = TestBook::with_guests(&["cascade-1", "cascade-2"]);
    // Two were loaded and activated.
    let mut model = Model {
        log: vec![Logged::System; 4],
        schedule: vec![(1, 1)],
    };
    let mut done = Vec::new();
    for step in 0..STEPS {
        let action = random.below(12);
        let note = match action {
            0..=2 => append(&mut book, &mut model, &mut random),
            3 | 4 => command(&mut book, &mut model, &mut random, false),
            5 => command(&mut book, &mut model, &mut random, true),
            6 => activate(&mut book, &mut model, &mut random),
            7 => replay_some(&mut book, &model, &mut random),
            8 => {
                book.reopen();
                "reopen".to_owned()
            }
            9 => {
                book.reopen_after(|path| {
                    std::fs::remove_dir_all(path.join("projections")).unwrap()
                });
                "delete the projections".to_owned()
            }
            10 => {
                let live = book.live_path();
                book.reopen_after(|_| std::fs::write(live, b"no database").unwrap());
                "damage the projection".to_owned()
            }
            _ => {
                let before = book.mark();
                book.assert_verified();
                assert_eq!(book.mark(), before, "verify changes nothing");
                "verify".to_owned()
            }
        };
        done.push(note);
        assert_eq!(
            book.head().0 as usize,
            model.log.len(),
            "step {step}: {done:?}"
        );
        assert_eq!(
            book.live_head().position,
            book.head(),
            "step {step}: {done:?}"
        );
        assert_eq!(
            book.lineup().to_string(),
            VERSIONS[model.active()],
            "step {step}: {done:?}"
        );
        assert_eq!(rows_of(&book), model.live_rows(), "step {step}: {done:?}");
    }
    book.assert_verified();
}

fn append(book: &mut TestBook, model: &mut Model, random: &mut Random) -> String {
    let group: Vec<Logged> = (0..1 + random.below(4))
        .map(|_| {
            let n = random.between(0, 8);
            if random.below(4) == 0 {
                Logged::Other(n)
            } else {
                Logged::Happened(n)
            }
        })
        .collect();
    let events = group.iter().map(|logged| match logged {
        Logged::Happened(n) => event("cascade.Happened", json!({"n": n})),
        Logged::Other(n) => event("cascade.Other", json!({"n": n})),
        Logged::System => unreachable!("the host makes those"),
    });
    let before = book.mark();
    let result = book.append(events.collect());
    if group
        .iter()
        .any(|logged| Model::row(model.active(), 1, *logged).is_err())
    {
        result.expect_err("an event of the group fails");
        assert_eq!(book.mark(), before);
    } else {
        assert_eq!(result.expect("all events are fine").len(), group.len());
        model.log.extend(&group);
    }
    format!("append {group:?}")
}

fn command(book: &mut TestBook, model: &mut Model, random: &mut Random, preview: bool) -> String {
    let n = random.between(0, 8);
    let before = book.mark();
    let logged = Logged::Happened(n);
    let expected = Model::row(model.active(), model.log.len() as u64 + 1, logged);
    let reply = book.command("cascade.Do", json!({"n": n}), preview);
    match (reply, expected) {
        (Ok(reply), Ok(_)) => {
            assert!(matches!(&reply.decision, Decision::Accepted(events) if events.len() == 1));
            if !preview {
                model.log.push(logged);
            }
        }
        (Err(_), Err(())) => {}
        (reply, expected) => panic!(
            "n = {n}: {:?}, expected {expected:?}",
            reply.map(|reply| reply.decision)
        ),
    }
    if preview {
        assert_eq!(book.mark(), before, "a preview keeps nothing");
    }
    format!("command {n}{}", if preview { " as a preview" } else { "" })
}

fn activate(book: &mut TestBook, model: &mut Model, random: &mut Random) -> String {
    let target = random.below(2) as usize;
    let policy = *random.pick(&[Policy::Pinned, Policy::Recorded]);
    let activation = model.log.len() as u64 + 1;
    let schedule = match policy {
        Policy::Pinned => vec![(1, target)],
        Policy::Recorded if target == model.active() => model.schedule.clone(),
        Policy::Recorded => [&model.schedule[..], &[(activation, target)]].concat(),
        Policy::Stamped => unreachable!("the model has no dates of callers"),
    };
    let possible = schedule != model.schedule && model.rows(&schedule, model.log.len()).is_ok();
    let before = book.mark();
    let result = book.activate(&version(VERSIONS[target]), policy, &mut history::silent());
    assert_eq!(result.is_ok(), possible, "{policy:?} {target}: {result:?}");
    if possible {
        model.log.push(Logged::System);
        model.schedule = schedule;
    } else {
        assert_eq!(book.mark(), before, "a failed activation changes nothing");
    }
    format!("activate {} {policy:?}", VERSIONS[target])
}

/// A replay pinned to a version, up to somewhere, leaves the log and the live projection as they were and has the
/// model's rows.
fn replay_some(book: &mut TestBook, model: &Model, random: &mut Random) -> String {
    let target = random.below(2) as usize;
    let to = random.below(model.log.len() as u64 + 1);
    let before = book.mark();
    let picked = Picked::Pinned(vec![version(VERSIONS[target])]);
    let result = book.replay(&picked, Some(Seq(to)), "again", &mut history::silent());
    assert_eq!(book.mark(), before, "a replay touches nothing outside");
    match (result, model.rows(&[(1, target)], to as usize)) {
        (Ok(replayed), Ok(rows)) => {
            assert_eq!(replayed.head.position, Seq(to));
            let path = book.projection_path("again").unwrap();
            let mut count = 0;
            let visit = |row: Vec<Value>| {
                let (id, n, text) = &rows[count];
                assert_eq!(
                    row,
                    [
                        Value::Integer(*id),
                        Value::Integer(*n),
                        Value::Text(text.clone())
                    ]
                );
                count += 1;
                Ok(())
            };
            let sql = "SELECT id, n, text FROM cascade_thing ORDER BY id";
            daybook::store::read_only_query(&path, sql, |_| Ok(()), visit).unwrap();
            assert_eq!(count, rows.len());
            if model.schedule == [(1, target)] && to as usize == model.log.len() {
                assert_eq!((replayed.rows, replayed.head), (before.rows, before.live));
            }
        }
        (Err(error), Err(())) => assert!(error.message.contains("failed: seven"), "{error}"),
        (result, expected) => panic!("to {to} under {target}: {result:?}, expected {expected:?}"),
    }
    format!("replay {} to {to}", VERSIONS[target])
}
