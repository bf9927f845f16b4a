//! Subscriptions: every event once and in order, whatever happens to the connection, and nobody waits for a listener.

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use daybook::book::Incoming;
use daybook::serve::ServeOptions;
use daybook_tests::{Heard, Random, Server, Sse, TestBook, Ws};
use serde_json::{Value as Json, json};

const ACCOUNTS: u64 = 20;

/// The n-th deposit, about one of the accounts.
fn deposit(n: u64) -> Json {
    let account = n % ACCOUNTS;
    json!({"specversion": "1.0", "id": n.to_string(), "source": "/deposits", "type": "deposit.Deposited",
           "subject": format!("account/{account}"), "data": {"account": account, "amount": 1}})
}

/// A book with so many deposits. Deposit n is event n + 2: a version is loaded and activated before.
fn deposits(count: u64) -> TestBook {
    let mut book = TestBook::with_plugins(&["deposit@2020-01-01"]);
    let numbers: Vec<u64> = (1..=count).collect();
    for some in numbers.chunks(5_000) {
        let events = some
            .iter()
            .map(|n| Incoming::parse(&deposit(*n).to_string()).unwrap());
        book.append(events.collect()).unwrap();
    }
    book
}

/// A book whose log does not fit into the buffers between two processes: 40 MB on the wire.
fn long_deposits() -> TestBook {
    let mut book = TestBook::with_plugins(&["deposit@2020-01-01"]);
    let subject = "s".repeat(1_000);
    for chunk in 0..4 {
        let events = (0..5_000).map(|n| {
            let mut event = deposit(chunk * 5_000 + n);
            event["subject"] = json!(subject);
            Incoming::parse(&event.to_string()).unwrap()
        });
        book.append(events.collect()).unwrap();
    }
    book
}

fn quick() -> ServeOptions {
    ServeOptions {
        heartbeat: Duration::from_millis(100),
        ..Server::options()
    }
}

/// Either way of listening.
enum Listener {
    Sse(Box<Sse>),
    Ws(Box<Ws>),
}

impl Listener {
    fn hear(&mut self) -> Heard {
        match self {
            Listener::Sse(sse) => sse.hear(),
            Listener::Ws(ws) => ws.hear(),
        }
    }
}

/// Listens up to an event, dropping the connection at random, and gives the seqs of all that was heard.
fn listen(url: &str, way: &str, filter: &str, until: u64, mut random: Random) -> Vec<u64> {
    let mut heard = Vec::new();
    let mut position = 0;
    let mut connections = 0;
    while position < until {
        connections += 1;
        let mut listener = match (way, connections) {
            ("sse", 1) => {
                Listener::Sse(Box::new(Sse::open(url, &format!("?from=1{filter}"), None)))
            }
            ("sse", _) => {
                let query = filter.replacen('&', "?", 1);
                Listener::Sse(Box::new(Sse::open(url, &query, Some(position))))
            }
            _ => {
                let query = format!("?from={}{filter}", position + 1);
                Listener::Ws(Box::new(Ws::open(url, &query)))
            }
        };
        let leave_after = 1 + random.below(7_000);
        for _ in 0..leave_after {
            match listener.hear() {
                Heard::Event(seq, _, _) => {
                    heard.push(seq);
                    position = seq;
                }
                Heard::Position(seq) => position = position.max(seq),
                Heard::Task(task) => panic!("nobody asked for {task}"),
                Heard::End(reason) => panic!("{way}: ended after {position}: {reason:?}"),
            }
            if position >= until {
                break;
            }
        }
    }
    println!(
        "{way}{filter}: {} events over {connections} connections",
        heard.len()
    );
    heard
}

