//! Hostile and broken plugins: each ends in an error that names the thing and the limit, keeps nothing, and leaves the
//! host able to go on.

mod compiler;
mod pool;
mod shares;
mod sql;

use daybook::model::{Error, ErrorKind, limits};
use daybook_tests::{TestBook, accepted, event};
use serde_json::{Value as Json, json};

/// What a hostile handler is given, and what the error must say.
struct Attempt {
    data: Json,
    says: Vec<String>,
}

fn attempt(data: Json, says: &[&str]) -> Attempt {
    Attempt {
        data,
        says: says.iter().map(|text| (*text).to_owned()).collect(),
    }
}

/// A book in which the guest is active beside a well-behaved one.
fn book_with(guest: &str) -> TestBook {
    TestBook::with_guests(&["mutable-global", guest])
}

/// The error is the plugin's, says what it must, and nothing was kept; then the well-behaved plugin goes on.
#[track_caller]
fn assert_stopped(
    book: &mut TestBook,
    before: daybook_tests::Mark,
    error: &Error,
    says: &[String],
) {
    assert_eq!(error.kind, ErrorKind::Plugin, "{error}");
    for text in says {
        assert!(error.message.contains(text), "'{text}' is not in: {error}");
    }
    assert_eq!(book.mark(), before, "after: {error}");
    book.append_one(event("counter.Happened", json!({"n": 1})))
        .expect("the host goes on");
    assert_eq!(book.head().0, before.head.0 + 1);
}

/// Each attempt as an event and, with a good one before it in the same group, as part of a group.
#[track_caller]
fn check_events(guest: &str, plugin: &str, attempts: Vec<Attempt>, good: Option<Json>) {
    let mut book = book_with(guest);
    check_events_in(&mut book, plugin, attempts, good);
}

#[track_caller]
fn check_events_in(book: &mut TestBook, plugin: &str, attempts: Vec<Attempt>, good: Option<Json>) {
    let happened = format!("{plugin}.Happened");
    for attempt in attempts {
        let before = book.mark();
        let error = book
            .append_one(event(&happened, attempt.data.clone()))
            .expect_err(&attempt.data.to_string());
        assert_stopped(book, before, &error, &attempt.says);
        let before = book.mark();
        let group = vec![
            event("counter.Happened", json!({"n": 1})),
            event(&happened, attempt.data),
        ];
        let error = book.append(group).expect_err("a group with a bad event");
        assert_stopped(book, before, &error, &attempt.says);
    }
    if let Some(data) = good {
        book.append_one(event(&happened, data))
            .expect("the plugin itself goes on");
    }
    book.assert_verified();
    book.reopen();
    book.assert_verified();
}

/// Each attempt as a command and as a preview of it.
#[track_caller]
fn check_commands(guest: &str, plugin: &str, attempts: Vec<Attempt>) {
    let mut book = book_with(guest);
    for attempt in attempts {
        for preview in [true, false] {
            let before = book.mark();
            let reply = book.command(&format!("{plugin}.Do"), attempt.data.clone(), preview);
            let error = reply
                .map(|reply| format!("{:?}", reply.decision))
                .expect_err("the creator is stopped");
            assert_stopped(&mut book, before, &error, &attempt.says);
        }
    }
    book.append_one(event(&format!("{plugin}.Happened"), json!({"n": 1})))
        .expect("the plugin's event goes on");
    book.assert_verified();
}

#[test]
fn an_endless_loop_ends_by_fuel() {
    let says = format!(
        "ran out of fuel: one call may use {} units",
        limits::FUEL_PER_CALL_MAX
    );
    check_events(
        "loop",
        "loop",
        vec![attempt(json!({"n": 0}), &["loop@2020-01-01", &says])],
        Some(json!({"n": -1})),
    );
}

#[test]
fn an_endless_loop_in_a_creator_ends_by_fuel() {
    check_commands(
        "create-loop",
        "createloop",
        vec![attempt(
            json!({"n": 0}),
            &["createloop@2020-01-01", "ran out of fuel"],
        )],
    );
}

#[test]
fn endless_recursion_ends_at_the_stack_it_uses() {
    let calls = format!(
        "stack overflow: its recursion needs more than {} KiB",
        limits::STACK_BYTES_MAX >> 10
    );
    let attempts = vec![
        attempt(json!({"n": 2}), &["trapped", &calls]),
        attempt(json!({"n": 1}), &["trapped", "memory"]),
    ];
    check_events("recursion", "recursion", attempts, Some(json!({"n": -1})));
}

#[test]
fn a_memory_bomb_ends_at_the_limit_on_memory() {
    let says = format!(
        "out of memory: it asked for more than {} MiB",
        limits::MEMORY_BYTES_MAX >> 20
    );
    check_events(
        "memory-bomb",
        "memorybomb",
        vec![attempt(json!({"n": 0}), &[&says])],
        Some(json!({"n": -1})),
    );
}

#[test]
fn a_trap_after_writes_keeps_neither_rows_nor_task() {
    let attempts = vec![attempt(
        json!({"n": 13}),
        &[
            "trapafterwrites@2020-01-01",
            "trapped: thirteen is too many (wasm trap: ",
        ],
    )];
    check_events(
        "trap-after-writes",
        "trapafterwrites",
        attempts,
        Some(json!({"n": 12})),
    );
}

