//! Hostile clients and hostile commands against a served book: each is refused or cut off, the server answers on, and
//! nothing was kept.

use std::io::{ErrorKind, Read as _, Write as _};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use daybook::serve::ServeOptions;
use daybook_tests::{Server, TestBook};
use serde_json::json;

const PREVIEW: &str = "/commands/counter.Do?preview=true";

/// Times short enough to wait for.
fn options() -> ServeOptions {
    ServeOptions {
        head_time: Duration::from_millis(500),
        body_time: Duration::from_millis(500),
        slow_client_time: Duration::from_millis(500),
        grace: Duration::from_secs(2),
        ..ServeOptions::new("127.0.0.1:0".parse().unwrap())
    }
}

/// Serves a book, lets something happen to the server, and asks whether it answers still and has kept nothing.
fn survives(attack: impl FnOnce(&Server)) {
    let mut book = TestBook::with_guests(&["mutable-global"]);
    let before = book.mark();
    let server = Server::with(book, options());
    attack(&server);
    assert_answers(&server);
    let mut book = server.stop();
    assert_eq!(book.mark(), before);
    assert_eq!(book.log().commands(0, 10).unwrap().len(), 0);
}

#[track_caller]
fn assert_answers(server: &Server) {
    assert_eq!(server.get("/healthz").status, 200);
    let answer = server.post(PREVIEW, &json!({"n": 1}));
    assert_eq!(answer.status, 200, "{}", answer.text);
}

fn connect(address: SocketAddr) -> TcpStream {
    let socket = TcpStream::connect(address).expect("the server takes connections");
    let patience = Some(Duration::from_secs(20));
    socket.set_read_timeout(patience).unwrap();
    socket.set_write_timeout(patience).unwrap();
    socket
}

/// Everything the server says until it hangs up. What went wrong on the way is its way of hanging up, but for silence.
fn heard(socket: &mut TcpStream) -> String {
    let mut answer = Vec::new();
    if let Err(error) = socket.read_to_end(&mut answer) {
        let silent = matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut);
        let answer = String::from_utf8_lossy(&answer);
        assert!(!silent, "the server does not hang up; it said '{answer}'");
    }
    String::from_utf8_lossy(&answer).into_owned()
}

/// Sends bytes and hears what comes. A server may stop listening before all is sent.
fn say(server: &Server, bytes: &[u8]) -> String {
    let mut socket = connect(server.address());
    let _ = socket.write_all(bytes);
    heard(&mut socket)
}

/// The statuses of the answers in a text.
fn statuses(text: &str) -> Vec<u16> {
    text.split("HTTP/1.1 ")
        .skip(1)
        .map(|answer| answer[..3].parse().expect("a status"))
        .collect()
}

fn post(path: &str, headers: &str, body: &[u8]) -> Vec<u8> {
    let head = format!("POST {path} HTTP/1.1\r\nhost: localhost\r\n{headers}\r\n");
    [head.as_bytes(), body].concat()
}

/// With its true length, and the end of the connection after it.
fn post_whole(path: &str, body: &[u8]) -> Vec<u8> {
    let headers = format!(
        "content-type: application/json\r\ncontent-length: {}\r\nconnection: close\r\n",
        body.len()
    );
    post(path, &headers, body)
}

