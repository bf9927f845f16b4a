//! A plugin of three versions, each of which extends the one before, and whose creators do as their command says: `{"n": 1,
//! "v1": "reject", "v3": "catch"}` has the first version reject it and the third one make an event of that. What a version is
//! not told to do: the first one makes an event of its own, and the others add one to what the version below answers. Each
//! event tells which version made it, with which id, at what time, and how many columns it saw in a row. Only compiled for
//! WebAssembly.

use std::hint::black_box;
use std::sync::atomic::{AtomicI64, Ordering};

use crate::json::{Json, quote};
use crate::plugin::*;

type Answer = Result<Vec<NewEvent>, CreateError>;

/// Dates of the versions.
const DATES: [&str; 3] = ["2020-01-01", "2020-02-01", "2020-03-01"];

const SCHEMA_OF_COUNT: &str =
    r#"{"type":"object","properties":{"count":{"type":"integer"}},"required":["count"]}"#;

/// Commands that this instance has counted; a fresh one has counted none.
static COUNTED: AtomicI64 = AtomicI64::new(0);

/// The manifest of the version of this number. The second one's table has a column more; the third one knows `Noted` in
/// another form.
pub fn manifest(version: usize) -> Manifest {
    let plain = plain("stack");
    let noted = |schema| event_type("stack", "Noted", schema);
    let (tables, events) = match version {
        1 => (
            plain.tables,
            vec![plain.events[0].clone(), noted(SCHEMA_OF_N)],
        ),
        2 => (vec![wider()], vec![]),
        _ => (vec![], vec![noted(SCHEMA_OF_COUNT)]),
    };
    Manifest {
        version: DATES[version - 1].into(),
        extends: (version > 1).then(|| DATES[version - 2].into()),
        tables,
        events,
        ..plain
    }
}

fn wider() -> Table {
    let mut table = thing();
    table.columns.push(Column {
        default_value: Some(Value::Integer(5)),
        ..column("extra", ColumnKind::Integer)
    });
    table
}

/// Keeps the event's `n` in a row, by the first version; each version works before that as long as `spins` says.
pub fn materialize(version: usize, event: &Event, cx: &Materialization) -> Result<(), Failure> {
    spin(&Json::parse(&event.data));
    match version {
        1 => {
            put(cx, id(event), n(&event.data), None);
            Ok(())
        }
        _ => cx.previous(event),
    }
}

/// Does what the command tells the version to do.
pub fn create(version: usize, command: &Command, cx: &Creation) -> Answer {
    let told = Json::parse(&command.data);
    let own = |more: &str| made(version, command, cx, more);
    let told_to = told.get(&format!("v{version}"));
    match (version, told_to.text().unwrap_or("")) {
        (_, "reject") => rejected(version),
        (_, "fail") => Err(CreateError::Failed(Failure {
            code: "failed-in".into(),
            message: format!("version {version}"),
        })),
        (_, "trap") => panic!("version {version} was told to"),
        (_, "alone") => Ok(vec![own("")]),
        (1, "count") => {
            let counted = COUNTED.fetch_add(1, Ordering::Relaxed) + 1;
            Ok(vec![own(&format!(",\"counted\":{counted}"))])
        }
        (1, "unheard") => Ok(vec![NewEvent {
            event_type: "stack.Unheard".into(),
            ..own("")
        }]),
        (1, "misfit") => Ok(vec![happened(command, "{\"n\":\"none\"}".into())]),
        (1, "note") => Ok(vec![noted(format!("{{\"n\":{}}}", n(&command.data)))]),
        (_, "pass") => cx.previous(command),
        (_, "drop") => Ok(cx.previous(command)?.split_off(1)),
        (_, "change") => {
            let change = |event: NewEvent| NewEvent {
                data: with_n(&event.data, n(&event.data) + 100),
                ..event
            };
            Ok(cx.previous(command)?.into_iter().map(change).collect())
        }
        (_, "upgrade") => {
            let upgrade = |event: NewEvent| noted(format!("{{\"count\":{}}}", n(&event.data)));
            Ok(cx.previous(command)?.into_iter().map(upgrade).collect())
        }
        (_, "refuse") => {
            cx.previous(command)?;
            rejected(version)
        }
        (_, "first") => {
            let mut events = vec![own("")];
            events.append(&mut cx.previous(command)?);
            Ok(events)
        }
        (_, "twice") => {
            let mut events = cx.previous(command)?;
            events.append(&mut cx.previous(command)?);
            Ok(events)
        }
        (_, "down") => add(cx.previous(&Command {
            data: with_n(&command.data, n(&command.data) + 10),
            ..command.clone()
        }))(own("")),
        (_, "misfit-down") => cx.previous(&Command {
            data: "{\"n\":\"none\"}".into(),
            ..command.clone()
        }),
        (_, "mistype") => cx.previous(&Command {
            command_type: "no type".into(),
            ..command.clone()
        }),
        (_, "catch") => caught(cx.previous(command), own),
        (_, "deep") => {
            let (depth, mut answer) = (told.get("depth").integer().unwrap_or(0), None);
            black_box(deep(depth, command, cx, &mut answer));
            answer.expect("it asked")
        }
        (_, "ask-other") => cx.previous(&other(command)),
        (_, "catch-other") => caught(cx.previous(&other(command)), own),
        (1, word) => {
            work(word, "", &told, cx);
            Ok(vec![own("")])
        }
        (_, word) => {
            work(word, "", &told, cx);
            let events = cx.previous(command);
            work(word, "-after", &told, cx);
            add(events)(own(""))
        }
    }
}

