//! One writer thread per book: it takes what waits, works it out request by request, and makes it durable together.

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::sync::{Arc, OnceLock};
use std::thread::JoinHandle;

use super::append::{Admitted, AppendRequest};
use super::command::{Reply, Request};
use super::group::Group;
use super::marks::{GroupMarks, Marks};
use super::open::Book;
use crate::gateway::{Made, Moves};
use crate::model::clock::{self, Stopwatch};
use crate::model::error::Problem;
use crate::model::{Error, ErrorKind, Result, limits};
use crate::store::Checkpoints;

/// How much may wait, and how much shares a commit.
#[derive(Debug, Clone, Copy)]
pub struct WriterOptions {
    /// Requests that may wait. One more is refused with `Problem::Busy`.
    pub queue_max: usize,
    /// Requests that share one commit at most. While one group becomes durable, the clients of the one before it ask
    /// anew: with 64 of them, groups of all who wait were a fifth slower than groups of half of them.
    pub group_max: usize,
}

impl Default for WriterOptions {
    fn default() -> Self {
        WriterOptions {
            queue_max: 1_024,
            group_max: 32,
        }
    }
}

/// Pages, by estimate, after which write-ahead logs are carried over. A page that many groups wrote is carried over once:
/// with a sixth of these, 64 clients got a tenth less done. With more, the writer's fsync waits longer for the
/// carrying's own: the 99th percentile at half load is 5 ms with a sixth of them, and some 10 ms with these.
const CHECKPOINT_PAGES: usize = 6_144;

/// What a group writes, by estimate: some pages in any case, and more with each request.
fn pages_of(requests: usize) -> usize {
    8 + 2 * requests
}

/// Time after which a group takes no further request: what was quick does not wait for the slow ones behind it.
const GROUP_SECONDS_MAX: f64 = 0.05;

/// Is told the answer, on the writer's thread: it should only pass it on.
pub type Done<T> = Box<dyn FnOnce(Result<T>) + Send>;

/// Gives what came of a piece of work to who asked for it.
pub type Answer = Box<dyn FnOnce() + Send>;

/// Has answers given, somewhere. Whoever waits for one may be on another processor and asleep; to wake one after another
/// would keep the writer's thread from the next group.
pub type Give = Box<dyn Fn(Answer) + Send>;

/// Is told of every commit, and how many requests shared it; none where somebody had the book alone.
pub type Watch = Box<dyn FnMut(&mut Book, usize) + Send>;

/// Is given the book, or why it cannot be had.
type Work = Box<dyn FnOnce(Result<&mut Book>) -> Answer + Send>;

enum Job {
    Run(Request, Done<Reply>),
    Append(AppendRequest, Done<Vec<Admitted>>),
    /// What becomes of tasks.
    Make(Moves, Done<Vec<Made>>),
    /// A command whose time has come.
    Due(Due, Done<()>),
    /// Anything else that needs the book to itself: between two groups.
    Alone(Work),
    Stop,
}

/// Runs a command whose time has come inside a group: the book does not know by itself how.
pub type Due = Box<dyn FnOnce(&mut Book, &mut Group) -> Result<()> + Send>;

/// A handle on the thread; clones share it.
#[derive(Clone)]
pub struct Writer {
    jobs: SyncSender<Job>,
    waiting: Arc<AtomicUsize>,
    closing: Arc<AtomicBool>,
    /// What the thread panicked with, if it did.
    fault: Arc<OnceLock<String>>,
}

impl Writer {
    /// Gives a book to a thread of its own. `watch` is told of every commit, before its
    /// answers are given, and how many requests shared it; none where somebody had the book alone. `give` gets the
    /// answers of each group of several requests, and must carry them out. The thread gives the book back when it is
    /// stopped.
    pub fn start(
        book: Book,
        options: WriterOptions,
        watch: impl FnMut(&mut Book, usize) + Send + 'static,
        give: Give,
    ) -> Result<(Writer, JoinHandle<Book>)> {
        let checkpoints = Checkpoints::start(book.dir().log())?;
        let look = Box::new(move |live| checkpoints.look(live));
        let (writer, mut turns) = Self::in_turns(book, options, Box::new(watch), give, look);
        let fault = writer.fault.clone();
        let thread = std::thread::Builder::new()
            .name("daybook-writer".to_owned())
            .spawn(move || {
                let turned = catch_unwind(AssertUnwindSafe(|| while turns.turn(true) {}));
                if let Err(panic) = turned {
                    let said = panic.downcast_ref::<String>().map(String::as_str);
                    let said = said.or(panic.downcast_ref::<&str>().copied());
                    // Told before anybody finds the queue gone.
                    let _ = fault.set(said.unwrap_or("it did not say why").to_owned());
                    drop(turns);
                    resume_unwind(panic);
                }
                turns.end()
            })
            .map_err(|error| Error::io("starting the writer's thread", error))?;
        Ok((writer, thread))
    }

