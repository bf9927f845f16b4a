//! One book online: its writer, its readers, who may ask for it, who listens, and who carries out its tasks. What several
//! books share is the `Server`'s.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, OnceLock, PoisonError, RwLock};
use std::thread::JoinHandle;
use std::time::Duration;

use tokio::runtime::Handle;
use tokio::sync::{oneshot, watch};

use super::access::Access;
use super::operations::Operations;
use super::reads::{Live, Reads};
use super::server::Server;
use super::subscriptions::Subscriptions;
use crate::book::{Answer, Book, Done, Reader, TaskNews, Writer};
use crate::gateway::{Gateway, Outside};
use crate::model::{Error, Result, Seq};
use crate::tasks::{BookDesk, Timekeeper, TimekeeperHandle};

/// Connections to the log that are kept while nobody reads, and those of them that keep the pages they have read.
const READERS_IDLE_MAX: usize = 32;
const READERS_WARM_MAX: usize = 4;

/// Time between two looks whether there are tokens.
const TOKENS_LOOK: Duration = Duration::from_millis(500);

/// A book that is served. Clones are the one book.
#[derive(Clone)]
pub struct Hosted(Arc<Shared>);

struct Shared {
    server: Server,
    writer: Writer,
    book: PathBuf,
    /// What the writer made public last: readers never ask the writer.
    live: RwLock<Arc<Live>>,
    head: watch::Sender<Seq>,
    /// Counts commits in which something happened to tasks.
    steps: watch::Sender<u64>,
    /// Readers that wait for work; each has its own connection.
    readers: Mutex<Vec<Reader>>,
    reads: Reads,
    operations: Operations,
    /// Absent until everything else is there, and where nobody carries tasks out.
    gateway: OnceLock<Gateway>,
    /// It follows another book, which carries out its tasks and runs its schedules.
    is_copy: bool,
    /// Who runs commands by the clock, under the same terms.
    timekeeper: OnceLock<TimekeeperHandle>,
    access: Access,
    subscriptions: Subscriptions,
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

impl Hosted {
    /// Gives a book to its writer's thread. Answers are given on the threads of `tokio`.
    pub fn start(
        mut book: Book,
        server: Server,
        tokio: Handle,
    ) -> Result<(Hosted, JoinHandle<Book>)> {
        let access = Access::of(book.dir(), book.log(), server.options())?;
        if access.has_tokens() {
            book.note_tokens()?;
        }
        book.start_shadow_threads()?;
        let is_copy = book.follows()?.is_some();
        let live = Arc::new(Live::of(&mut book));
        let (head, _) = watch::channel(live.head);
        let path = book.dir().path().to_owned();
        let loader = book.loader();
        let publish: Arc<OnceLock<Hosted>> = Arc::default();
        let to_publish = publish.clone();
        let watch = move |book: &mut Book, requests| {
            if let Some(hosted) = to_publish.get() {
                let projection = book.live_head().position.0;
                let metrics = hosted.server().metrics();
                metrics.committed(requests, book.head().0, projection);
                hosted.publish(book);
                hosted.tell_gateway(&book.take_task_news());
            }
        };
        let looks = tokio.clone();
        let give = Box::new(move |answer| {
            let answer = Given(Some(answer));
            tokio.spawn(async move { drop(answer) });
        });
        let (writer, thread) = Writer::start(book, server.options().writer, watch, give)?;
        let subscribers_max = server.options().subscribers_max;
        let hosted = Hosted(Arc::new(Shared {
            server,
            gateway: OnceLock::new(),
            timekeeper: OnceLock::new(),
            is_copy,
            writer,
            book: path,
            live: RwLock::new(live),
            head,
            steps: watch::Sender::new(0),
            readers: Mutex::default(),
            reads: Reads::default(),
            operations: Operations::new(loader),
            access,
            subscriptions: Subscriptions::new(subscribers_max),
        }));
        let _ = publish.set(hosted.clone());
        looks.spawn(hosted.clone().watch_tokens());
        Ok((hosted, thread))
    }

    fn publish(&self, book: &mut Book) {
        let live = Live::of(book);
        let head = live.head;
        let mut public = self.0.live.write().unwrap_or_else(PoisonError::into_inner);
        *public = Arc::new(live);
        drop(public);
        self.0.head.send_replace(head);
    }

    /// Has the log told of the first token as soon as it is there: it may be given while the book is served.
    pub async fn watch_tokens(self) {
        let mut stopped = self.server().stopped();
        while !self.access().has_tokens() {
            tokio::select! {
                _ = stopped.wait_for(|stopped| *stopped) => return,
                () = tokio::time::sleep(TOKENS_LOOK) => {}
            }
        }
        while let Err(error) = self.alone(Book::note_tokens).await {
            tracing::warn!(%error, "the log is not told that there are tokens");
            tokio::select! {
                _ = stopped.wait_for(|stopped| *stopped) => return,
                () = tokio::time::sleep(TOKENS_LOOK) => {}
            }
        }
    }

