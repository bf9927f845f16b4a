//! A server that is killed under load keeps every command that it acknowledged, once.

use std::collections::BTreeSet;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use daybook_tests::{Http, Random, TestBook, started};

const KILLS: u64 = 50;
const CONNECTIONS: usize = 8;

/// Sends one deposit of 1 under a key. None: no whole answer came.
fn deposit(http: &Http, address: &str, key: u64) -> Option<u16> {
    let url = format!("http://{address}/commands/deposit.Deposit");
    let key = format!("key {key}");
    let headers = [
        ("content-type", "application/json"),
        ("idempotency-key", &*key),
    ];
    let body = br#"{"account": 1, "amount": 1}"#;
    let answer = http.ask("POST", &url, &headers, Some(body)).ok()?;
    Some(answer.status)
}

#[test]
fn every_acknowledged_command_survives_fifty_kills_under_load_once() {
    let mut random = Random::new(11);
    let mut book = TestBook::with_plugins(&["deposit@2020-01-01"]);
    let path = book.path();
    let path = path.to_str().expect("text");
    drop(book.take());
    let next = AtomicU64::new(0);
    let http = Http::default();
    let (sent, acknowledged) = (Mutex::new(BTreeSet::new()), Mutex::new(BTreeSet::new()));
    for _ in 0..KILLS {
        let (mut server, address) = started(env!("CARGO_BIN_EXE_crash-dummy"), path);
        let load = Duration::from_micros(5_000 + random.below(60_000));
        std::thread::scope(|scope| {
            for _ in 0..CONNECTIONS {
                scope.spawn(|| {
                    loop {
                        let key = next.fetch_add(1, Ordering::Relaxed);
                        sent.lock().unwrap().insert(key);
                        match deposit(&http, &address, key) {
                            Some(201) => acknowledged.lock().unwrap().insert(key),
                            Some(other) => panic!("{other}"),
                            None => return,
                        };
                    }
                });
            }
            std::thread::sleep(load);
            server.kill().expect("it is still there");
            server.wait().expect("its end");
        });
    }
    let (sent, acknowledged) = (
        sent.into_inner().unwrap(),
        acknowledged.into_inner().unwrap(),
    );
    assert!(
        acknowledged.len() > 500,
        "{} were acknowledged",
        acknowledged.len()
    );

    let opened = daybook_tests::open(std::path::Path::new(path)).expect("it opens again");
    book.put(opened);
    let kept = book.numbers("SELECT coalesce(sum(balance), 0) FROM deposit_account")[0] as usize;
    assert!(
        (acknowledged.len()..=sent.len()).contains(&kept),
        "{} acknowledged, {kept} kept, {} sent",
        acknowledged.len(),
        sent.len()
    );
    book.assert_verified();
    drop(book.take());

    // Sent once more under their keys, all of them: what was kept is answered from the journal, the rest carried out.
    let (mut server, address) = started(env!("CARGO_BIN_EXE_crash-dummy"), path);
    for key in &sent {
        assert_eq!(deposit(&http, &address, *key), Some(201));
    }
    server.kill().expect("it is still there");
    server.wait().expect("its end");
    book.put(daybook_tests::open(std::path::Path::new(path)).expect("it opens again"));
    assert_eq!(
        book.numbers("SELECT balance FROM deposit_account"),
        [sent.len() as i64]
    );
    let commands = book.log().commands(0, usize::MAX >> 1).unwrap();
    let ids: BTreeSet<_> = commands
        .iter()
        .map(|(_, stored)| stored.command.id.clone())
        .collect();
    assert_eq!((commands.len(), ids.len()), (sent.len(), sent.len()));
    println!(
        "{} acknowledged of {} sent over {KILLS} kills",
        acknowledged.len(),
        sent.len()
    );
}
