//! The HTTP server: a book online. Every module is one kind of request; `listen` is the accept loop.

mod access;
mod answer;
mod asyncapi;
mod body;
mod care;
mod commands;
mod events;
mod gate;
mod guards;
mod history;
mod listen;
mod listing;
mod lives;
mod metrics;
mod openapi;
mod operate;
mod otlp;
mod parameters;
mod problem;
mod query;
mod repairs;
mod seats;
mod stall;
mod state;
mod studies;
mod subscribe;
mod tasks;
mod tls;

use std::sync::{Arc, Mutex, OnceLock, RwLock};
use std::time::Duration;

use axum::Router;
use axum::middleware::from_fn_with_state;
use axum::routing::{delete, get, post};
use tokio::sync::{Semaphore, oneshot, watch};

use crate::book::TaskNews;
use crate::book::{Answer, Book, Done, Reader, Writer, WriterOptions};
use crate::engine::Program;
use crate::gateway::{Gateway, Printer};
use crate::model::{Error, Result, Seq};
use crate::tasks::BookDesk;

pub use access::{Access, Caller};
pub use care::Care;
pub use listen::{Serving, serve};
pub use problem::Problem;
pub use tls::TlsFiles;

/// How a book is served.
#[derive(Debug, Clone)]
pub struct ServeOptions {
    /// Address and port; port 0 takes a free one.
    pub listen: std::net::SocketAddr,
    pub writer: WriterOptions,
    /// Bytes that a request's body may have.
    pub body_max: usize,
    /// Bytes of all bodies in memory at the same time; what is more is refused for the moment.
    pub bodies_max: usize,
    /// Connections at the same time. One more takes the place of the one that has been idle for the longest time, or
    /// waits where all are at work.
    pub connections_max: u32,
    /// Every request needs a token, even where the book has none yet and only this machine can ask.
    pub require_token: bool,
    /// What the server looks after by itself.
    pub care: Care,
    /// HTTPS instead of HTTP.
    pub tls: Option<TlsFiles>,
    /// Time a client has to send a request's head, counted from the end of the one before, and for a TLS handshake:
    /// what is slower is an attack, or nobody.
    pub head_time: Duration,
    /// Time for a request's body to arrive.
    pub body_time: Duration,
    /// Time for requests that were accepted to finish when the server stops.
    pub grace: Duration,
    /// Subscriptions at the same time; one more is refused.
    pub subscribers_max: usize,
    /// Time after which a client that takes nothing of what it asked for is cut off.
    pub stall: std::time::Duration,
    /// Time after which a subscriber hears something, even that nothing happened.
    pub heartbeat: std::time::Duration,
    /// Tasks are carried out.
    pub gateway: bool,
    /// Takes the lines of tasks that are printed.
    pub printer: Option<Printer>,
    /// Where spans are sent to, as OTLP over HTTP: `http://127.0.0.1:4318`.
    pub otlp: Option<String>,
}

impl ServeOptions {
    pub fn new(listen: std::net::SocketAddr) -> Self {
        ServeOptions {
            listen,
            writer: WriterOptions::default(),
            body_max: 8 << 20,
            bodies_max: 256 << 20,
            connections_max: 1_024,
            require_token: false,
            care: Care::default(),
            tls: None,
            head_time: Duration::from_secs(10),
            body_time: Duration::from_secs(30),
            grace: Duration::from_secs(30),
            subscribers_max: 256,
            stall: std::time::Duration::from_secs(10),
            heartbeat: std::time::Duration::from_secs(15),
            gateway: true,
            printer: None,
            otlp: None,
        }
    }
}

/// What the requests share.
#[derive(Clone)]
pub struct App(Arc<Shared>);

struct Shared {
    writer: Writer,
    book: std::path::PathBuf,
    /// What the writer made public last: readers never ask the writer.
    live: RwLock<Arc<Live>>,
    head: watch::Sender<Seq>,
    /// Counts commits in which something happened to tasks.
    steps: watch::Sender<u64>,
    /// Readers that wait for work; each has its own connection.
    readers: Mutex<Vec<Reader>>,
    reads: state::Reads,
    operations: operate::Operations,
    /// Absent until everything else is there, and where nobody carries tasks out.
    gateway: OnceLock<Gateway>,
    metrics: metrics::Metrics,
    access: Access,
    exporter: Option<otlp::Exporter>,
    /// A permit for each byte of a body in memory.
    memory: Arc<Semaphore>,
    subscriptions: subscribe::Subscriptions,
    /// True once the server stops.
    stop: watch::Sender<bool>,
    options: ServeOptions,
}

/// Answers that are given when this is dropped: also by a runtime that ends before it came to them.
struct Given(Option<Answer>);

