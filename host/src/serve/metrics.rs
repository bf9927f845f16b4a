//! What is counted of a server and its books, in the OpenMetrics text that Prometheus reads.

use std::sync::atomic::AtomicU64;

use axum::http::{Method, StatusCode};
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};
use prometheus_client::registry::Registry;

use super::otlp::Counts;
use crate::book::EventWithEffects;
use crate::engine::Usage;
use crate::model::clock::{Stopwatch, unix_milliseconds, unix_milliseconds_now};
use crate::model::{Error, Result};
use crate::store::KindCount;

/// What requests are told apart by.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct RequestLabels {
    method: &'static str,
    /// The route, not the path: there are few.
    route: &'static str,
    status: u16,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Route {
    route: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Verified {
    /// `true` or `false`.
    holds: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct TaskKind {
    kind: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OpenTask {
    kind: String,
    state: &'static str,
}

/// Everything that is counted.
pub struct Metrics {
    registry: Registry,
    requests: Family<RequestLabels, Counter>,
    seconds: Family<Route, Histogram>,
    commits: Counter,
    group: Histogram,
    fuel: Counter,
    rows_read: Counter,
    rows_written: Counter,
    handler_log_lines: Counter,
    head: Gauge,
    lag: Gauge,
    verifications: Family<Verified, Counter>,
    waiting: Gauge,
    tasks: Family<OpenTask, Gauge>,
    tasks_oldest: Family<TaskKind, Gauge<f64, AtomicU64>>,
    spans: Counts,
}

impl Default for Metrics {
    fn default() -> Self {
        let mut metrics = Metrics {
            registry: Registry::with_prefix("daybook"),
            requests: Family::default(),
            // 50 µs to 26 s.
            seconds: Family::new_with_constructor(|| {
                Histogram::new(exponential_buckets(50e-6, 2.0, 20))
            }),
            commits: Counter::default(),
            group: Histogram::new(exponential_buckets(1.0, 2.0, 10)),
            fuel: Counter::default(),
            rows_read: Counter::default(),
            rows_written: Counter::default(),
            handler_log_lines: Counter::default(),
            head: Gauge::default(),
            lag: Gauge::default(),
            verifications: Family::default(),
            waiting: Gauge::default(),
            tasks: Family::default(),
            tasks_oldest: Family::default(),
            spans: Counts::default(),
        };
        let to = &mut metrics.registry;
        to.register("requests", "Requests answered", metrics.requests.clone());
        to.register(
            "request_seconds",
            "Time to the answer",
            metrics.seconds.clone(),
        );
        to.register("commits", "Groups made durable", metrics.commits.clone());
        to.register(
            "group_requests",
            "Requests that shared a commit",
            metrics.group.clone(),
        );
        to.register(
            "fuel",
            "Fuel burned by handlers of kept events",
            metrics.fuel.clone(),
        );
        to.register(
            "rows_read",
            "Rows read by handlers of kept events",
            metrics.rows_read.clone(),
        );
        to.register(
            "rows_written",
            "Rows written by handlers of kept events",
            metrics.rows_written.clone(),
        );
        to.register(
            "handler_log_lines",
            "Lines logged by handlers of kept events",
            metrics.handler_log_lines.clone(),
        );
        to.register(
            "head",
            "Position of the log's last event",
            metrics.head.clone(),
        );
        to.register(
            "projection_lag",
            "Events that the live projection is behind the log",
            metrics.lag.clone(),
        );
        to.register(
            "verifications",
            "Times that the server verified history by itself",
            metrics.verifications.clone(),
        );
        to.register(
            "queue",
            "Requests that wait for the writer",
            metrics.waiting.clone(),
        );
        to.register(
            "tasks",
            "Tasks that are not over, by kind and state",
            metrics.tasks.clone(),
        );
        to.register(
            "tasks_oldest_seconds",
            "How long the oldest task has been due that waits or is being delivered",
            metrics.tasks_oldest.clone(),
        );
        to.register(
            "spans_sent",
            "Spans that the receiver of traces took",
            metrics.spans.sent.clone(),
        );
        to.register(
            "spans_dropped",
            "Spans that could not be sent",
            metrics.spans.dropped.clone(),
        );
        metrics
    }
}

impl Metrics {
    /// A group of requests was made durable; or, of none, an operation was done.
    pub fn committed(&self, requests: usize, head: u64, projection: u64) {
        if requests > 0 {
            self.commits.inc();
            self.group.observe(requests as f64);
        }
        self.head.set(i64::try_from(head).unwrap_or(i64::MAX));
        let lag = head.saturating_sub(projection);
        self.lag.set(i64::try_from(lag).unwrap_or(i64::MAX));
    }

    /// History was verified, and holds or does not.
    pub fn verified(&self, holds: bool) {
        self.verifications
            .get_or_create(&Verified {
                holds: holds.to_string(),
            })
            .inc();
    }

    /// Spans, as they are sent.
    pub fn spans(&self) -> &Counts {
        &self.spans
    }

    /// Requests that wait for a writer.
    pub fn waiting(&self, requests: usize) {
        let requests = i64::try_from(requests).unwrap_or(i64::MAX);
        self.waiting.set(requests);
    }

    /// As OpenMetrics text.
    pub fn text(&self) -> Result<String> {
        let mut text = String::new();
        encode(&mut text, &self.registry)
            .map_err(|error| Error::internal(format!("metrics: {error}")))?;
        Ok(text)
    }

    /// How many tasks may go on, and since when.
    pub fn tasks(&self, open: Vec<KindCount>) {
        let now = unix_milliseconds_now();
        for of_kind in open {
            for (state, count) in of_kind.counts {
                let open = OpenTask {
                    kind: of_kind.kind.clone(),
                    state: state.as_str(),
                };
                let count = i64::try_from(count).unwrap_or(i64::MAX);
                self.tasks.get_or_create(&open).set(count);
            }
            let since = of_kind.oldest_at.as_deref().and_then(unix_milliseconds);
            let age = since.map_or(0, |since| (now - since).max(0));
            let kind = TaskKind { kind: of_kind.kind };
            let seconds = age as f64 / 1e3;
            self.tasks_oldest.get_or_create(&kind).set(seconds);
        }
    }

    /// What events that were kept have cost.
    pub fn used<'a>(&self, events: impl IntoIterator<Item = &'a EventWithEffects>) {
        let mut all = Usage::default();
        for caused in events {
            all += caused.usage;
            self.handler_log_lines.inc_by(caused.log.len() as u64);
        }
        self.fuel.inc_by(all.fuel);
        self.rows_read.inc_by(all.rows_read);
        self.rows_written.inc_by(all.rows_written);
    }
}

/// A request that is counted and timed once it is answered.
pub struct Counting {
    watch: Stopwatch,
    method: &'static str,
    route: &'static str,
}

impl Counting {
    /// Under the path that its route declares; `none` where there is no such route.
    pub fn begin(method: &Method, route: &'static str) -> Counting {
        let method = match *method {
            Method::GET => "GET",
            Method::POST => "POST",
            Method::HEAD => "HEAD",
            // Whatever a client makes up must not become a series of its own.
            _ => "other",
        };
        Counting {
            watch: Stopwatch::start(),
            method,
            route,
        }
    }

    pub fn end(self, metrics: &Metrics, status: StatusCode) {
        let asked = RequestLabels {
            method: self.method,
            route: self.route,
            status: status.as_u16(),
        };
        metrics.requests.get_or_create(&asked).inc();
        let route = Route { route: self.route };
        let seconds = metrics.seconds.get_or_create(&route);
        seconds.observe(self.watch.seconds());
    }
}