    /// Has tasks carried out. What that commits is published like everything else, so it comes last.
    pub fn start_gateway(&self) -> Result<()> {
        let options = self.server().options();
        if !options.gateway || self.0.is_copy {
            return Ok(());
        }
        let desk = BookDesk::new(&self.0.book, self.writer().clone())?;
        let outside = Outside {
            printer: options.printer.clone(),
            folders: options.folders.clone(),
            carrier: None,
        };
        let gateway = Gateway::start(desk, outside)?;
        let _ = self.0.gateway.set(gateway);
        // Between its first look and now a commit may have asked for tasks, and found nobody to tell.
        if let Some(gateway) = self.gateway() {
            gateway.look();
        }
        Ok(())
    }

    /// Has commands run by the clock.
    pub fn start_timekeeper(&self) -> Result<()> {
        if self.server().options().schedules && !self.0.is_copy {
            let timekeeper = Timekeeper::new(&self.0.book, self.writer().clone())?;
            let handle = timekeeper.start()?;
            let _ = self.0.timekeeper.set(handle.clone());
            // Between its first look and now a schedule may have been set, and found nobody to tell.
            handle.look();
        }
        Ok(())
    }

    fn tell_gateway(&self, news: &TaskNews) {
        if news.timed
            && let Some(timekeeper) = self.0.timekeeper.get()
        {
            timekeeper.look();
        }
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

    /// What it shares with other books.
    pub fn server(&self) -> &Server {
        &self.0.server
    }

    /// Who carries out tasks, where anybody does.
    pub fn gateway(&self) -> Option<&Gateway> {
        self.0.gateway.get()
    }

    /// Whether commands are run by the clock.
    pub fn runs_schedules(&self) -> bool {
        self.0.timekeeper.get().is_some()
    }

    /// Begins no further delivery, waits for those on their way, and runs nothing by the clock any more.
    pub fn stop_working(&self) {
        self.end_working();
        if let Some(gateway) = self.gateway() {
            gateway.stop();
        }
    }

    /// The same without waiting.
    pub fn end_working(&self) {
        if let Some(timekeeper) = self.0.timekeeper.get() {
            timekeeper.stop();
        }
        if let Some(gateway) = self.gateway() {
            gateway.close();
        }
    }

    /// The book as the last commit left it.
    pub fn live(&self) -> Arc<Live> {
        let live = self.0.live.read().unwrap_or_else(PoisonError::into_inner);
        live.clone()
    }

    /// Tells of every new head.
    pub fn subscribe_head(&self) -> watch::Receiver<Seq> {
        self.0.head.subscribe()
    }

    /// Tells whenever something happened to tasks.
    pub fn subscribe_tasks(&self) -> watch::Receiver<u64> {
        self.0.steps.subscribe()
    }

    pub fn subscriptions(&self) -> &Subscriptions {
        &self.0.subscriptions
    }

    pub fn writer(&self) -> &Writer {
        &self.0.writer
    }

    /// Who may ask.
    pub fn access(&self) -> &Access {
        &self.0.access
    }

    /// What its reads share.
    pub fn reads(&self) -> &Reads {
        &self.0.reads
    }

    /// What its operations share.
    pub fn operations(&self) -> &Operations {
        &self.0.operations
    }

    /// Asks the writer, and waits for its answer.
    pub async fn ask<T: Send + 'static>(
        &self,
        send: impl FnOnce(&Writer, Done<T>) -> Result<()>,
    ) -> Result<T> {
        let (done, answer) = oneshot::channel();
        send(
            &self.0.writer,
            // A caller that is gone does not want its answer.
            Box::new(move |result| drop(done.send(result))),
        )?;
        answer.await.map_err(|_| self.0.writer.gone())?
    }

    /// Has the book to itself between two groups.
    pub async fn alone<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Book) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        self.ask(|writer, done| writer.alone(work, done)).await
    }

    /// Reads on a thread where waiting is allowed, with a connection of its own.
    pub async fn read<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Reader) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let hosted = self.clone();
        let read = move || {
            let readers = &hosted.0.readers;
            let lock = || readers.lock().unwrap_or_else(PoisonError::into_inner);
            let idle = lock().pop();
            let reader = match idle {
                Some(reader) => reader,
                None => Reader::beside(&hosted.0.book)?,
            };
            let result = work(&reader);
            // Some keep what they have read for the next one; others would keep memory for nobody.
            let waiting = lock().len();
            if waiting < READERS_IDLE_MAX
                && (waiting < READERS_WARM_MAX || reader.log().shrink().is_ok())
            {
                lock().push(reader);
            }
            result
        };
        tokio::task::spawn_blocking(read)
            .await
            .map_err(|error| Error::internal(format!("a read ended early: {error}")))?
    }
}
