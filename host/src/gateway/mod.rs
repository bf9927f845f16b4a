//! The task gateway: carries out what materializers asked for, once the events that ask are durable.
//!
//! It knows no book. What there is to do it learns from a `Desk`, and what it did it tells there: every step is durable
//! before the next one. A task is leased, then delivered, then ended; so a delivery that began is known to have begun,
//! whatever happens to this process. `queue` decides what may run, `schedule` when again, `driver` how.

mod config;
mod deliver;
mod driver;
mod lane;
mod queue;
mod schedule;

use std::sync::mpsc::{Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use crate::model::{DueTask, Error, Move, Place, Result, Waiting};

pub use config::{
    DriverConfig, FetchConfig, KindConfig, MailConfig, ObjectConfig, Secret, WebhookConfig,
};
pub use driver::{Carrier, Folders, Outside, Printer, ToldVerdict, Verdict};
pub use schedule::Backoff;

/// What the gateway asks of a book. `Sent` calls do not wait: their answer comes to the function that is given with them,
/// on any thread.
pub trait Desk: Send + 'static {
    /// The kinds that are carried out, and how.
    fn kinds(&mut self) -> Result<Vec<(String, KindConfig)>>;
    /// Tasks that may go on, behind a place, in order; and up to where all were looked at.
    fn waiting(
        &mut self,
        kind: &str,
        after: Place,
        count_max: usize,
    ) -> Result<(Vec<Waiting>, Place)>;
    /// One of them; None where it is final or gone.
    fn waiting_at(&mut self, kind: &str, place: Place) -> Result<Option<Waiting>>;
    /// Makes moves durable, all in one commit.
    fn make(&mut self, moves: Moves, done: Told<Vec<Made>>) -> Result<()>;
    /// Runs the command that is in a task's data, as the task that asks for it.
    fn run(&mut self, task: &DueTask, done: Told<Ran>) -> Result<()>;
    /// What came of that, where it was run already.
    fn ran(&mut self, task: &DueTask) -> Result<Option<Ran>>;
}

/// Is told what came of something, once.
pub type Told<T> = Box<dyn FnOnce(Result<T>) + Send>;

/// What is to become durable together.
#[derive(Debug, Clone, Default)]
pub struct Moves {
    pub moves: Vec<(String, Place, Move)>,
    /// For a kind, a place up to which all that may go on is touched.
    pub marks: Vec<(String, Place)>,
}

/// What came of a move.
#[derive(Debug, Clone)]
pub enum Made {
    /// A lease: the task, as it is to be delivered.
    Leased(Box<DueTask>),
    Kept,
    /// It was not possible any more: somebody else decided about the task. Nothing changed.
    Refused,
}

/// What came of a command.
#[derive(Debug, Clone)]
pub enum Ran {
    Accepted(String),
    /// It will never be accepted: why.
    Refused(String),
    /// Not now.
    Later(String),
}

enum Message {
    /// There may be new tasks.
    Look,
    /// Somebody decided about a task.
    Touched(Vec<(String, Place)>),
    /// The configuration, or what was asked for, is another.
    Anew,
    Made(Result<Vec<Made>>),
    Delivered(deliver::Delivered),
    /// What was fetched: the task, with the command in the place of its data.
    Fetched(Box<DueTask>),
    Stop,
}

/// A running gateway; clones share it.
#[derive(Clone)]
pub struct Gateway {
    messages: Sender<Message>,
    thread: Arc<Mutex<Option<JoinHandle<()>>>>,
}

/// What a gateway does, where it has no thread of its own.
pub struct GatewayTurns(deliver::Worker);

impl GatewayTurns {
    /// Hears what it was told, and does what can be done now. False once it has stopped.
    pub fn turn(&mut self) -> bool {
        self.0.turn()
    }
}

/// Time that deliveries on their way have to end when the gateway stops. Those that have not are begun again by the next
/// process.
const STOP_TIME: Duration = Duration::from_secs(5);

impl Gateway {
    /// Starts to deliver.
    pub fn start(desk: impl Desk, outside: Outside) -> Result<Gateway> {
        let (gateway, GatewayTurns(worker)) = Self::in_turns(desk, outside)?;
        let thread = std::thread::Builder::new()
            .name("daybook-gateway".to_owned())
            .spawn(move || worker.work())
            .map_err(|error| Error::io("starting the gateway's thread", error))?;
        let mut place = gateway
            .thread
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        *place = Some(thread);
        drop(place);
        Ok(gateway)
    }

    /// As `start`, without a thread: whoever has the turns takes them.
    pub fn in_turns(desk: impl Desk, outside: Outside) -> Result<(Gateway, GatewayTurns)> {
        let (messages, inbox) = channel();
        let worker = deliver::Worker::new(Box::new(desk), outside, messages.clone(), inbox)?;
        let gateway = Gateway {
            messages,
            thread: Arc::default(),
        };
        Ok((gateway, GatewayTurns(worker)))
    }

    /// A commit asked for tasks.
    pub fn look(&self) {
        self.tell(Message::Look);
    }

    /// Operators decided about these.
    pub fn touched(&self, places: Vec<(String, Place)>) {
        self.tell(Message::Touched(places));
    }

    /// How tasks are carried out was changed, or what was asked for.
    pub fn anew(&self) {
        self.tell(Message::Anew);
    }

    /// Begins no further delivery, and waits for those on their way, for a while.
    pub fn stop(&self) {
        self.tell(Message::Stop);
        let thread = self
            .thread
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        if let Some(thread) = thread {
            // Its panic was told when it happened.
            let _ = thread.join();
        }
    }

    /// The same without waiting.
    pub fn close(&self) {
        self.tell(Message::Stop);
    }

    fn tell(&self, message: Message) {
        // A gateway that has ended needs no news.
        let _ = self.messages.send(message);
    }
}