#[test]
fn requests_that_are_none_are_refused() {
    let get =
        |path: &str| format!("GET {path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n");
    let flood: String = (0..2_000).map(|n| format!("x-{n}: y\r\n")).collect();
    let giant = format!("x: {}\r\n", "y".repeat(1 << 20));
    let doo = "/commands/counter.Do";
    let cases: Vec<(&str, Vec<u8>, &[u16])> = vec![
        (
            "noise",
            b"\x00\x16\x03\x01\xff\xfe garbage\r\n\r\n".to_vec(),
            &[400],
        ),
        ("no protocol", b"GET /\r\n\r\n".to_vec(), &[400]),
        (
            "http/2",
            b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_vec(),
            &[400, 505],
        ),
        ("silence", Vec::new(), &[]),
        ("half a word", b"P".to_vec(), &[]),
        ("up", get("/../../etc/passwd").into_bytes(), &[404]),
        (
            "up, encoded",
            get("/%2e%2e/%2e%2e/etc/passwd").into_bytes(),
            &[404],
        ),
        ("twice the slash", get("//healthz").into_bytes(), &[404]),
        ("a file", get("/log.db").into_bytes(), &[404]),
        ("tokens", get("/tokens.json").into_bytes(), &[404]),
        ("NUL", get("/a\0b").into_bytes(), &[400]),
        (
            "NUL, encoded",
            post_whole("/commands/counter.Do%00", b"{}"),
            &[400],
        ),
        (
            "up in a type",
            post_whole("/commands/..%2f..%2flog.db", b"{}"),
            &[400],
        ),
        (
            "bad UTF-8 in a type",
            post_whole("/commands/%ff%fe", b"{}"),
            &[400],
        ),
        (
            "a long path",
            get(&format!("/{}", "a".repeat(100_000))).into_bytes(),
            &[414, 431],
        ),
        ("many headers", post(doo, &flood, b""), &[431]),
        ("a giant header", post(doo, &giant, b""), &[431]),
        ("a header of bytes", post(doo, "x\x01y: z\r\n", b""), &[400]),
        ("a line folded", post(doo, "a: b\r\n c\r\n", b""), &[400]),
        (
            "two lengths",
            post(
                doo,
                "content-length: 8\r\ncontent-length: 9\r\n",
                b"{\"n\": 1}",
            ),
            &[400],
        ),
        (
            "a length below none",
            post(doo, "content-length: -1\r\n", b""),
            &[400],
        ),
        (
            "a length beyond all",
            post(doo, "content-length: 99999999999999999999\r\n", b""),
            &[400],
        ),
        (
            "a giant body announced",
            post(doo, "content-length: 10000000000\r\n", b"{"),
            &[413],
        ),
        (
            "a chunk beyond all",
            post(
                doo,
                "transfer-encoding: chunked\r\n",
                b"fffffffffffffffff\r\n",
            ),
            &[400],
        ),
        (
            "a chunk of noise",
            post(doo, "transfer-encoding: chunked\r\n", b"zz\r\n\r\n"),
            &[400],
        ),
        (
            "another coding",
            post(doo, "transfer-encoding: gzip\r\n", b"{}"),
            &[400],
        ),
        (
            "bad UTF-8",
            post_whole(doo, b"{\"n\": \"\xff\xfe\"}"),
            &[400],
        ),
        (
            "bad UTF-8, event",
            post_whole(
                "/events",
                b"{\"type\": \"counter.Happened\", \"id\": \"\xc3\x28\"}",
            ),
            &[400],
        ),
        ("no JSON", post_whole(doo, b"<n>1</n>"), &[400]),
        ("nothing", post_whole(doo, b""), &[400]),
        (
            "a lone surrogate",
            post_whole(
                "/events",
                br#"{"type": "counter.Happened", "id": "\ud800"}"#,
            ),
            &[400],
        ),
    ];
    survives(|server| {
        for (what, bytes, expected) in cases {
            let answer = say(server, &bytes);
            // To hang up without a word is an answer too.
            if let Some(status) = statuses(&answer).first() {
                assert!(expected.contains(status), "{what}: {answer}");
            }
            assert!(!answer.contains("SQLite"), "{what}: {answer}");
            assert_answers(server);
        }
    });
}

