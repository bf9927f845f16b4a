//! Twenty thousand tasks through a receiver that fails in every way, while the host is killed again and again: each is
//! delivered, in order, and twice only where nobody could know that once was enough.

use std::collections::HashMap;
use std::process::Child;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use daybook::gateway::KindConfig;
use daybook::model::{TaskState, TaskStep};
use daybook::store::TaskFilter;
use daybook_tests::{Http, Random, TestBook, event_at, started};
use serde_json::{Value as Json, json};

use crate::gateway::receiver::{Receiver, Reply};

const TASKS: u64 = 20_000;
const TASKS_OF_EVENT: u64 = 4;
const EVENTS: u64 = TASKS / TASKS_OF_EVENT;
/// Events that are there before the host starts; the others come while it runs and dies.
const EVENTS_BEFORE: u64 = EVENTS / 2;
const KEYS: u64 = 150;
const KILLS: u64 = 20;

/// What the receiver took in.
struct Taken {
    id: String,
    key: String,
    place: (u64, u64),
}

/// Events of a stretch, whose ids make them the same when they are sent again.
fn events(from: u64, to: u64) -> Vec<Json> {
    let one = |n: u64| {
        json!({
            "type": "asks.Happened", "id": format!("e{n}"), "source": "/tests", "time": "2026-01-01T00:00:00Z",
            "data": {"n": n, "key": format!("k{}", n % KEYS), "count": TASKS_OF_EVENT},
        })
    };
    (from..to).map(one).collect()
}

/// Sends what is still to come, a hundred at a time, to whichever process is there.
fn send(address: &Mutex<String>, random: &mut Random) {
    let http = Http::default();
    let mut next = EVENTS_BEFORE;
    while next < EVENTS {
        let end = (next + 100).min(EVENTS);
        let to = address.lock().unwrap().clone();
        let url = format!("http://{to}/events");
        let headers = [("content-type", "application/cloudevents-batch+json")];
        let body = Json::from(events(next, end)).to_string();
        match http.ask("POST", &url, &headers, Some(body.as_bytes())) {
            Ok(answer) if answer.status < 400 => next = end,
            // It was killed, and perhaps kept them all: they are sent again.
            _ => std::thread::sleep(Duration::from_millis(20)),
        }
        std::thread::sleep(Duration::from_millis(random.below(100)));
    }
}

