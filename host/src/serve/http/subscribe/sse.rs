//! Server-Sent Events: the id is the seq, the event is the type, the data is one line of JSON.

use std::convert::Infallible;
use std::fmt::Write as _;

use axum::body::{Body, Bytes};
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
use futures_util::stream;

use super::feed::{Feed, News};
use crate::model::Seq;

/// Milliseconds after which a client that lost its connection comes back.
const RETRY_MS: u32 = 1_000;

struct Sending {
    feed: Feed,
    /// The last id that was sent. None before the first line.
    told: Option<Seq>,
}

/// The body is asked for its next part when there is room for it, so a client that does not read holds one batch here
/// and what its socket takes; `slow_clients` ends its connection.
pub fn answer(feed: Feed) -> Response {
    let sending = Sending { feed, told: None };
    let parts = stream::unfold(sending, |mut sending| async move {
        let part = sending.next().await?;
        Some((Ok::<_, Infallible>(Bytes::from(part)), sending))
    });
    let mut response = Body::from_stream(parts).into_response();
    let headers = [
        (header::CONTENT_TYPE, "text/event-stream"),
        (header::CACHE_CONTROL, "no-store"),
    ];
    for (name, value) in headers {
        let value = HeaderValue::from_static(value);
        response.headers_mut().insert(name, value);
    }
    response
}

impl Sending {
    /// None where the stream ends; a client comes back with the last id it saw.
    async fn next(&mut self) -> Option<String> {
        let Some(told) = self.told else {
            // Who is cut off before the first event has to know where it was.
            let position = self.tell_position();
            return Some(format!("retry: {RETRY_MS}\n\n{position}"));
        };
        match self.feed.next().await {
            Ok(News::Events(events)) => {
                let bytes = events.iter().map(|event| event.json.len() + 80).sum();
                let mut text = String::with_capacity(bytes);
                for event in &events {
                    let (seq, name, json) = (event.seq, &event.event_type, &event.json);
                    // Writing into a string cannot fail.
                    let _ = write!(text, "id: {seq}\nevent: {name}\ndata: {json}\n\n");
                    self.told = Some(seq);
                }
                Some(text)
            }
            Ok(News::Tasks(steps)) => {
                let mut text = String::new();
                for json in &steps {
                    // Without an id: `Last-Event-ID` is about events, and `tasks` is resumed after a step's number.
                    let _ = write!(text, "event: task\ndata: {json}\n\n");
                }
                Some(text)
            }
            Ok(News::Heartbeat) if self.feed.position() > told => Some(self.tell_position()),
            Ok(News::Heartbeat) => Some(": heartbeat\n\n".to_owned()),
            Ok(News::Stop) => None,
            Err(error) => {
                tracing::error!(%error, "a subscription ends");
                None
            }
        }
    }

    /// `Last-Event-ID` gets past what was filtered out.
    fn tell_position(&mut self) -> String {
        let position = self.feed.position();
        self.told = Some(position);
        format!("id: {position}\nevent: position\ndata: {{\"position\":{position}}}\n\n")
    }
}