impl Drop for Given {
    fn drop(&mut self) {
        if let Some(answer) = self.0.take() {
            answer();
        }
    }
}

/// The book as the last commit left it.
pub struct Live {
    pub head: Seq,
    pub program: Arc<Program>,
    /// The live projection's file.
    pub path: std::path::PathBuf,
}

impl Live {
    fn of(book: &mut Book) -> Live {
        Live {
            head: book.head(),
            program: book.program(),
            path: book.live_path(),
        }
    }
}

impl App {
    /// Gives a book to its writer's thread.
    pub(crate) fn start(
        mut book: Book,
        options: ServeOptions,
        tokio: tokio::runtime::Handle,
    ) -> Result<(App, std::thread::JoinHandle<Book>)> {
        let access = Access::of(book.dir(), &options)?;
        book.follow()?;
        let metrics = metrics::Metrics::default();
        let exporter = options.otlp.as_deref();
        let exporter =
            exporter.map(|endpoint| otlp::Exporter::start(endpoint, metrics.spans().clone()));
        let exporter = exporter.transpose()?;
        let live = Arc::new(Live::of(&mut book));
        let (head, _) = watch::channel(live.head);
        let path = book.dir().path().to_owned();
        let loader = book.loader();
        let publish: Arc<OnceLock<App>> = Arc::default();
        let to_publish = publish.clone();
        let watch = move |book: &mut Book, requests| {
            if let Some(app) = to_publish.get() {
                let projection = book.live_head().position.0;
                app.metrics().committed(requests, book.head().0, projection);
                app.publish(book);
                app.tell_gateway(&book.take_task_news());
            }
        };
        let give = Box::new(move |answer| {
            let answer = Given(Some(answer));
            tokio.spawn(async move { drop(answer) });
        });
        let (writer, thread) = Writer::start(book, options.writer, watch, give)?;
        let app = App(Arc::new(Shared {
            gateway: OnceLock::new(),
            writer,
            book: path,
            live: RwLock::new(live),
            head,
            steps: watch::Sender::new(0),
            readers: Mutex::default(),
            reads: state::Reads::default(),
            operations: operate::Operations::new(loader),
            metrics,
            access,
            exporter,
            memory: Arc::new(Semaphore::new(options.bodies_max.max(options.body_max))),
            subscriptions: subscribe::Subscriptions::new(options.subscribers_max),
            stop: watch::Sender::new(false),
            options,
        }));
        let _ = publish.set(app.clone());
        let started = app
            .care(app.0.operations.loader())
            .and_then(|()| app.start_gateway());
        if let Err(error) = started {
            app.writer().close();
            // Gone with the thread: nobody has been served.
            drop(thread.join());
            return Err(error);
        }
        Ok((app, thread))
    }

    fn publish(&self, book: &mut Book) {
        let live = Live::of(book);
        let head = live.head;
        *self
            .0
            .live
            .write()
            .unwrap_or_else(std::sync::PoisonError::into_inner) = Arc::new(live);
        self.0.head.send_replace(head);
    }

    /// What it commits is published like everything else, so it comes last.
    fn start_gateway(&self) -> Result<()> {
        if !self.options().gateway {
            return Ok(());
        }
        let desk = BookDesk::new(&self.0.book, self.writer().clone())?;
        let gateway = Gateway::start(desk, self.options().printer.clone())?;
        let _ = self.0.gateway.set(gateway);
        // Between its first look and now a commit may have asked for tasks, and found nobody to tell.
        if let Some(gateway) = self.gateway() {
            gateway.look();
        }
        Ok(())
    }

    fn tell_gateway(&self, news: &TaskNews) {
        if news.stepped {
            self.0.steps.send_modify(|count| *count += 1);
        }
        let Some(gateway) = self.gateway() else {
            return;
        };
        if news.asked {
            gateway.look();
        }
        if !news.touched.is_empty() {
            gateway.touched(news.touched.clone());
        }
        if news.anew {
            gateway.anew();
        }
    }

    /// Who carries out tasks, where anybody does.
    pub(crate) fn gateway(&self) -> Option<&Gateway> {
        self.0.gateway.get()
    }

    /// The book as the last commit left it.
    pub fn live(&self) -> Arc<Live> {
        self.0
            .live
            .read()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
            .clone()
    }

    /// Tells of every new head.
    pub fn follow(&self) -> watch::Receiver<Seq> {
        self.0.head.subscribe()
    }

    /// Tells whenever something happened to tasks.
    pub fn follow_tasks(&self) -> watch::Receiver<u64> {
        self.0.steps.subscribe()
    }

    /// True once the server stops: what would go on for ever has to end.
    pub fn stopped(&self) -> watch::Receiver<bool> {
        self.0.stop.subscribe()
    }