    /// As `start`, without a thread: whoever has the turns takes them. `look` is given the live projection's file whenever
    /// write-ahead logs have become long.
    pub fn in_turns(
        book: Book,
        options: WriterOptions,
        watch: Watch,
        give: Give,
        look: Box<dyn FnMut(PathBuf) + Send>,
    ) -> (Writer, Turns) {
        let (jobs, queue) = sync_channel(options.queue_max);
        let waiting = Arc::new(AtomicUsize::new(0));
        let closing = Arc::new(AtomicBool::new(false));
        let writer = Writer {
            jobs,
            waiting: waiting.clone(),
            closing: closing.clone(),
            fault: Arc::default(),
        };
        let turns = Turns {
            book,
            options,
            queue: Queue {
                jobs: queue,
                waiting,
                closing,
            },
            next: None,
            pages: 0,
            watch,
            give,
            look,
        };
        (writer, turns)
    }

    /// Requests that wait.
    pub fn waiting(&self) -> usize {
        self.waiting.load(Ordering::Relaxed)
    }

    /// What ended the thread before anybody stopped it.
    pub fn fault(&self) -> Option<Error> {
        let said = self.fault.get()?;
        Some(
            Error::internal(format!("the book's writer has panicked: {said}"))
                .hint("start the server again; what was acknowledged is kept"),
        )
    }

    /// Why nobody answers any more.
    pub fn gone(&self) -> Error {
        let closing = || Error::unavailable("the book is being closed");
        self.fault().unwrap_or_else(closing)
    }

    pub fn run(&self, request: Request, done: Done<Reply>) -> Result<()> {
        if let Some(marks) = &request.marks {
            marks.ask();
        }
        self.send(Job::Run(request, done))
    }

    pub fn append(&self, request: AppendRequest, done: Done<Vec<Admitted>>) -> Result<()> {
        if let Some(marks) = &request.marks {
            marks.ask();
        }
        self.send(Job::Append(request, done))
    }

    /// Moves of tasks, which share a commit with whatever else is asked for.
    pub fn make(&self, moves: Moves, done: Done<Vec<Made>>) -> Result<()> {
        self.send(Job::Make(moves, done))
    }

    /// A command whose time has come, which shares a commit with whatever else is asked for.
    pub fn due(&self, run: Due, done: Done<()>) -> Result<()> {
        self.send(Job::Due(run, done))
    }

    /// Has the book to itself between two groups. As for every request, what came of it is told once it is public.
    pub fn alone<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Book) -> Result<T> + Send + 'static,
        done: Done<T>,
    ) -> Result<()> {
        self.send(Job::Alone(Box::new(move |book| {
            let result = book.and_then(work);
            Box::new(move || done(result))
        })))
    }

    /// Ends the thread once everything that waits is answered.
    pub fn stop(&self) {
        // A thread that is gone has stopped.
        let _ = self.jobs.send(Job::Stop);
    }

    /// The same, but what has not begun is refused.
    pub fn close(&self) {
        self.closing.store(true, Ordering::Relaxed);
        self.stop();
    }

    fn send(&self, job: Job) -> Result<()> {
        self.waiting.fetch_add(1, Ordering::Relaxed);
        self.jobs.try_send(job).map_err(|error| {
            self.waiting.fetch_sub(1, Ordering::Relaxed);
            match error {
                TrySendError::Full(_) => {
                    Error::unavailable("too many requests wait already; none was kept")
                        .problem(Problem::Busy)
                        .hint("try again in a moment")
                }
                TrySendError::Disconnected(_) => self.gone(),
            }
        })
    }
}

/// The writer's side of the queue.
struct Queue {
    jobs: Receiver<Job>,
    waiting: Arc<AtomicUsize>,
    closing: Arc<AtomicBool>,
}

impl Queue {
    fn take(&self, wait: bool) -> Option<Job> {
        loop {
            let job = if wait {
                self.jobs.recv().ok()
            } else {
                self.jobs.try_recv().ok()
            };
            let job = job?;
            self.waiting.fetch_sub(1, Ordering::Relaxed);
            if !self.closing.load(Ordering::Relaxed) || matches!(job, Job::Stop) {
                return Some(job);
            }
            refuse(Some(job), &Error::unavailable("the book is being closed"));
        }
    }
}

/// Answers that wait for the commit.
type Answers = Vec<Box<dyn FnOnce(&Result<()>) + Send>>;

/// The writer's side: the book, and what is asked of it.
pub struct Turns {
    book: Book,
    options: WriterOptions,
    queue: Queue,
    /// Taken from the queue, and for the next turn.
    next: Option<Job>,
    /// Written since the write-ahead logs were carried over, by estimate.
    pages: usize,
    watch: Watch,
    give: Give,
    look: Box<dyn FnMut(PathBuf) + Send>,
}