#[test]
fn consumers_that_drop_and_reconnect_hear_every_event_once_and_in_order() {
    const BEFORE: u64 = 50_000;
    const LIVE: u64 = 50_000;
    let mut random = Random::announced("consumers that drop and reconnect");
    let server = Server::with(deposits(BEFORE), quick());
    let until = BEFORE + LIVE + 2;
    let started = Instant::now();
    std::thread::scope(|scope| {
        let url = server.url.as_str();
        let mut start = |way: &'static str, filter: &'static str| {
            let random = Random::new(random.next());
            scope.spawn(move || listen(url, way, filter, until, random))
        };
        let sse = start("sse", "");
        let ws = start("ws", "");
        let filtered = start("sse", "&subject=account/7&table=deposit.account");
        let numbers: Vec<u64> = (BEFORE + 1..=BEFORE + LIVE).collect();
        for some in numbers.chunks(500) {
            let events: Vec<Json> = some.iter().map(|n| deposit(*n)).collect();
            let answer = server.post("/events", &Json::Array(events));
            assert_eq!(answer.status, 201, "{}", answer.text);
        }
        println!("appended after {:.1} s", started.elapsed().as_secs_f64());
        let all: Vec<u64> = (1..=until).collect();
        assert!(sse.join().unwrap() == all, "Server-Sent Events");
        assert!(ws.join().unwrap() == all, "WebSocket");
        let of_seven = all
            .iter()
            .filter(|seq| **seq > 2 && (*seq - 2) % ACCOUNTS == 7);
        let of_seven: Vec<u64> = of_seven.copied().collect();
        assert!(filtered.join().unwrap() == of_seven, "filtered");
    });
    println!("heard after {:.1} s", started.elapsed().as_secs_f64());
}

#[test]
fn an_event_comes_with_its_effects_and_a_new_one_right_after_its_commit() {
    let server = Server::with(deposits(3), quick());
    let mut sse = Sse::open(&server.url, "", None);
    let mut ws = Ws::open(&server.url, "");
    // Without a position it begins behind the present head, and says where that is.
    assert_eq!(sse.hear(), Heard::Position(5));
    assert_eq!(ws.hear(), Heard::Position(5));
    let posted = server.post("/events", &deposit(4));
    assert_eq!(posted.status, 201, "{}", posted.text);
    let Heard::Event(6, name, json) = sse.hear() else {
        panic!("the event that was posted")
    };
    assert_eq!(name, "deposit.Deposited");
    assert_eq!(json["changes"], posted.json["events"][0]["changes"]);
    assert_eq!(json["event"], posted.json["events"][0]["event"]);
    assert_eq!(json["changes"][0]["after"]["balance"], 1);
    assert_eq!(ws.hear(), Heard::Event(6, name, json));
}

#[test]
fn filters_choose_by_type_subject_and_table_and_positions_pass_what_they_leave_out() {
    let server = Server::with(deposits(60), quick());
    let heard = |query: &str| -> Vec<u64> {
        let mut sse = Sse::open(&server.url, query, None);
        let mut heard = Vec::new();
        loop {
            match sse.hear() {
                Heard::Event(seq, _, _) => heard.push(seq),
                Heard::Position(62) => return heard,
                Heard::Position(_) => {}
                Heard::Task(task) => panic!("nobody asked for {task}"),
                Heard::End(_) => panic!("{query}: it ended"),
            }
        }
    };
    let by_subject = heard("?from=1&subject=account/3&subject=account/4&type=deposit.Deposited");
    assert_eq!(by_subject, [5, 6, 25, 26, 45, 46]);
    assert_eq!(heard("?from=1&type=daybook.VersionActivated"), [2]);
    assert_eq!(
        heard("?from=55&type=daybook.VersionActivated"),
        [] as [u64; 0]
    );
    // Loading and activating change no row.
    let mut sse = Sse::open(&server.url, "?from=0&table=deposit.account", None);
    assert_eq!(sse.hear(), Heard::Position(0));
    assert!(matches!(sse.hear(), Heard::Event(3, _, _)));
    let mut ws = Ws::open(&server.url, "?from=30&subject=account/0");
    assert_eq!(ws.hear(), Heard::Position(29));
    assert!(matches!(ws.hear(), Heard::Event(42, _, _)));
    assert!(matches!(ws.hear(), Heard::Event(62, _, _)));
}