    pub(crate) fn subscriptions(&self) -> &subscribe::Subscriptions {
        &self.0.subscriptions
    }

    pub fn writer(&self) -> &Writer {
        &self.0.writer
    }

    /// Who may ask.
    pub fn access(&self) -> &Access {
        &self.0.access
    }

    fn memory(&self) -> &Arc<Semaphore> {
        &self.0.memory
    }

    /// Who is told of requests, where somebody wants to be.
    pub(crate) fn exporter(&self) -> Option<&otlp::Exporter> {
        self.0.exporter.as_ref()
    }

    /// What is counted.
    pub(crate) fn metrics(&self) -> &metrics::Metrics {
        &self.0.metrics
    }

    pub fn options(&self) -> &ServeOptions {
        &self.0.options
    }

    /// Asks the writer, and waits for its answer.
    async fn ask<T: Send + 'static>(
        &self,
        send: impl FnOnce(&Writer, Done<T>) -> Result<()>,
    ) -> Result<T> {
        let (done, answer) = oneshot::channel();
        send(
            &self.0.writer,
            // A caller that is gone does not want its answer.
            Box::new(move |result| drop(done.send(result))),
        )?;
        answer
            .await
            .map_err(|_| Error::unavailable("the book is being closed"))?
    }

    /// Reads on a thread where waiting is allowed, with a connection of its own.
    pub async fn read<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Reader) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let app = self.clone();
        let read = move || {
            let readers = &app.0.readers;
            let lock = || {
                readers
                    .lock()
                    .unwrap_or_else(std::sync::PoisonError::into_inner)
            };
            let idle = lock().pop();
            let reader = match idle {
                Some(reader) => reader,
                None => Reader::beside(&app.0.book)?,
            };
            let result = work(&reader);
            lock().push(reader);
            result
        };
        tokio::task::spawn_blocking(read)
            .await
            .map_err(|error| Error::internal(format!("a read ended early: {error}")))?
    }

    fn router(self) -> Router {
        let router = Router::new()
            .route("/commands/{type}", post(commands::post))
            .route("/", get(history::index))
            .route("/events", post(events::post).get(history::list))
            .route("/events/{event}", get(history::show))
            .route("/events/{event}/amend", post(repairs::amend))
            .route("/events/{event}/redact", post(repairs::redact))
            .route("/events/{event}/undo", post(repairs::undo))
            .route("/query", post(query::post))
            .route("/state", get(state::tables))
            .route("/state/{table}", get(state::list))
            .route("/state/{table}/{key}", get(state::row))
            .route("/versions", get(history::versions).post(operate::load))
            .route("/versions/{version}/activate", post(operate::activate))
            .route("/versions/{version}/promote", post(lives::promote))
            .route("/versions/{version}/retire", post(lives::retire))
            .route("/rollback", post(lives::rollback))
            .route("/shadows", get(lives::shadows).post(lives::shadow))
            .route("/shadows/{version}", delete(lives::drop_shadow))
            .route("/tasks", get(tasks::list))
            .route("/tasks/{id}", get(tasks::show))
            .route("/tasks/{id}/retry", post(tasks::retry))
            .route("/tasks/{id}/edit", post(tasks::edit))
            .route("/tasks/{id}/dismiss", post(tasks::dismiss))
            .route("/tasks/{id}/cancel", post(tasks::cancel))
            .route("/gateway", get(tasks::kinds))
            .route(
                "/gateway/{kind}",
                get(tasks::kind).put(tasks::set).delete(tasks::unset),
            )
            .route("/snapshots", get(lives::snapshots).post(lives::snapshot))
            .route("/changelog", get(lives::changelog))
            .route("/verify", post(operate::verify))
            .route("/versions/{version}/certify", post(studies::certify))
            .route("/bisect", post(studies::bisect))
            .route("/diff", post(studies::diff))
            .route("/diff/commands", post(studies::commands))
            .route("/dooms", post(studies::dooms))
            .route("/events/{event}/doom", post(studies::remedy))
            .route("/tasks/late", post(studies::late_tasks))
            .route("/reconcile", post(studies::reconcile))
            .route("/api", get(openapi::page))
            .route("/openapi.json", get(openapi::get))
            .route("/metrics", get(metrics::get))
            .route("/readyz", get(metrics::ready))
            .route("/subscribe", get(subscribe::get))
            .route("/asyncapi.json", get(asyncapi::get))
            .route("/healthz", get(|| async { "alive" }))
            .fallback(problem::not_found)
            .method_not_allowed_fallback(problem::method_not_allowed)
            .layer(from_fn_with_state(self.clone(), gate::pass));
        let router = match self.exporter() {
            None => router,
            Some(_) => router.layer(from_fn_with_state(self.clone(), otlp::trace)),
        };
        router.with_state(self)
    }
}