#[test]
fn json_beyond_the_depth_is_refused_wherever_it_stands() {
    let nested = |depth: usize| format!("{}1{}", "[".repeat(depth), "]".repeat(depth));
    survives(|server| {
        for depth in [64, 100, 127, 200, 400_000] {
            let deep = nested(depth);
            let bodies = [
                (
                    "/commands/counter.Do?preview=true",
                    format!(r#"{{"n": 1, "x": {deep}}}"#),
                ),
                ("/commands/counter.Do?preview=true", deep.clone()),
                (
                    "/events?preview=true",
                    format!(r#"{{"type": "counter.Happened", "data": {{"n": 1, "x": {deep}}}}}"#),
                ),
                (
                    "/events?preview=true",
                    format!(r#"{{"type": "counter.Happened", "data": {{"n": 1}}, "x": {deep}}}"#),
                ),
                ("/events?preview=true", deep.clone()),
            ];
            for (path, body) in bodies {
                let answer = say(server, &post_whole(path, body.as_bytes()));
                let status = statuses(&answer)[0];
                assert!(
                    [400, 422].contains(&status),
                    "{path}, {depth} deep: {answer}"
                );
                assert_answers(server);
            }
        }
    });
}

#[test]
fn bodies_beyond_the_limit_are_refused_while_they_come() {
    survives(|server| {
        let mut socket = connect(server.address());
        let head = post(PREVIEW, "transfer-encoding: chunked\r\n", b"");
        socket.write_all(&head).unwrap();
        let chunk = [b"10000\r\n".as_slice(), &[b' '; 65_536], b"\r\n"].concat();
        // 64 MiB, eight times what a body may have.
        let sent = (0..1_024)
            .take_while(|_| socket.write_all(&chunk).is_ok())
            .count();
        assert!(sent < 1_024, "all of it was taken");
        let whole = vec![b' '; (8 << 20) + 1];
        let answer = say(server, &post_whole(PREVIEW, &whole));
        assert!([&[413][..], &[]].contains(&&*statuses(&answer)), "{answer}");
    });
}

#[test]
fn lengths_that_lie_keep_nothing() {
    let doo = "/commands/counter.Do";
    survives(|server| {
        // More announced than sent: the end comes early, or never.
        for hang_up in [true, false] {
            let mut socket = connect(server.address());
            let bytes = post(doo, "content-length: 100\r\n", b"{\"n\": 1}");
            socket.write_all(&bytes).unwrap();
            if hang_up {
                socket.shutdown(Shutdown::Write).unwrap();
            }
            let answer = heard(&mut socket);
            assert!(
                statuses(&answer)
                    .iter()
                    .all(|status| [400, 408].contains(status)),
                "{answer}"
            );
        }
        // Less announced than sent: the rest is no request.
        let answer = say(
            server,
            &post(doo, "content-length: 4\r\n", b"{\"n\": 1}\r\n\r\n"),
        );
        assert!(
            statuses(&answer).iter().all(|status| *status == 400),
            "{answer}"
        );
        // Chunks that do not end.
        let mut socket = connect(server.address());
        let bytes = post(
            doo,
            "transfer-encoding: chunked\r\n",
            b"8\r\n{\"n\": 1}\r\n",
        );
        socket.write_all(&bytes).unwrap();
        socket.shutdown(Shutdown::Write).unwrap();
        let answer = heard(&mut socket);
        assert!(
            statuses(&answer).iter().all(|status| *status == 400),
            "{answer}"
        );
        // A request in the body of another is not one of its own, whichever length one believes.
        let inner = String::from_utf8(post_whole(doo, b"{\"n\": 1}")).unwrap();
        let body = format!("0\r\n\r\n{inner}");
        let headers = format!(
            "content-length: {}\r\ntransfer-encoding: chunked\r\n",
            body.len()
        );
        let answer = say(server, &post("/nowhere", &headers, b"5\r\nabc"));
        assert!(!answer.contains("HTTP/1.1 20"), "{answer}");
    });
}

#[test]
fn what_comes_behind_a_request_does_not_harm_it_and_half_closed_sockets_do_no_harm() {
    survives(|server| {
        let good = post(
            PREVIEW,
            "content-type: application/json\r\ncontent-length: 8\r\n",
            b"{\"n\": 1}",
        );
        let answer = say(
            server,
            &[&*good, &good, b"\x00\x01 garbage\r\n\r\n", &good].concat(),
        );
        assert_eq!(statuses(&answer), [200, 200, 400], "{answer}");
        let mut socket = connect(server.address());
        socket.write_all(&good).unwrap();
        socket.shutdown(Shutdown::Write).unwrap();
        let answer = heard(&mut socket);
        // Who has said all may be taken for gone.
        assert!(matches!(*statuses(&answer), [] | [200]), "{answer}");
        // Gone before the answer, a hundred times.
        for _ in 0..100 {
            let mut socket = connect(server.address());
            socket.write_all(&good).unwrap();
        }
    });
}

#[test]
fn slow_heads_slow_bodies_and_clients_that_do_not_read_are_cut_off() {
    survives(|server| {
        let address = server.address();
        let drip = move |head: &'static str| {
            let mut socket = connect(address);
            let started = Instant::now();
            for byte in head.bytes().chain(std::iter::repeat(b' ')) {
                if socket.write_all(&[byte]).is_err() || started.elapsed() > Duration::from_secs(10)
                {
                    break;
                }
                // All of the head that is meant to arrive does so at once.
                if byte == b' ' {
                    thread::sleep(Duration::from_millis(20));
                }
            }
            started.elapsed()
        };
        let head = thread::spawn(move || drip("GET /healthz HTTP/1.1\r\nhost: localhost\r\nx:"));
        let body = thread::spawn(move || {
            drip(
                "POST /commands/counter.Do HTTP/1.1\r\nhost: localhost\r\ncontent-length: 100000\r\n\r\n",
            )
        });
        let deaf = thread::spawn(move || {
            let mut socket = connect(address);
            let started = Instant::now();
            let request = b"GET /nowhere HTTP/1.1\r\nhost: localhost\r\n\r\n".repeat(1_000);
            while socket.write_all(&request).is_ok() && started.elapsed() < Duration::from_secs(10)
            {
            }
            started.elapsed()
        });
        assert_answers(server);
        for (what, thread) in [("head", head), ("body", body), ("deaf", deaf)] {
            let lasted = thread.join().unwrap();
            println!("a slow client ({what}) was cut off after {lasted:?}");
            assert!(lasted < Duration::from_secs(8), "{what}: {lasted:?}");
        }
    });
}

/// How many files this process may have open.
fn files_max() -> usize {
    let limits = std::fs::read_to_string("/proc/self/limits").unwrap_or_default();
    let line = limits
        .lines()
        .find(|line| line.starts_with("Max open files"));
    line.and_then(|line| line.split_whitespace().nth(3)?.parse().ok())
        .unwrap_or(1_024)
}

#[test]
fn idle_connections_keep_nobody_out() {
    let mut book = TestBook::with_guests(&["mutable-global"]);
    let before = book.mark();
    let mut options = ServeOptions::new("127.0.0.1:0".parse().unwrap());
    let count = 2_000.min(files_max() / 4);
    options.connections_max = options
        .connections_max
        .min(u32::try_from(count / 2).unwrap());
    let server = Server::with(book, options);
    let address = server.address();
    let idle: Vec<TcpStream> = (0..count)
        .map(|number| {
            let mut socket = connect(address);
            // Some have begun a request, as clients that are slow on purpose do.
            if number % 2 == 0 {
                socket.write_all(b"GET /heal").unwrap();
            }
            socket
        })
        .collect();
    let started = Instant::now();
    assert_answers(&server);
    println!(
        "with {count} idle connections two requests took {:?}",
        started.elapsed()
    );
    assert!(
        started.elapsed() < Duration::from_secs(3),
        "{:?}",
        started.elapsed()
    );
    let started = Instant::now();
    let mut book = server.stop();
    println!("and stopping took {:?}", started.elapsed());
    assert!(
        started.elapsed() < Duration::from_secs(5),
        "{:?}",
        started.elapsed()
    );
    drop(idle);
    assert_eq!(book.mark(), before);
}

/// Posts over a connection of its own; the status, or none where the server hung up.
fn send(address: SocketAddr, path: &str, body: &str) -> (Option<u16>, Duration) {
    let started = Instant::now();
    let mut socket = TcpStream::connect(address).expect("the server takes connections");
    let _ = socket.write_all(&post_whole(path, body.as_bytes()));
    let mut answer = Vec::new();
    let _ = socket.read_to_end(&mut answer);
    let status = statuses(&String::from_utf8_lossy(&answer)).first().copied();
    (status, started.elapsed())
}

const SENDERS: usize = 64;

/// Asks /healthz until told to end; gives how long each took, in order of length.
fn watch(address: SocketAddr, end: &AtomicBool) -> Vec<Duration> {
    let mut took = Vec::new();
    while !end.load(Ordering::Relaxed) {
        let started = Instant::now();
        let mut socket = connect(address);
        let request = b"GET /healthz HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n";
        socket.write_all(request).unwrap();
        let answer = heard(&mut socket);
        assert_eq!(statuses(&answer), [200], "{answer}");
        took.push(started.elapsed());
        thread::sleep(Duration::from_millis(20));
    }
    took.sort();
    took
}

#[test]
fn looping_and_hungry_requests_delay_others_by_their_fuel_alone() {
    let mut book = TestBook::with_guests(&["mutable-global", "create-loop", "memory-bomb"]);
    let before = book.mark();
    let server = Server::with(book, options());
    let address = server.address();
    let cases = [
        ("looping", "/commands/createloop.Do", r#"{"n": 0}"#),
        (
            "hungry",
            "/events",
            r#"{"type": "memorybomb.Happened", "data": {"n": 0}}"#,
        ),
    ];
    for (what, path, body) in cases {
        let (status, alone) = send(address, path, body);
        assert_eq!(status, Some(422), "{what}");
        let end = AtomicBool::new(false);
        let (others, took) = thread::scope(|scope| {
            let watcher = scope.spawn(|| watch(address, &end));
            let senders: Vec<_> = (0..SENDERS)
                .map(|_| scope.spawn(move || send(address, path, body)))
                .collect();
            thread::sleep(alone / 2);
            // Each waits for what was there before it: at most all of them.
            let others: Vec<_> = (0..4)
                .map(|_| send(address, PREVIEW, r#"{"n": 1}"#))
                .collect();
            for sender in senders {
                assert_eq!(sender.join().unwrap().0, Some(422), "{what}");
            }
            end.store(true, Ordering::Relaxed);
            (others, watcher.join().unwrap())
        });
        let limit = alone * (u32::try_from(SENDERS).unwrap() + 1) * 2 + Duration::from_secs(1);
        let quick = took[took.len() * 95 / 100];
        println!(
            "{SENDERS} {what} requests, {alone:?} each alone: four others took {:?}; /healthz {quick:?} at 95 of 100, {:?} at most, \
             of {}",
            others.iter().map(|(_, took)| *took).collect::<Vec<_>>(),
            took.last().unwrap(),
            took.len()
        );
        for (status, took) in others {
            assert_eq!(status, Some(200), "{what}");
            assert!(
                took < limit,
                "{what}: {took:?}, and {limit:?} is their fuel"
            );
        }
        assert!(
            quick < Duration::from_millis(100),
            "{what}: /healthz took {quick:?}"
        );
    }
    let mut book = server.stop();
    assert_eq!(book.mark(), before);
    book.assert_verified();
}

#[test]
fn a_server_full_of_looping_commands_stops_within_its_grace() {
    let mut book = TestBook::with_guests(&["mutable-global", "create-loop"]);
    let before = book.mark();
    let mut options = options();
    options.grace = Duration::from_millis(500);
    let server = Server::with(book, options);
    let address = server.address();
    let (_, alone) = send(address, "/commands/createloop.Do", r#"{"n": 0}"#);
    let senders: Vec<_> = (0..SENDERS)
        .map(|_| thread::spawn(move || send(address, "/commands/createloop.Do", r#"{"n": 0}"#)))
        .collect();
    thread::sleep(Duration::from_millis(200));
    let started = Instant::now();
    let mut book = server.stop();
    let took = started.elapsed();
    println!("{SENDERS} looping commands, {alone:?} each: stopping took {took:?}");
    assert!(took < options_limit(alone), "{took:?}");
    for sender in senders {
        let (status, _) = sender.join().unwrap();
        assert!(matches!(status, None | Some(422 | 503)), "{status:?}");
    }
    assert_eq!(book.mark(), before);
    book.assert_verified();
}

/// The grace, the command at work, the one that it may share its commit with, and some time for a machine that is busy.
fn options_limit(alone: Duration) -> Duration {
    Duration::from_millis(500) + alone * 4 + Duration::from_secs(3)
}
