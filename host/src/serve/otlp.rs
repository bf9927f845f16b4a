//! Tracing for others to look at: a span for each request, and under it what the writer did for it, as JSON over OTLP/HTTP.
//!
//! Written by hand: it is one small document, and the crates that write it bring fifteen others and a client of their own
//! to be supplied. Without `ServeOptions::otlp` there is no exporter, and nothing here runs. With it no request waits: what a
//! slow receiver does not take in time is dropped and counted.

use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use axum::extract::{MatchedPath, Request, State};
use axum::http::HeaderMap;
use axum::middleware::Next;
use axum::response::Response;
use prometheus_client::metrics::counter::Counter;
use reqwest::Url;
use serde_json::{Value as Json, json};
use uuid::Uuid;

use super::http::guards;
use super::server::Server;
use crate::book::{Marks, Stages};
use crate::model::clock::{Stopwatch, unix_nanoseconds_now};
use crate::model::error::causes;
use crate::model::{Error, Result};
use crate::outbound::{self, Waiter};

/// Requests whose spans wait to be sent; what is more is dropped.
const QUEUE_MAX: usize = 4_096;

/// Spans of one document at most, and the time after which it is sent however few it has.
const BATCH_SPANS_MAX: usize = 2_048;
const BATCH_TIME: Duration = Duration::from_secs(1);

/// Time for the receiver to take a document. A server that stops waits for it once.
const SEND_TIME: Duration = Duration::from_secs(3);

/// `SPAN_KIND_INTERNAL` and `SPAN_KIND_SERVER`.
const INTERNAL: u8 = 1;
const SERVER: u8 = 2;

/// Sends spans, on a thread of its own.
pub struct Exporter {
    spans: Mutex<Option<SyncSender<Vec<Span>>>>,
    thread: Mutex<Option<JoinHandle<()>>>,
    counts: Counts,
}

/// Spans that were taken by the receiver, and those that nobody will see.
#[derive(Debug, Clone, Default)]
pub struct Counts {
    pub sent: Counter,
    pub dropped: Counter,
}

/// One span, to be sent.
#[derive(Debug)]
struct Span {
    trace: String,
    id: String,
    parent: Option<String>,
    name: String,
    kind: u8,
    /// Nanoseconds since 1970.
    begun: u64,
    ended: u64,
    attributes: Vec<(&'static str, Json)>,
    is_error: bool,
}

/// The marks of a request that is traced, among its extensions.
#[derive(Clone)]
pub struct Traced(Arc<Marks>);

impl Traced {
    pub fn marks(&self) -> Arc<Marks> {
        self.0.clone()
    }
}

impl Exporter {
    /// Sends to `/v1/traces` of a receiver: `http://127.0.0.1:4318`.
    pub fn start(endpoint: &str, counts: Counts) -> Result<Exporter> {
        let url = format!("{}/v1/traces", endpoint.trim_end_matches('/'));
        let url = url.parse::<Url>().ok();
        let is_bare = |url: &Url| url.username().is_empty() && url.password().is_none();
        let url = url.filter(|url| matches!(url.scheme(), "http" | "https") && is_bare(url));
        let Some(url) = url else {
            return Err(Error::usage("spans cannot be sent to this address")
                .hint("OTLP over HTTP, without user or password: http://127.0.0.1:4318"));
        };
        let client = outbound::client(outbound::settings(&url, None)?.timeout(SEND_TIME))?;
        let waiter = Waiter::new()?;
        let (spans, queue) = sync_channel(QUEUE_MAX);
        let to_count = counts.clone();
        let thread = std::thread::Builder::new()
            .name("daybook-otlp".to_owned())
            .spawn(move || export(&waiter, &client, &url, &queue, &to_count))
            .map_err(|error| Error::io("starting the exporter's thread", error))?;
        Ok(Exporter {
            spans: Mutex::new(Some(spans)),
            thread: Mutex::new(Some(thread)),
            counts,
        })
    }

    fn send(&self, spans: Vec<Span>) {
        let count = spans.len() as u64;
        let queue = self.spans.lock().unwrap_or_else(PoisonError::into_inner);
        let sent = queue.as_ref().map(|queue| queue.try_send(spans));
        if !matches!(sent, Some(Ok(()))) {
            self.counts.dropped.inc_by(count);
        }
    }