#[test]
fn the_last_event_id_wins_over_from() {
    let server = Server::with(deposits(10), quick());
    let mut sse = Sse::open(&server.url, "?from=2", Some(7));
    assert_eq!(sse.hear(), Heard::Position(7));
    assert!(matches!(sse.hear(), Heard::Event(8, _, _)));
}

#[test]
fn a_subscription_that_makes_no_sense_is_refused() {
    let server = Server::of(deposits(1));
    let ask = |path: &str, headers: &[(&str, &str)]| {
        let answer = server.ask("GET", path, headers, None);
        (answer.status, answer.problem().to_owned())
    };
    let malformed = (400, "malformed".to_owned());
    let unknown = (404, "unknown".to_owned());
    assert_eq!(ask("/subscribe?from=x", &[]), malformed);
    assert_eq!(ask("/subscribe?from=-1", &[]), malformed);
    assert_eq!(ask("/subscribe?from=1&from=2", &[]), malformed);
    assert_eq!(ask("/subscribe?form=1", &[]), malformed);
    assert_eq!(ask("/subscribe?type=nonsense", &[]), malformed);
    assert_eq!(ask("/subscribe?table=account", &[]), malformed);
    assert_eq!(ask("/subscribe", &[("last-event-id", "x")]), malformed);
    assert_eq!(ask("/subscribe", &[("upgrade", "websocket")]), malformed);
    assert_eq!(ask("/subscribe?type=deposit.Nope", &[]), unknown);
    assert_eq!(ask("/subscribe?type=daybook.Nope", &[]), unknown);
    assert_eq!(ask("/subscribe?table=deposit.nope", &[]), unknown);
    assert_eq!(ask("/subscribe?from=5", &[]), unknown);
    assert_eq!(ask("/subscribe", &[("last-event-id", "4")]), unknown);
    let many = "&subject=a".repeat(101);
    assert_eq!(ask(&format!("/subscribe?from=1{many}"), &[]), malformed);
}