impl Turns {
    /// Works out what waits, as far as it shares one commit, makes it durable, and has it answered. Where nothing waits, it
    /// does nothing, or waits. False once it was told to stop.
    pub fn turn(&mut self, wait: bool) -> bool {
        let Some(first) = self.next.take().or_else(|| self.queue.take(wait)) else {
            // Who waits and gets nothing will never get anything: nobody is there to ask.
            return !wait;
        };
        match first {
            Job::Stop => return false,
            Job::Alone(work) => {
                let answer = match mend(&mut self.book) {
                    Ok(()) => work(Ok(&mut self.book)),
                    Err(error) => work(Err(error)),
                };
                // Whether or not it went well: what a failure left is what is there.
                (self.watch)(&mut self.book, 0);
                answer();
            }
            job => self.group(job),
        }
        true
    }

    /// The book, whose threads have ended. What still waits is never answered.
    pub fn end(mut self) -> Book {
        self.book.end_shadow_threads();
        self.book
    }

    /// The book, between two turns.
    pub fn book(&mut self) -> &mut Book {
        &mut self.book
    }

    fn group(&mut self, job: Job) {
        let book = &mut self.book;
        let mut answers = Answers::new();
        let mut marks = GroupMarks::default();
        let mut job = Some(job);
        let begun_at = Stopwatch::start();
        let begun = mend(book).and_then(|()| book.group());
        let mut group = match begun {
            Ok(group) => group,
            Err(error) => return refuse(job, &error),
        };
        while let Some(asked) = job.take() {
            self.next = join(book, &mut group, asked, &mut answers, &mut marks);
            if self.next.is_some()
                || answers.len() >= self.options.group_max
                || group.events() >= limits::EVENTS_PER_REQUEST_MAX
                || group.bytes() >= limits::EFFECTS_BYTES_PER_REQUEST_MAX
                || begun_at.seconds() >= GROUP_SECONDS_MAX
            {
                break;
            }
            job = self.queue.take(false);
        }
        marks.commit_begins();
        let kept = book.commit_group(group);
        marks.committed(answers.len());
        if kept.is_ok() {
            (self.watch)(book, answers.len());
        }
        self.pages += pages_of(answers.len());
        let several = answers.len() > 1;
        let answer_all: Answer =
            Box::new(move || answers.into_iter().for_each(|answer| answer(&kept)));
        match several {
            true => (self.give)(answer_all),
            false => answer_all(),
        }
        if self.pages >= CHECKPOINT_PAGES {
            self.pages = 0;
            (self.look)(self.book.live_path());
        }
    }
}

/// A projection that a failed commit left behind is brought up to the log before anything else is worked out on it.
fn mend(book: &mut Book) -> Result<()> {
    clock::check()?;
    match book.check_current() {
        Ok(()) => Ok(()),
        Err(_) => book.recover_live(),
    }
}

fn refuse(job: Option<Job>, error: &Error) {
    match job {
        Some(Job::Run(_, done)) => done(Err(error.clone())),
        Some(Job::Append(_, done)) => done(Err(error.clone())),
        Some(Job::Make(_, done)) => done(Err(error.clone())),
        Some(Job::Due(_, done)) => done(Err(error.clone())),
        Some(Job::Alone(work)) => work(Err(error.clone()))(),
        Some(Job::Stop) | None => {}
    }
}

/// Works a request out inside the group. What cannot be part of it comes back, for the next one.
fn join(
    book: &mut Book,
    group: &mut Group,
    job: Job,
    answers: &mut Answers,
    group_marks: &mut GroupMarks,
) -> Option<Job> {
    match job {
        Job::Run(request, done) => {
            // A second request with an id of this very group must see the first one's answer kept.
            if request.id.is_some_and(|id| group.has_command(id)) {
                return Some(Job::Run(request, done));
            }
            let marks = request.marks.clone();
            let result = marked(marks.as_deref(), || book.run_into(group, request));
            group_marks.join(marks);
            answers.push(Box::new(move |kept| done(answer(result, kept))));
            None
        }
        Job::Append(request, done) => {
            let marks = request.marks.clone();
            let result = marked(marks.as_deref(), || book.append_into(group, request));
            group_marks.join(marks);
            answers.push(Box::new(move |kept| done(answer(result, kept))));
            None
        }
        Job::Make(moves, done) => {
            let result = book.make_into(group, moves);
            answers.push(Box::new(move |kept| done(answer(result, kept))));
            None
        }
        Job::Due(run, done) => {
            let result = run(book, group);
            answers.push(Box::new(move |kept| done(answer(result, kept))));
            None
        }
        other => Some(other),
    }
}

/// Work, with its beginning and its end told to who wants to know.
fn marked<T>(marks: Option<&Marks>, work: impl FnOnce() -> T) -> T {
    if let Some(marks) = marks {
        marks.begin();
    }
    let result = work();
    if let Some(marks) = marks {
        marks.work();
    }
    result
}

/// What was worked out is only true when it was kept; what was refused stays refused.
fn answer<T>(result: Result<T>, kept: &Result<()>) -> Result<T> {
    match (result, kept) {
        (Ok(value), Ok(())) => Ok(value),
        (Ok(_), Err(error)) => Err(Error {
            kind: match error.kind {
                ErrorKind::Refused => ErrorKind::Unavailable,
                kind => kind,
            },
            ..error.clone()
        }),
        (Err(error), _) => Err(error),
    }
}