    /// Sends what waits, and ends.
    pub fn close(&self) {
        let take = |of: &Mutex<Option<SyncSender<_>>>| {
            of.lock().unwrap_or_else(PoisonError::into_inner).take()
        };
        drop(take(&self.spans));
        let thread = self.thread.lock();
        let thread = thread.unwrap_or_else(PoisonError::into_inner).take();
        if let Some(thread) = thread {
            // A panic in it has been told.
            let _ = thread.join();
        }
    }
}

fn export(
    waiter: &Waiter,
    client: &reqwest::Client,
    url: &Url,
    queue: &Receiver<Vec<Span>>,
    counts: &Counts,
) {
    let mut is_away = false;
    let mut batch: Vec<Span> = Vec::new();
    let mut is_open = true;
    while is_open {
        let begun = Stopwatch::start();
        while batch.len() < BATCH_SPANS_MAX {
            let left = BATCH_TIME.saturating_sub(Duration::from_secs_f64(begun.seconds()));
            match queue.recv_timeout(left) {
                Ok(spans) => batch.extend(spans),
                Err(RecvTimeoutError::Timeout) => break,
                Err(RecvTimeoutError::Disconnected) => {
                    is_open = false;
                    break;
                }
            }
        }
        if batch.is_empty() {
            continue;
        }
        let count = batch.len() as u64;
        let body = document(&batch).to_string();
        batch.clear();
        let request = client
            .post(url.clone())
            .header("content-type", "application/json")
            .body(body);
        // Of the answer only the status is looked at.
        let sent = waiter.wait(async || request.send().await?.error_for_status());
        match sent {
            Ok(_) => {
                counts.sent.inc_by(count);
                is_away = false;
            }
            Err(error) => {
                counts.dropped.inc_by(count);
                // Once, not every second.
                if !std::mem::replace(&mut is_away, true) {
                    let error = causes(&error.without_url());
                    tracing::warn!(error, %url, "spans cannot be sent and are dropped");
                }
            }
        }
    }
}

/// The receiver's document for some spans.
fn document(spans: &[Span]) -> Json {
    let version = env!("CARGO_PKG_VERSION");
    json!({"resourceSpans": [{
        "resource": {"attributes": [
            attribute("service.name", &json!("daybook")),
            attribute("service.version", &json!(version)),
        ]},
        "scopeSpans": [{
            "scope": {"name": "daybook", "version": version},
            "spans": spans.iter().map(span).collect::<Vec<_>>(),
        }],
    }]})
}

fn span(span: &Span) -> Json {
    let attributes = span.attributes.iter();
    let mut json = json!({
        "traceId": span.trace,
        "spanId": span.id,
        "name": span.name,
        "kind": span.kind,
        // Numbers of 64 bits are texts in this format.
        "startTimeUnixNano": span.begun.to_string(),
        "endTimeUnixNano": span.ended.max(span.begun).to_string(),
        "attributes": attributes.map(|(key, value)| attribute(key, value)).collect::<Vec<_>>(),
        "status": if span.is_error { json!({"code": 2}) } else { json!({}) },
    });
    if let Some(parent) = &span.parent {
        json["parentSpanId"] = json!(parent);
    }
    json
}

fn attribute(key: &str, value: &Json) -> Json {
    let value = match value {
        Json::Number(number) => json!({"intValue": number.to_string()}),
        Json::String(text) => json!({"stringValue": text}),
        other => json!({"stringValue": other.to_string()}),
    };
    json!({"key": key, "value": value})
}

/// The outermost that every request meets: its span, where somebody wants it.
pub async fn trace(State(server): State<Server>, mut request: Request, next: Next) -> Response {
    let Some(exporter) = server.exporter() else {
        return next.run(request).await;
    };
    let Some((trace, parent)) = context(request.headers()) else {
        return next.run(request).await;
    };
    let begun = unix_nanoseconds_now();
    let method = request.method().as_str().to_owned();
    let route = request
        .extensions()
        .get::<MatchedPath>()
        .map(|path| path.as_str().to_owned());
    let marks = Arc::<Marks>::default();
    request.extensions_mut().insert(Traced(marks.clone()));
    let response = next.run(request).await;
    let status = response.status();
    let mut attributes = vec![
        ("http.request.method", json!(method)),
        ("http.response.status_code", json!(status.as_u16())),
    ];
    let name = match &route {
        Some(route) => format!("{method} {route}"),
        None => method.clone(),
    };
    attributes.extend(route.map(|route| ("http.route", json!(route))));
    let request = Span {
        trace,
        id: span_id(),
        parent,
        name,
        kind: SERVER,
        begun,
        ended: unix_nanoseconds_now(),
        attributes,
        is_error: status.is_server_error(),
    };
    let mut spans = writer_spans(&request, marks.stages());
    spans.push(request);
    exporter.send(spans);
    response
}

/// The trace and the span that a request is part of. None where the caller says that nobody records it.
fn context(headers: &HeaderMap) -> Option<(String, Option<String>)> {
    match guards::trace_parent(headers) {
        Some(parent) if !parent.is_sampled => None,
        Some(parent) => Some((
            parent.trace.to_lowercase(),
            Some(parent.span.to_lowercase()),
        )),
        None => Some((Uuid::new_v4().simple().to_string(), None)),
    }
}

/// What the writer did for a request, as far as it came.
fn writer_spans(request: &Span, stages: Stages) -> Vec<Span> {
    let part = |name: &str, parent: &str, begun: u64, ended: u64| Span {
        trace: request.trace.clone(),
        id: span_id(),
        parent: Some(parent.to_owned()),
        name: name.to_owned(),
        kind: INTERNAL,
        begun,
        ended,
        attributes: Vec::new(),
        is_error: false,
    };
    let mut spans = Vec::new();
    if stages.begun > 0 {
        spans.push(part(
            "writer.queue",
            &request.id,
            stages.asked,
            stages.begun,
        ));
        spans.push(part(
            "writer.work",
            &request.id,
            stages.begun,
            stages.worked,
        ));
    }
    if stages.committed > 0 {
        let (begun, ended) = (stages.group_begun, stages.committed);
        let mut group = part("writer.group", &request.id, begun, ended);
        group
            .attributes
            .push(("daybook.group.requests", json!(stages.requests)));
        spans.push(part("writer.commit", &group.id, stages.commit_begun, ended));
        spans.push(group);
    }
    spans
}

/// 16 hexadecimal digits, not all of them zero.
fn span_id() -> String {
    Uuid::new_v4().simple().to_string()[..16].to_owned()
}
