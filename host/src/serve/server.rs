//! What all books of a process share while they are served: options, the memory for bodies, counters, spans, and the word
//! that it stops. It knows no book; `hosted` is one book, `listener` the socket.

use std::sync::Arc;

use tokio::sync::{Semaphore, watch};

use super::metrics::Metrics;
use super::options::ServeOptions;
use super::otlp::Exporter;
use crate::model::Result;
use crate::study::PastStates;

/// A server. Clones are the one server.
#[derive(Clone)]
pub struct Server(Arc<Shared>);

struct Shared {
    options: ServeOptions,
    metrics: Metrics,
    exporter: Option<Exporter>,
    /// A permit for each byte of a body in memory.
    memory: Arc<Semaphore>,
    /// Earlier states of whatever book are built by one engine, apart from those of writers: it costs a writer a tenth to
    /// share its own.
    past_states: PastStates,
    /// True once the server stops.
    stop: watch::Sender<bool>,
}

impl Server {
    pub fn new(options: ServeOptions) -> Result<Server> {
        let metrics = Metrics::default();
        let endpoint = options.otlp.as_deref();
        let exporter = endpoint
            .map(|endpoint| Exporter::start(endpoint, metrics.spans().clone()))
            .transpose()?;
        Ok(Server(Arc::new(Shared {
            memory: Arc::new(Semaphore::new(options.bodies_max.max(options.body_max))),
            options,
            metrics,
            exporter,
            past_states: PastStates::default(),
            stop: watch::Sender::new(false),
        })))
    }

    pub fn options(&self) -> &ServeOptions {
        &self.0.options
    }

    /// What is counted.
    pub fn metrics(&self) -> &Metrics {
        &self.0.metrics
    }

    /// Who is told of requests, where somebody wants to be.
    pub fn exporter(&self) -> Option<&Exporter> {
        self.0.exporter.as_ref()
    }

    /// Room for the bodies of all requests, a permit for each byte.
    pub fn memory(&self) -> &Arc<Semaphore> {
        &self.0.memory
    }

    /// Builds earlier states.
    pub fn past_states(&self) -> &PastStates {
        &self.0.past_states
    }

    /// Says that what goes on for ever has to end.
    pub fn stop(&self) {
        self.0.stop.send_replace(true);
    }

    /// True once the server stops.
    pub fn stopped(&self) -> watch::Receiver<bool> {
        self.0.stop.subscribe()
    }

    pub fn is_stopped(&self) -> bool {
        *self.0.stop.borrow()
    }
}