#[test]
fn one_subscriber_too_many_is_refused_until_another_leaves() {
    let options = ServeOptions {
        subscribers_max: 2,
        ..quick()
    };
    let server = Server::with(deposits(1), options);
    let first = Sse::open(&server.url, "", None);
    let _second = Ws::open(&server.url, "");
    let refused = server.get("/subscribe");
    assert_eq!((refused.status, refused.problem()), (503, "busy"));
    assert!(refused.header("retry-after").is_some());
    drop(first);
    let started = Instant::now();
    while TcpStream::connect(server.url.strip_prefix("http://").unwrap())
        .map(status)
        .unwrap()
        != 200
    {
        assert!(
            started.elapsed() < Duration::from_secs(10),
            "no place was freed"
        );
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// Asks for a subscription and reads no further than the status.
fn status(mut stream: TcpStream) -> u16 {
    ask_raw(&mut stream, "");
    let mut head = [0; 12];
    stream.read_exact(&mut head).unwrap();
    String::from_utf8_lossy(&head[9..]).parse().unwrap()
}

fn ask_raw(stream: &mut TcpStream, query: &str) {
    // HTTP/1.0 has no chunks: what comes is the stream itself, up to its end.
    write!(stream, "GET /subscribe{query} HTTP/1.0\r\n\r\n").unwrap();
}

/// The last id of a stream that was cut off anywhere.
fn last_id(text: &str) -> u64 {
    let whole = &text[..text.rfind("\n\n").unwrap()];
    let line = whole
        .lines()
        .rev()
        .find_map(|line| line.strip_prefix("id: "));
    line.unwrap().parse().unwrap()
}

#[test]
fn a_consumer_that_does_not_read_is_cut_off_and_may_resume() {
    let options = ServeOptions {
        slow_client_time: Duration::from_secs(10),
        ..Server::options()
    };
    let server = Server::with(long_deposits(), options);
    let mut raw = TcpStream::connect(server.url.strip_prefix("http://").unwrap()).unwrap();
    ask_raw(&mut raw, "?from=1");
    // Told at four fifths of the time, cut off at its end: who reads again in between hears why.
    // How long it takes until nothing is written any more depends on the machine, hence more than one try.
    let told = [9_000, 9_700, 8_600, 10_300, 9_300, 11_000]
        .into_iter()
        .find_map(|pause| {
            let mut ws = Ws::open(&server.url, "?from=1");
            std::thread::sleep(Duration::from_millis(pause));
            let mut last = 0;
            loop {
                match ws.hear() {
                    Heard::Event(seq, _, _) => {
                        assert_eq!(seq, last + 1);
                        last = seq;
                        // It read again too early.
                        if seq == 20_002 {
                            return None;
                        }
                    }
                    Heard::Position(_) => {}
                    Heard::Task(task) => panic!("nobody asked for {task}"),
                    Heard::End(reason) => return reason.map(|reason| (reason, last)),
                }
            }
        });
    let ((code, reason), last) = told.expect("a WebSocket hears why");
    assert_eq!((code, reason), (1013, format!("{{\"position\":{last}}}")));
    assert!(last > 0 && last < 20_000);
    // The one that never read was opened first.
    std::thread::sleep(Duration::from_secs(6));
    let mut text = String::new();
    raw.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
    let _ = raw.read_to_string(&mut text);
    let last = last_id(&text);
    assert!(last > 0 && last < 20_000, "cut off after {last}");
    let mut sse = Sse::open(&server.url, "", Some(last));
    assert_eq!(sse.hear(), Heard::Position(last));
    assert!(matches!(sse.hear(), Heard::Event(seq, _, _) if seq == last + 1));
}

/// Bytes of memory that a process has.
fn resident(process: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kilobytes: u64 = line
        .unwrap()
        .trim()
        .trim_end_matches(" kB")
        .parse()
        .unwrap();
    kilobytes << 10
}

#[test]
fn consumers_that_never_read_cost_neither_memory_nor_the_writer() {
    let mut book = long_deposits();
    let path = book.path();
    drop(book.take());
    // In a process of its own, whose memory is nobody else's.
    let mut process = Command::new(env!("CARGO_BIN_EXE_daybook-under-test"))
        .args(["serve", path.to_str().unwrap(), "--listen", "127.0.0.1:0"])
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut said = String::new();
    let mut talk = BufReader::new(process.stderr.take().unwrap());
    while !said.contains("http://") {
        said.clear();
        assert!(talk.read_line(&mut said).unwrap() > 0, "it did not start");
    }
    let address = said.split("http://").nth(1).unwrap();
    let address = address.split(';').next().unwrap().trim().to_owned();
    let post = |n: u64| {
        let body = deposit(1_000_000 + n).to_string();
        let mut stream = TcpStream::connect(&address).unwrap();
        write!(stream, "POST /events HTTP/1.0\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{body}", body.len()).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        assert!(answer.contains(" 201 "), "{answer}");
    };
    post(0);
    let before = resident(process.id());
    let deaf: Vec<TcpStream> = (0..40)
        .map(|_| {
            let mut stream = TcpStream::connect(&address).unwrap();
            ask_raw(&mut stream, "?from=1");
            stream
        })
        .collect();
    let mut slowest = Duration::ZERO;
    let mut most = 0;
    for n in 1..=60 {
        let started = Instant::now();
        post(n);
        slowest = slowest.max(started.elapsed());
        most = most.max(resident(process.id()));
        std::thread::sleep(Duration::from_millis(50));
    }
    let grown = most.saturating_sub(before) >> 20;
    println!("40 deaf subscribers of 40 MB: {grown} MiB more, the slowest write took {slowest:?}");
    process.kill().unwrap();
    process.wait().unwrap();
    drop(deaf);
    // Had each been given what it asked for, it were 1,600.
    assert!(grown < 160, "{grown} MiB");
    assert!(slowest < Duration::from_secs(2), "{slowest:?}");
}

#[test]
fn the_end_of_the_server_is_the_end_of_all_streams_whoever_reads_them() {
    let server = Server::of(long_deposits());
    let mut sse = Sse::open(&server.url, "", None);
    let mut ws = Ws::open(&server.url, "");
    assert_eq!(ws.hear(), sse.hear());
    let mut deaf = TcpStream::connect(server.url.strip_prefix("http://").unwrap()).unwrap();
    ask_raw(&mut deaf, "?from=1");
    let _deaf_ws = Ws::open(&server.url, "?from=1");
    std::thread::sleep(Duration::from_millis(500));
    let started = Instant::now();
    let stopping = std::thread::spawn(move || server.stop());
    assert_eq!(sse.hear(), Heard::End(None));
    let reason = "{\"position\":20002}".to_owned();
    assert_eq!(ws.hear(), Heard::End(Some((1001, reason))));
    // A client of that library answers the end when it reads again.
    while ws.socket.read().is_ok() {}
    drop(stopping.join().unwrap());
    let elapsed = started.elapsed();
    assert!(elapsed < Duration::from_secs(5), "{elapsed:?}");
}

#[test]
fn a_websocket_answers_pings_and_hears_no_messages() {
    use tungstenite::Message;
    let server = Server::with(deposits(1), quick());
    let mut ws = Ws::open(&server.url, "");
    ws.socket
        .send(Message::Ping("are you there".into()))
        .unwrap();
    let mut pinged = false;
    loop {
        match ws.socket.read().unwrap() {
            Message::Pong(text) => {
                assert_eq!(&text[..], b"are you there");
                break;
            }
            Message::Ping(_) => pinged = true,
            _ => {}
        }
    }
    while !pinged {
        pinged = ws.socket.read().unwrap().is_ping();
    }
    ws.socket.send(Message::text("hello")).unwrap();
    while let Heard::Position(_) = ws.hear() {}
    let mut ws = Ws::open(&server.url, "");
    ws.socket.send(Message::text("hello")).unwrap();
    assert_eq!(ws.hear(), Heard::Position(3));
    let Heard::End(Some((code, _))) = ws.hear() else {
        panic!("it goes on talking")
    };
    assert_eq!(code, 1008);
}

#[test]
fn the_description_names_every_type_with_the_schemas_of_its_versions() {
    let server = Server::of(TestBook::with_plugins(&[
        "bank@1993-01-01",
        "bank@1994-01-01",
    ]));
    let answer = server.get("/asyncapi.json");
    let document = &answer.json;
    assert_eq!(document["asyncapi"], "3.0.0");
    let messages = document["components"]["messages"].as_object().unwrap();
    for name in [
        "bank.TransactionPosted",
        "daybook.VersionLoaded",
        "daybook.VersionActivated",
        "position",
    ] {
        assert!(messages.contains_key(name), "{name}");
        assert!(document["channels"]["subscribe"]["messages"][name].is_object());
    }
    // Every reference leads somewhere.
    let mut references = BTreeMap::new();
    collect_references(document, &mut references);
    assert!(references.len() > 10);
    for reference in references.keys() {
        let pointer = reference.strip_prefix('#').expect("a local reference");
        assert!(document.pointer(pointer).is_some(), "{reference}");
    }
}

fn collect_references(json: &Json, found: &mut BTreeMap<String, ()>) {
    match json {
        Json::Object(members) => {
            for (name, member) in members {
                match member {
                    Json::String(target) if name == "$ref" => {
                        found.insert(target.clone(), ());
                    }
                    member => collect_references(member, found),
                }
            }
        }
        Json::Array(items) => items
            .iter()
            .for_each(|item| collect_references(item, found)),
        _ => {}
    }
}