#[test]
fn a_giant_row_is_refused_with_its_size() {
    let at_most = format!("{} at most", limits::ROW_BYTES_MAX);
    let attempts = vec![
        attempt(
            json!({"n": 1}),
            &[
                "a row of table 'giantrow_thing' has 1048592 bytes",
                &at_most,
            ],
        ),
        attempt(
            json!({"n": 20}),
            &["a row of table 'giantrow_thing'", &at_most],
        ),
    ];
    check_events("giant-row", "giantrow", attempts, Some(json!({"n": 0})));
}

#[test]
fn a_million_host_calls_end_at_the_limit_on_calls() {
    let says = format!(
        "it called the host more than {} times",
        limits::HOST_CALLS_PER_CALL_MAX
    );
    check_events(
        "many-calls",
        "manycalls",
        vec![attempt(json!({"n": 0}), &[&says])],
        Some(json!({"n": -1})),
    );
}

#[test]
fn too_many_rows_for_one_event_end_at_the_limit_on_changes() {
    let says = format!(
        "it changes more than {} rows for one event",
        limits::CHANGES_PER_EVENT_MAX
    );
    check_events(
        "many-writes",
        "manywrites",
        vec![attempt(json!({"n": 100_001}), &[&says])],
        Some(json!({"n": 10})),
    );
}

#[test]
fn another_plugins_table_cannot_be_written_by_any_verb() {
    let attempts = ["insert", "update", "upsert", "delete"]
        .into_iter()
        .flat_map(|verb| [(1, verb, "bank.account"), (2, verb, "counter.thing")])
        .chain([(2, "insert", "counter_thing")].map(|(n, verb, table)| (n, verb, table)))
        .map(|(n, verb, table)| {
            let says = format!("thief@2020-01-01 writes table '{table}', which is not its own");
            attempt(json!({"n": n, "verb": verb, "table": table}), &[&says])
        })
        .collect();
    check_events("foreign-write", "thief", attempts, None);
}

#[test]
fn what_does_not_fit_the_manifest_is_named() {
    let kind = ["column 'n' of table 'wrongkind_thing' is INTEGER NOT NULL; it cannot hold text"];
    check_events(
        "wrong-kind",
        "wrongkind",
        vec![attempt(json!({"n": 1}), &kind)],
        None,
    );
    let attempts = vec![
        attempt(
            json!({"n": 1}),
            &["a row of table 'wrongwidth_thing' has 3 columns, not 2"],
        ),
        attempt(
            json!({"n": 2}),
            &["a row of table 'wrongwidth_thing' has 3 columns, not 4"],
        ),
    ];
    check_events("wrong-width", "wrongwidth", attempts, None);
    let attempts = vec![
        attempt(
            json!({"n": 1}),
            &["unknowntable@2020-01-01 writes table 'nothing', which is not its own"],
        ),
        attempt(
            json!({"n": 2}),
            &["uses table 'nothing', which its manifest does not name"],
        ),
    ];
    check_events("unknown-table", "unknowntable", attempts, None);
    let json_task = ["the data of a 'note' task is not JSON"];
    check_events(
        "bad-json-task",
        "badjsontask",
        vec![attempt(json!({"n": 1}), &json_task)],
        None,
    );
    let kind = ["a task of kind 'secret', which its manifest does not name"];
    check_events(
        "undeclared-task",
        "undeclaredtask",
        vec![attempt(json!({"n": 1}), &kind)],
        None,
    );
}

#[test]
fn a_creator_cannot_emit_what_its_plugin_does_not_declare() {
    let attempts = vec![
        attempt(
            json!({"n": 1}),
            &["it asks for 'undeclaredevent.Unheard', which its manifest does not declare"],
        ),
        attempt(
            json!({"n": 2}),
            &["it asks for 'counter.Happened', another plugin's event"],
        ),
    ];
    check_commands("undeclared-event", "undeclaredevent", attempts);
    let attempts = vec![
        attempt(
            json!({"n": 1}),
            &["payload of 'badeventpayload.Happened' does not fit its schema at '/n'"],
        ),
        attempt(
            json!({"n": 2}),
            &["payload of 'badeventpayload.Happened' is not JSON"],
        ),
    ];
    check_commands("bad-event-payload", "badeventpayload", attempts);
}

#[test]
fn a_version_that_runs_the_one_below_a_million_times_is_stopped() {
    let mut book =
        TestBook::with_guests(&["mutable-global", "cascade-1", "cascade-2", "previous-loop"]);
    let attempts = vec![attempt(json!({"n": 1}), &["cascade@2020-03-01"])];
    check_events_in(&mut book, "cascade", attempts, Some(json!({"n": -1})));
}

#[test]
fn a_long_log_is_cut_and_says_so() {
    let mut book = book_with("long-log");
    for lines in [1, 1_000] {
        let mut outcomes = accepted(
            book.command("longlog.Do", json!({"n": lines}), true)
                .unwrap(),
        );
        let log = outcomes.remove(0).log;
        let bytes: usize = log.iter().map(|line| line.message.len()).sum();
        assert!(
            bytes < limits::LOG_BYTES_PER_CALL_MAX + 100,
            "{lines} lines: {bytes} bytes are kept"
        );
        assert!(
            log.last()
                .unwrap()
                .message
                .ends_with("(the rest of this call's log is cut)"),
            "{lines} lines"
        );
        book.append_one(event("longlog.Happened", json!({"n": lines})))
            .unwrap();
    }
}