/// One of a type that nobody answers.
fn other(command: &Command) -> Command {
    Command {
        command_type: "stack.Other".into(),
        ..command.clone()
    }
}

fn rejected(version: usize) -> Answer {
    Err(CreateError::Rejected(Rejection {
        code: "told-to".into(),
        message: format!("version {version}"),
        details: Some(format!("{{\"version\":{version}}}")),
    }))
}

/// An event that tells of its maker.
fn made(version: usize, command: &Command, cx: &Creation, more: &str) -> NewEvent {
    let rows = cx.find(
        "thing",
        &Find {
            index: None,
            prefix: vec![],
            lower: None,
            upper: None,
            descending: false,
            limit: Some(1),
        },
    );
    let columns = rows.first().map_or(0, Vec::len);
    let (id, now) = (quote(&cx.make_id()), quote(&cx.now()));
    let n = n(&command.data);
    let data = format!(
        "{{\"n\":{n},\"by\":{version},\"id\":{id},\"now\":{now},\"columns\":{columns}{more}}}"
    );
    happened(command, data)
}

fn noted(data: String) -> NewEvent {
    NewEvent {
        event_type: "stack.Noted".into(),
        subject: Some("a note".into()),
        data,
    }
}

/// What the version below answers, and an event more.
fn add(below: Answer) -> impl FnOnce(NewEvent) -> Answer {
    |own| {
        let mut events = below?;
        events.push(own);
        Ok(events)
    }
}

/// What the version below answers; or, in place of its no, an event that tells of it.
fn caught(below: Answer, own: impl FnOnce(&str) -> NewEvent) -> Answer {
    let code = match below {
        Ok(events) => return Ok(events),
        Err(CreateError::Rejected(rejection)) => rejection.code,
        Err(CreateError::Failed(failure)) => failure.code,
    };
    Ok(vec![own(&format!(",\"caught\":{}", quote(&code)))])
}

/// The payload with another `n`.
fn with_n(data: &str, other: i64) -> String {
    data.replacen(&format!("\"n\":{}", n(data)), &format!("\"n\":{other}"), 1)
}

/// Asks the version below from so deep in the stack of calls.
fn deep(depth: i64, command: &Command, cx: &Creation, answer: &mut Option<Answer>) -> i64 {
    if depth == 0 {
        *answer = Some(cx.previous(command));
        return 1;
    }
    (deep(depth - 1, command, cx, answer) * 31) ^ depth
}

/// Works as long as it is told, where it is told to do it here.
fn work(word: &str, when: &str, told: &Json, cx: &Creation) {
    if word == format!("spin{when}") {
        spin(told);
    }
    if word == format!("call{when}") {
        for _ in 0..told.get("calls").integer().unwrap_or(0) {
            cx.now();
        }
    }
}

fn spin(told: &Json) {
    for at in 0..told.get("spins").integer().unwrap_or(0) {
        black_box(at);
    }
}
