//! All instances taken: that is the host's, never the plugin's. Nothing is journalled, no event is doomed, and once there is
//! room the same requests go through.

use std::sync::mpsc::channel;
use std::sync::{Arc, Mutex};
use std::thread;

use daybook::book::{Book, Decision, Request};
use daybook::model::error::Problem;
use daybook::model::{Budget, Error, ErrorKind, Event, limits};
use daybook::runtime::{Code, Runtime, Terms};
use daybook_tests::{NoRows, event, guest};
use serde_json::json;
use uuid::Uuid;

/// Takes every instance of an engine while `work` runs.
fn with_none_left(runtime: &Arc<Runtime>, code: &Code, event: &Event, work: impl FnOnce()) {
    let (here, arrived) = channel();
    let (let_go, go) = channel::<()>();
    let go = Arc::new(Mutex::new(go));
    thread::scope(|threads| {
        for _ in 0..limits::INSTANCES_MAX {
            let (here, go) = (here.clone(), go.clone());
            // Each call waits in its write until it is let go.
            let waits = Box::new(NoRows(move || {
                here.send(()).expect("somebody counts");
                // Let go, or nobody is left to do it.
                let _ = go.lock().expect("no waiting thread panics").recv();
            }));
            threads.spawn(move || {
                let called = runtime.materialize(code, event, waits, Terms::fresh(Budget::WHOLE));
                called.result.expect("it was let go");
            });
        }
        for _ in 0..limits::INSTANCES_MAX {
            arrived.recv().expect("each call begins");
        }
        work();
        drop(let_go);
    });
}

#[track_caller]
fn assert_busy(error: &Error) {
    assert_eq!(error.kind, ErrorKind::Unavailable, "{error}");
    assert_eq!(error.problem.as_deref(), Some(&Problem::Busy), "{error}");
    assert!(error.message.contains("no instance was free"), "{error}");
}

#[test]
fn while_all_instances_are_taken_requests_are_refused_as_busy_and_nothing_is_recorded_of_them() {
    let folder = tempfile::tempdir().unwrap();
    let runtime = Arc::new(Runtime::new().unwrap());
    let mut book = Book::init(runtime.clone(), &folder.path().join("book")).unwrap();
    let loaded = book.load(guest("mutable-global")).unwrap();
    let active = book.activate(
        &loaded.version,
        Default::default(),
        &mut daybook::history::silent(),
    );
    active.unwrap();
    let known = book
        .append(vec![event("counter.Happened", json!({"n": 1}))])
        .unwrap()[0]
        .seq;
    let example = book.log().read(known, known, 1).unwrap().remove(0);
    let code = runtime.load(guest("mutable-global"), None).unwrap();
    let id = Uuid::from_u128(7);
    let command = Request {
        command_type: "counter.Do".into(),
        data: json!({"n": 1}).to_string(),
        id: Some(id),
        ..Request::default()
    };
    let head = book.head();
    // A book that was opened just now has no instance that waits.
    drop(book);
    let path = folder.path().join("book");
    let mut book = Book::open(runtime.clone(), &path, &mut daybook::history::silent()).unwrap();
    with_none_left(&runtime, &code, &example, || {
        assert_busy(
            &book
                .append(vec![event("counter.Happened", json!({"n": 1}))])
                .unwrap_err(),
        );
        assert_busy(&book.run(command.clone()).unwrap_err());
        assert_eq!(
            book.load(guest("tired")).unwrap_err().kind,
            ErrorKind::Unavailable
        );
    });
    assert_eq!(book.head(), head);
    assert_eq!(book.log().commands(0, 10).unwrap().len(), 0);
    book.append(vec![event("counter.Happened", json!({"n": 1}))])
        .unwrap();
    let reply = book.run(command).unwrap();
    assert!(!reply.repeated);
    assert!(matches!(reply.decision, Decision::Accepted(_)));
    let verified = book.verify(&mut daybook::history::silent()).unwrap();
    assert_eq!(verified.problem, None);
}