#[test]
fn twenty_thousand_tasks_are_delivered_in_order_through_failures_and_twenty_kills() {
    let mut random = Random::announced("gateway crash");
    let taken: Arc<Mutex<Vec<Taken>>> = Arc::default();
    let chance = Mutex::new(Random::new(random.next()));
    let of_taken = taken.clone();
    let receiver = Receiver::start(move |got, _| {
        let mut chance = chance.lock().unwrap();
        let reply = match chance.below(1_000) {
            0..=24 => Reply::Refuse(500, vec![], "down"),
            25..=34 => Reply::Refuse(429, vec![("retry-after", "0".into())], "slow down"),
            35..=44 => Reply::Drop,
            45..=54 => Reply::Lose,
            55 => Reply::Stall(Duration::from_secs(30)),
            56 => Reply::TakeAndStall(Duration::from_secs(30)),
            _ => Reply::Take,
        };
        if matches!(reply, Reply::Take | Reply::Lose | Reply::TakeAndStall(_)) {
            let number = |value: &Json| value.as_u64().expect("a number");
            of_taken.lock().unwrap().push(Taken {
                id: got.id.clone(),
                key: got.json["key"].as_str().expect("a key").to_owned(),
                place: (
                    number(&got.json["event"]["seq"]),
                    number(&got.json["data"]["at"]),
                ),
            });
        }
        reply
    });

    let mut book = TestBook::with_guests(&["asks-1"]);
    for batch in events(0, EVENTS_BEFORE).chunks(500) {
        let batch = batch.iter().map(|event| {
            let text = |name: &str| event[name].as_str().unwrap();
            event_at(
                text("type"),
                text("id"),
                text("time"),
                event["data"].clone(),
            )
        });
        book.append(batch.collect()).unwrap();
    }
    let config = json!({
        "driver": {"webhook": {"url": receiver.url()}},
        "ordered": true, "at_a_time": 64, "tries": 1_000, "backoff": "2ms..50ms", "timeout": "5s",
    });
    let config = KindConfig::parse(&config.to_string()).unwrap();
    book.set_gateway_kind("note", &config, None).unwrap();
    let path = book.path();
    drop(book.take());

    let text = path.to_str().unwrap();
    let begun = Instant::now();
    let address = Mutex::new(String::new());
    let all_sent = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let mut sending = None;
        for round in 0..=KILLS {
            let (mut host, at) = started(env!("CARGO_BIN_EXE_crash-dummy"), text);
            *address.lock().unwrap() = at;
            if sending.is_none() {
                let (address, all_sent) = (&address, &all_sent);
                let mut pace = Random::new(random.next());
                sending = Some(scope.spawn(move || {
                    send(address, &mut pace);
                    all_sent.store(true, Ordering::SeqCst);
                }));
            }
            if round < KILLS {
                // Some of its lives are too short to deliver anything.
                let so_long = Duration::from_millis(20 + random.below(450));
                std::thread::sleep(so_long);
            } else {
                let done = |host: &mut Child| {
                    assert!(
                        host.try_wait().unwrap().is_none(),
                        "the host ended by itself"
                    );
                    let taken = taken.lock().unwrap();
                    let mut ids: Vec<&str> = taken.iter().map(|taken| &*taken.id).collect();
                    ids.sort_unstable();
                    ids.dedup();
                    ids.len() as u64 == TASKS
                };
                while !(all_sent.load(Ordering::SeqCst) && done(&mut host)) {
                    assert!(
                        begun.elapsed() < Duration::from_secs(120),
                        "{} deliveries were taken in",
                        taken.lock().unwrap().len()
                    );
                    std::thread::sleep(Duration::from_millis(50));
                }
                // The last answers are still to be kept, and those that were lost delivered again.
                let http = Http::default();
                let is_any = |state: &str| {
                    let address = address.lock().unwrap().clone();
                    let url = format!("http://{address}/tasks?limit=1&state={state}");
                    let answer = http.ask("GET", &url, &[], None).unwrap();
                    assert_eq!(answer.status, 200, "{}", answer.text);
                    answer.json["tasks"] != json!([])
                };
                let open = || is_any("running") || is_any("retry");
                while open() {
                    std::thread::sleep(Duration::from_millis(20));
                }
            }
            host.kill().expect("it is still there");
            host.wait().expect("its end");
            receiver.wait_until_left();
        }
    });
    let seconds = begun.elapsed().as_secs_f64();

    let taken = taken.lock().unwrap();
    let mut times: HashMap<&str, u64> = HashMap::new();
    let mut last_of_key: HashMap<&str, (u64, u64)> = HashMap::new();
    for taken in taken.iter() {
        *times.entry(&taken.id).or_default() += 1;
        let last = last_of_key
            .insert(&taken.key, taken.place)
            .unwrap_or_default();
        assert!(
            last <= taken.place,
            "key {}: {:?} came after {last:?}",
            taken.key,
            taken.place
        );
    }
    assert_eq!(times.len() as u64, TASKS);

    book.put(daybook_tests::open(&path).unwrap());
    let reader = daybook::book::Reader::beside(&path).unwrap();
    let done = TaskFilter {
        state: Some(TaskState::Done),
        ..TaskFilter::default()
    };
    let rows = reader.tasks(&done, usize::MAX >> 1).unwrap();
    assert_eq!(rows.len() as u64, TASKS);
    // It was taken in again only where the host says that it got no answer, or was killed before it had kept one.
    let (mut lost, mut killed) = (0, 0);
    for row in &rows {
        let steps = reader.task(&row.id).unwrap().steps;
        let said = |step: &TaskStep| step.said.clone().unwrap_or_default();
        let (last, before) = steps.split_last().expect("a task that is done has steps");
        assert_eq!((&*last.what, &*said(last)), ("done", "200 taken"));
        let (mut without_answer, mut interrupted) = (0, 0);
        for step in before {
            match &*step.what {
                "retry" if ["500 down", "429 slow down"].contains(&&*said(step)) => {}
                "retry" => without_answer += 1,
                "interrupted" => interrupted += 1,
                other => panic!("task {}: {other} before it was done", row.id),
            }
        }
        // A command's or an event's id is one thing, a task's another: the receiver saw just those.
        let again = times[row.id.as_str()] - 1;
        assert!(
            again <= without_answer + interrupted,
            "task {} was delivered again by a host that had its answer: {steps:?}",
            row.id
        );
        lost += again.min(without_answer);
        killed += again.saturating_sub(without_answer);
    }
    assert!(
        lost > 0 && killed > 0,
        "the test tests nothing: {lost} {killed}"
    );
    book.assert_verified();
    println!(
        "{TASKS} tasks in {seconds:.1} s over {KILLS} kills: {} deliveries taken in, of which {lost} again after a lost \
         answer and {killed} again after a kill; {} tried",
        taken.len(),
        receiver.count()
    );
}
