//! Listens to a served book like any client: Server-Sent Events as lines, WebSocket as messages.

use std::io::{BufRead as _, BufReader};
use std::net::TcpStream;
use std::time::Duration;

use serde_json::Value as Json;
use tungstenite::client::IntoClientRequest as _;
use tungstenite::{Message, WebSocket};

use crate::Http;
use crate::http::Stream;

/// Time without a byte after which a test has failed.
const SILENCE: Duration = Duration::from_secs(30);

/// One thing that was heard.
#[derive(Debug, Clone, PartialEq)]
pub enum Heard {
    /// An event of the book, with its type.
    Event(u64, String, Json),
    Position(u64),
    /// What happened to a task.
    Task(Json),
    /// The end, with a WebSocket's code and reason.
    End(Option<(u16, String)>),
}

/// A subscription over Server-Sent Events.
pub struct Sse {
    lines: BufReader<Stream>,
}

impl Sse {
    /// Panics unless it is granted.
    pub fn open(url: &str, query: &str, last_event_id: Option<u64>) -> Sse {
        let id = last_event_id.map(|id| id.to_string());
        let mut headers = vec![("accept", "text/event-stream")];
        headers.extend(id.as_deref().map(|id| ("last-event-id", id)));
        let opened = Http::within(Some(SILENCE)).open(&format!("{url}/subscribe{query}"), &headers);
        let stream = opened.unwrap_or_else(|error| panic!("{query}: {error:?}"));
        assert_eq!(
            stream.response.headers()["content-type"],
            "text/event-stream"
        );
        Sse {
            lines: BufReader::new(stream),
        }
    }

    /// The next event or position; comments are passed over. What was cut off in the middle was not heard.
    pub fn hear(&mut self) -> Heard {
        let (mut id, mut name, mut data) = (None, String::new(), String::new());
        loop {
            let mut line = String::new();
            match self.lines.read_line(&mut line) {
                Ok(0) | Err(_) => return Heard::End(None),
                Ok(_) => {}
            }
            let line = line.trim_end_matches('\n');
            match line.split_once(": ") {
                Some(("id", value)) => id = value.parse().ok(),
                Some(("event", value)) => name = value.to_owned(),
                Some(("data", value)) => {
                    assert!(data.is_empty(), "one line of data");
                    data = value.to_owned();
                }
                Some(("" | "retry", _)) => {}
                None if line.is_empty() => {
                    if name == "task" {
                        assert_eq!(id, None, "positions are about events");
                        return Heard::Task(serde_json::from_str(&data).expect("JSON"));
                    }
                    let Some(id) = id else { continue };
                    let json: Json = serde_json::from_str(&data).expect("JSON");
                    if name == "position" {
                        assert_eq!(json["position"], id);
                        return Heard::Position(id);
                    }
                    assert_eq!(json["seq"], id);
                    assert_eq!(json["event"]["type"], name.as_str());
                    return Heard::Event(id, name, json);
                }
                other => panic!("a line that is none of Server-Sent Events: {other:?}"),
            }
        }
    }
}

/// A subscription over WebSocket.
pub struct Ws {
    pub socket: WebSocket<TcpStream>,
}

impl Ws {
    /// Panics unless it is granted.
    pub fn open(url: &str, query: &str) -> Ws {
        let address = url.strip_prefix("http://").expect("a URL");
        let stream = TcpStream::connect(address).expect("a connection");
        stream.set_read_timeout(Some(SILENCE)).expect("a timeout");
        let request = format!("ws://{address}/subscribe{query}")
            .into_client_request()
            .expect("a request");
        let (socket, _) =
            tungstenite::client(request, stream).unwrap_or_else(|error| panic!("{query}: {error}"));
        Ws { socket }
    }

    /// The next event or position.
    pub fn hear(&mut self) -> Heard {
        loop {
            match self.socket.read() {
                Ok(Message::Text(text)) => {
                    let json: Json = serde_json::from_str(&text).expect("JSON");
                    if let Some(position) = json["position"].as_u64() {
                        return Heard::Position(position);
                    }
                    if json["task"].is_object() {
                        return Heard::Task(json["task"].clone());
                    }
                    let name = json["event"]["type"].as_str().expect("a type").to_owned();
                    return Heard::Event(json["seq"].as_u64().expect("a seq"), name, json);
                }
                Ok(Message::Close(frame)) => {
                    return Heard::End(
                        frame.map(|frame| (frame.code.into(), frame.reason.to_string())),
                    );
                }
                Ok(_) => {}
                Err(_) => return Heard::End(None),
            }
        }
    }
}
