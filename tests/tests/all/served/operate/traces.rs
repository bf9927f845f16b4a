//! A span for each request, and for the writer's part of it, where somebody wants them.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpListener;
use std::sync::mpsc;
use std::time::Duration;

use daybook_tests::Server;
use serde_json::{Value as Json, json};

use super::bank;

/// Takes one document after another, as a receiver of traces does.
fn receiver() -> (String, mpsc::Receiver<Json>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let (sender, documents) = mpsc::channel();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = BufReader::new(stream.unwrap());
            let mut length = 0;
            let mut line = String::new();
            while stream.read_line(&mut line).unwrap_or(0) > 2 {
                let lower = line.to_lowercase();
                if let Some(value) = lower.strip_prefix("content-length:") {
                    length = value.trim().parse().unwrap();
                }
                line.clear();
            }
            let mut body = vec![0; length];
            stream.read_exact(&mut body).unwrap();
            let answer = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\nconnection: close\r\n\r\n{}";
            stream.get_mut().write_all(answer).unwrap();
            if sender.send(serde_json::from_slice(&body).unwrap()).is_err() {
                return;
            }
        }
    });
    (url, documents)
}

#[test]
fn the_span_of_a_command_arrives_in_its_callers_trace_with_the_writers_part_under_it() {
    let (url, documents) = receiver();
    let mut options = Server::options();
    options.otlp = Some(url);
    let server = Server::with(bank(), options);
    let (trace, parent) = ("4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7");
    let open = |account: u64, traceparent: &str| {
        let body = json!({ "account": account }).to_string();
        let headers = [("traceparent", traceparent)];
        let answer = server.ask("POST", "/commands/bank.OpenAccount", &headers, Some(&body));
        assert_eq!(answer.status, 201, "{}", answer.text);
    };
    // Nobody records this one.
    open(2, "00-11112222333344445555666677778888-00f067aa0ba902b7-00");
    open(1, &format!("00-{trace}-{parent}-01"));
    assert_eq!(server.get("/nowhere").status, 404);
    let mut spans: Vec<Json> = Vec::new();
    while spans.len() < 6 {
        let document = documents
            .recv_timeout(Duration::from_secs(20))
            .expect("spans");
        let found = &document["resourceSpans"][0]["scopeSpans"][0]["spans"];
        spans.extend(found.as_array().unwrap().iter().cloned());
    }
    let named = |name: &str| {
        let found: Vec<_> = spans.iter().filter(|span| span["name"] == name).collect();
        assert_eq!(found.len(), 1, "{name}: {spans:#?}");
        found[0]
    };
    let request = named("POST /commands/{type}");
    assert_eq!(request["traceId"], trace);
    assert_eq!(request["parentSpanId"], parent);
    assert_eq!(request["kind"], 2);
    let attribute = |span: &Json, key: &str| {
        let all = span["attributes"].as_array().unwrap();
        let found = all.iter().find(|attribute| attribute["key"] == key);
        found.map(|found| found["value"].clone())
    };
    let route = attribute(request, "http.route");
    assert_eq!(route, Some(json!({"stringValue": "/commands/{type}"})));
    let status = attribute(request, "http.response.status_code");
    assert_eq!(status, Some(json!({"intValue": "201"})));
    let time = |span: &Json, which: &str| -> u64 { span[which].as_str().unwrap().parse().unwrap() };
    let (begun, ended) = ("startTimeUnixNano", "endTimeUnixNano");
    for name in [
        "writer.queue",
        "writer.work",
        "writer.group",
        "writer.commit",
    ] {
        let part = named(name);
        assert_eq!(part["traceId"], trace);
        let above = if name == "writer.commit" {
            named("writer.group")
        } else {
            request
        };
        assert_eq!(part["parentSpanId"], above["spanId"], "{name}");
        assert!(time(part, begun) >= time(request, begun), "{name}");
        assert!(time(part, ended) >= time(part, begun), "{name}");
        assert!(time(part, ended) <= time(request, ended), "{name}");
    }
    let group = attribute(named("writer.group"), "daybook.group.requests");
    assert_eq!(group, Some(json!({"intValue": "1"})));
    // What has no caller begins a trace of its own.
    assert_ne!(named("GET")["traceId"], trace);
    assert!(named("GET").get("parentSpanId").is_none());
    server.stop().assert_verified();
}

#[test]
fn a_receiver_of_traces_that_is_away_costs_spans_and_nothing_else() {
    let mut options = Server::options();
    // Bound and closed again: nobody is there.
    let gone = TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();
    options.otlp = Some(format!("http://{gone}"));
    let server = Server::with(bank(), options);
    let opened = server.post("/commands/bank.OpenAccount", &json!({"account": 1}));
    assert_eq!(opened.status, 201);
    let dropped = || {
        let text = server.get("/metrics").text;
        let value = text
            .lines()
            .find_map(|line| line.strip_prefix("daybook_spans_dropped_total "));
        value.expect("it is counted").trim().parse::<u64>().unwrap()
    };
    let begun = std::time::Instant::now();
    while dropped() < 5 {
        assert!(
            begun.elapsed() < Duration::from_secs(20),
            "nothing is counted"
        );
        std::thread::sleep(Duration::from_millis(50));
    }
    server.stop().assert_verified();
}
