//! Owns the target that hands a server whatever bytes there are as a request.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpStream};
use std::sync::OnceLock;
use std::time::Duration;

use daybook_tests::{Server, TestBook};

fn address() -> &'static str {
    static SERVER: OnceLock<Server> = OnceLock::new();
    let server = SERVER.get_or_init(|| Server::of(TestBook::with_guests(&["asks-1"])));
    server.url.strip_prefix("http://").expect("a plain server")
}

/// The server answers in its own words, with no fault of its own, and lets go.
pub fn request(bytes: &[u8]) {
    let mut stream = TcpStream::connect(address()).expect("the server is there");
    let timeout = Some(Duration::from_secs(5));
    stream.set_read_timeout(timeout).expect("a timeout");
    // What the server has refused it need not read.
    let _ = stream.write_all(bytes);
    let _ = stream.shutdown(Shutdown::Write);
    let mut answer = Vec::new();
    if let Err(error) = stream.take(1 << 20).read_to_end(&mut answer) {
        assert_eq!(error.kind(), std::io::ErrorKind::ConnectionReset, "{error}");
    }
    let status = { answer.strip_prefix(b"HTTP/1.1 ") }.and_then(|rest| rest.first());
    assert_ne!(status, Some(&b'5'), "{}", String::from_utf8_lossy(&answer));
}

pub fn seeds() -> Vec<Vec<u8>> {
    let post = |path: &str, kind: &str, body: &str| {
        format!(
            "POST {path} HTTP/1.1\r\nhost: localhost\r\ncontent-type: {kind}\r\nidempotency-key: k1\r\nconnection: close\r\ncontent-length: {}\r\n\r\n{body}",
            body.len()
        )
    };
    let get = |path: &str, more: &str| {
        format!("GET {path} HTTP/1.1\r\nhost: localhost\r\n{more}connection: close\r\n\r\n")
    };
    let event =
        r#"{"specversion":"1.0","id":"h1","source":"/fuzz","type":"asks.Happened","data":{"n":1}}"#;
    [
        post(
            "/events",
            "application/cloudevents+json; charset=utf-8",
            event,
        ),
        post(
            "/events",
            "application/cloudevents-batch+json",
            &format!("[{event}]"),
        ),
        post(
            "/commands/asks.Do?preview=true",
            "application/json",
            r#"{"n":2}"#,
        ),
        post(
            "/query",
            "application/json",
            r#"{"sql":"SELECT * FROM asks_thing"}"#,
        ),
        get("/events?type=asks.Happened&limit=3&after=1", ""),
        get(
            "/state/asks.thing?n=1&columns=id,n&limit=2",
            "accept: application/json\r\n",
        ),
        get("/state/asks.thing/1", "if-none-match: \"1\"\r\n"),
        get(
            "/tasks?state=pending&limit=1",
            "authorization: Bearer x\r\n",
        ),
        get(
            "/versions",
            "traceparent: 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01\r\n",
        ),
    ]
    .map(String::into_bytes)
    .to_vec()
}
