//! The gateway's thread: takes what is due, has it leased, lets it be delivered, and has told what came of it.
//!
//! One commit at a time is asked of the book; what ends meanwhile waits for the next one, so that many steps share its
//! fsync. The end of a task and the lease of the next of its key may be in one commit: neither is acted upon before.

use std::collections::BTreeMap;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender};
use std::time::Duration;

use super::config::KindConfig;
use super::driver::{Driver, Outside, Verdict};
use super::lane::Lane;
use super::queue::Queue;
use super::{Desk, Made, Message, Moves, Ran, STOP_TIME};
use crate::model::clock::{Stopwatch, text_of_milliseconds, unix_milliseconds_now};
use crate::model::{DueTask, Ended, Error, Move, Place, Result, TaskState};

/// Tasks that are read at once.
const READ_MAX: usize = 1_024;

/// Time until a refused commit, or a configuration that cannot be read, is tried again.
const AGAIN: Duration = Duration::from_millis(200);

/// Tasks that became final after which the mark is moved on.
const MARK_EVERY: usize = 1_000;

/// The longest time for which nothing is looked at.
const IDLE: Duration = Duration::from_secs(60);

/// A delivery that ended.
pub struct Delivered {
    task: Box<DueTask>,
    verdict: Verdict,
}

/// One kind that is carried out.
struct Kind {
    config: KindConfig,
    lane: Lane,
    queue: Queue,
    on_the_way: u32,
    /// Tasks that became final since the mark was moved.
    finished: usize,
}

/// What was asked of the book, and is not answered yet.
struct PendingMoves {
    moves: Moves,
    /// How many of the first moves are ends, which must be asked for again where they were not kept.
    ends: usize,
}

pub struct Worker {
    desk: Box<dyn Desk>,
    outside: Outside,
    messages: Sender<Message>,
    inbox: Receiver<Message>,
    kinds: BTreeMap<String, Kind>,
    /// Ends that are to be kept.
    ends: Vec<(String, Place, Move)>,
    asked: Option<PendingMoves>,
    /// Not before this is anything asked again; milliseconds since 1970.
    not_before: i64,
    is_stale: bool,
    stopping: Option<Stopwatch>,
}

impl Worker {
    pub fn new(
        desk: Box<dyn Desk>,
        outside: Outside,
        messages: Sender<Message>,
        inbox: Receiver<Message>,
    ) -> Result<Worker> {
        Ok(Worker {
            desk,
            outside,
            messages,
            inbox,
            kinds: BTreeMap::new(),
            ends: Vec::new(),
            asked: None,
            not_before: 0,
            is_stale: true,
            stopping: None,
        })
    }

    /// Until it is stopped.
    pub fn work(mut self) {
        while self.turn() {
            match self.inbox.recv_timeout(self.pause(unix_milliseconds_now())) {
                Ok(message) => self.hear(message),
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => break,
            }
        }
    }

    /// Hears what it was told, and does what can be done now. False once it has stopped.
    pub fn turn(&mut self) -> bool {
        while let Ok(message) = self.inbox.try_recv() {
            self.hear(message);
        }
        let now = unix_milliseconds_now();
        if self.is_stale && now >= self.not_before {
            self.configure();
        }
        if self.stopping.is_none() && now >= self.not_before {
            self.read(now);
        }
        self.ask(now);
        !self.stopping.is_some_and(|since| {
            let is_quiet = self.asked.is_none()
                && self.ends.is_empty()
                && self.kinds.values().all(|kind| kind.on_the_way == 0);
            is_quiet || since.seconds() > STOP_TIME.as_secs_f64()
        })
    }

    fn pause(&self, now: i64) -> Duration {
        if self.stopping.is_some() {
            return AGAIN;
        }
        let again = (self.not_before > now).then_some(self.not_before);
        let due =
            { self.kinds.values() }.filter(|kind| kind.lane.driver().is_ok() && kind.room() > 0);
        let due = due.filter_map(|kind| kind.queue.next_due());
        let next = due.chain(again).min().unwrap_or(i64::MAX);
        let pause = Duration::from_millis(u64::try_from(next.saturating_sub(now)).unwrap_or(0));
        // While a commit is waited for, its answer is the next thing.
        match self.asked {
            Some(_) => IDLE,
            None => pause.clamp(Duration::from_millis(1), IDLE),
        }
    }

    fn hear(&mut self, message: Message) {
        match message {
            Message::Look => self.kinds.values_mut().for_each(|kind| kind.queue.look()),
            Message::Anew => self.is_stale = true,
            Message::Touched(places) => self.touched(&places),
            Message::Made(made) => self.made(made),
            Message::Delivered(delivered) => self.delivered(delivered),
            Message::Fetched(task) => run(&mut *self.desk, &self.messages, task),
            Message::Stop => {
                self.stopping.get_or_insert_with(Stopwatch::start);
            }
        }
    }

    /// Takes the configuration as it is now. What is on its way ends as it began.
    fn configure(&mut self) {
        let kinds = match self.desk.kinds() {
            Ok(kinds) => kinds,
            Err(error) => return self.later(&error),
        };
        self.is_stale = false;
        let mut before = std::mem::take(&mut self.kinds);
        for (name, config) in kinds {
            let mut kind = match before.remove(&name) {
                Some(mut kind) => {
                    kind.queue.begin_anew(config.ordered);
                    kind.config = config;
                    kind
                }
                None => match Lane::new(&self.outside) {
                    Ok(lane) => Kind {
                        queue: Queue::new(config.ordered),
                        config,
                        lane,
                        on_the_way: 0,
                        finished: 0,
                    },
                    Err(error) => {
                        self.is_stale = true;
                        self.later(&error);
                        continue;
                    }
                },
            };
            kind.lane.configure(&name, &kind.config, &self.outside);
            self.kinds.insert(name, kind);
        }
        // What is on its way of a kind that is carried out no more still has to be told.
        for (name, mut kind) in before {
            if kind.on_the_way > 0 {
                kind.lane.give_up();
                self.kinds.insert(name, kind);
            }
        }
    }

    /// Fills the queues as far as there is room.
    fn read(&mut self, now: i64) {
        let mut failed = None;
        for (name, kind) in &mut self.kinds {
            kind.queue.make_room(now);
            while let Some((after, room)) = kind.queue.wants() {
                let asked = room.min(READ_MAX);
                let (found, reached) = match self.desk.waiting(name, after, asked) {
                    Ok(found) => found,
                    Err(error) => {
                        failed = Some(error);
                        break;
                    }
                };
                for waiting in &found {
                    // Nobody here has it: the process that had is gone.
                    if waiting.state == TaskState::Running && !kind.queue.is_running(waiting.place)
                    {
                        let place = waiting.place;
                        let is_told = self.ends.iter().any(|(_, known, _)| *known == place)
                            || self.asked.as_ref().is_some_and(|asked| asked.has(place));
                        if !is_told {
                            let step = Move::Interrupt {
                                due: (waiting.tries < kind.config.tries)
                                    .then(|| text_of_milliseconds(now)),
                            };
                            self.ends.push((name.clone(), place, step));
                            // Those of its key wait for it all the same.
                            kind.queue.hold(waiting);
                            kind.on_the_way += 1;
                        }
                    }
                }
                let expires = kind.config.expires.map(|span| span.ms());
                kind.queue.read(found, reached, asked, expires);
            }
        }
        if let Some(error) = failed {
            self.later(&error);
        }
    }

    fn later(&mut self, error: &Error) {
        tracing::warn!(%error, "the gateway waits");
        self.not_before = unix_milliseconds_now() + AGAIN.as_millis() as i64;
    }

    /// Asks the book to keep what ended, and to lease what is due.
    fn ask(&mut self, now: i64) {
        if self.asked.is_some() || now < self.not_before {
            return;
        }
        let mut moves = Moves {
            moves: std::mem::take(&mut self.ends),
            marks: Vec::new(),
        };
        let ends = moves.moves.len();
        for (name, kind) in &mut self.kinds {
            if self.stopping.is_none() && kind.lane.driver().is_ok() {
                for due in kind.queue.take(now, kind.room()) {
                    let step = match due.is_expired {
                        true => Move::Expire,
                        false => Move::Lease,
                    };
                    kind.on_the_way += 1;
                    moves.moves.push((name.clone(), due.place, step));
                }
            }
            if kind.finished >= MARK_EVERY {
                kind.finished = 0;
                moves.marks.push((name.clone(), kind.queue.mark()));
            }
        }
        if moves.moves.is_empty() && moves.marks.is_empty() {
            return;
        }
        let messages = self.messages.clone();
        let done = Box::new(move |made| drop(messages.send(Message::Made(made))));
        let asked = PendingMoves {
            moves: moves.clone(),
            ends,
        };
        self.asked = Some(asked);
        if let Err(error) = self.desk.make(moves, done) {
            self.made(Err(error));
        }
    }

    /// What came of a commit.
    fn made(&mut self, made: Result<Vec<Made>>) {
        let Some(asked) = self.asked.take() else {
            return;
        };
        let made = match made {
            Ok(made) => made,
            Err(error) => {
                self.later(&error);
                return self.not_made(asked);
            }
        };
        for ((name, place, step), made) in asked.moves.moves.into_iter().zip(made) {
            let Some(kind) = self.kinds.get_mut(&name) else {
                continue;
            };
            kind.queue.touched(place);
            match (step, made) {
                (Move::Lease, Made::Leased(task)) => {
                    start(kind, &mut *self.desk, &self.messages, task);
                }
                (Move::End(Ended::Retry { due, .. }), Made::Kept) => {
                    kind.queue.again(place, milliseconds(&due));
                }
                (Move::Interrupt { due: Some(due) }, Made::Kept) => {
                    kind.on_the_way -= 1;
                    kind.queue.again(place, milliseconds(&due));
                }
                (Move::Interrupt { due: None }, Made::Kept) => {
                    kind.on_the_way -= 1;
                    kind.queue.dead(place);
                }
                (Move::End(Ended::Dead { .. }), Made::Kept) => kind.queue.dead(place),
                // Removed when it ended.
                (Move::End(Ended::Done { .. }), _) => {}
                (Move::Lease | Move::Expire | Move::Interrupt { .. }, _) => {
                    kind.on_the_way -= 1;
                    kind.finished += 1;
                    kind.queue.remove(place);
                }
                (_, _) => kind.queue.remove(place),
            }
        }
    }

    /// Nothing of it was kept: what ended is to be told again, what was to be leased waits again.
    fn not_made(&mut self, asked: PendingMoves) {
        let mut moves = asked.moves.moves.into_iter();
        let mut ends: Vec<_> = moves.by_ref().take(asked.ends).collect();
        ends.append(&mut self.ends);
        self.ends = ends;
        for (name, place, _) in moves {
            if let Some(kind) = self.kinds.get_mut(&name) {
                kind.on_the_way -= 1;
                kind.queue.again(place, 0);
            }
        }
    }

    /// A delivery ended: what follows from it is kept with the next commit.
    fn delivered(&mut self, delivered: Delivered) {
        let Delivered { task, verdict } = delivered;
        let Some(kind) = self.kinds.get_mut(&task.kind) else {
            return;
        };
        kind.on_the_way -= 1;
        let ended = match verdict {
            Verdict::Done(result) => {
                // The next of its key may be leased in the commit that keeps this.
                kind.queue.remove(task.place);
                kind.finished += 1;
                Ended::Done { result }
            }
            Verdict::Dead(said) => Ended::Dead { said },
            Verdict::Retry { said, after } if task.tries < kind.config.tries => {
                let pause = kind.config.backoff.pause(&task.id, task.tries);
                let pause = pause.max(after.unwrap_or_default());
                let due = unix_milliseconds_now() + pause.as_millis() as i64;
                Ended::Retry {
                    due: text_of_milliseconds(due),
                    said,
                }
            }
            Verdict::Retry { said, .. } => Ended::Dead { said },
        };
        self.ends.push((task.kind, task.place, Move::End(ended)));
    }

    /// Somebody decided about tasks: each is looked at anew.
    fn touched(&mut self, places: &[(String, Place)]) {
        for (name, place) in places {
            let Some(kind) = self.kinds.get_mut(name) else {
                continue;
            };
            if kind.queue.is_running(*place) {
                continue;
            }
            let found = match self.desk.waiting_at(name, *place) {
                Ok(found) => found,
                Err(error) => {
                    // All of it is read again, which comes to the same.
                    tracing::warn!(%error, "the gateway reads its tasks anew");
                    self.is_stale = true;
                    return;
                }
            };
            kind.queue.remove(*place);
            if let Some(waiting) = found {
                let expires = kind.config.expires.map(|span| span.ms());
                kind.queue.add(waiting, expires);
            }
        }
    }
}

impl PendingMoves {
    fn has(&self, place: Place) -> bool {
        let ends = self.moves.moves.iter().take(self.ends);
        { ends }.any(|(_, known, _)| *known == place)
    }
}

impl Kind {
    /// Deliveries that may begin now.
    fn room(&self) -> usize {
        self.config.at_a_time.saturating_sub(self.on_the_way) as usize
    }
}

fn milliseconds(text: &str) -> i64 {
    crate::model::clock::unix_milliseconds(text).unwrap_or(0)
}

/// Begins a delivery whose lease is durable.
fn start(kind: &mut Kind, desk: &mut dyn Desk, messages: &Sender<Message>, task: Box<DueTask>) {
    let tell = teller(messages);
    let driver = match kind.lane.driver() {
        Ok(driver) => driver.clone(),
        Err(error) => {
            let said = error.message.clone();
            return tell(task, Verdict::Retry { said, after: None });
        }
    };
    let limit = kind.config.timeout.0;
    match &*driver {
        Driver::Command => return run(desk, messages, task),
        Driver::Fetch(_) => {
            // What was answered the first time counts, and another answer would be another command.
            match desk.ran(&task) {
                Ok(None) => {}
                Ok(Some(ran)) => return tell(task, ran_verdict(Ok(ran))),
                Err(error) => return tell(task, ran_verdict(Err(error))),
            }
            let messages = messages.clone();
            kind.lane.spawn(async move {
                match driver.fetch(&task, limit).await {
                    Err(verdict) => tell(task, verdict),
                    Ok(data) => {
                        let fetched = Box::new(DueTask { data, ..*task });
                        let _ = messages.send(Message::Fetched(fetched));
                    }
                }
            });
            return;
        }
        _ => {}
    }
    if let Driver::Carried(carrier) = &*driver {
        let copy = task.clone();
        return (carrier.0)(&task, Box::new(move |verdict| tell(copy, verdict)));
    }
    kind.lane.spawn(async move {
        let verdict = driver.deliver(&task, limit).await;
        tell(task, verdict);
    });
}

/// Runs the command in a task's data at the desk.
fn run(desk: &mut dyn Desk, messages: &Sender<Message>, task: Box<DueTask>) {
    let tell = teller(messages);
    let (again, copy) = (tell.clone(), task.clone());
    let done = Box::new(move |ran| tell(copy, ran_verdict(ran)));
    if let Err(error) = desk.run(&task, done) {
        again(task, ran_verdict(Err(error)));
    }
}

/// Tells the gateway what came of a delivery. One that ends meanwhile leaves the task leased.
fn teller(messages: &Sender<Message>) -> impl Fn(Box<DueTask>, Verdict) + Clone + Send + 'static {
    let messages = messages.clone();
    move |task, verdict| {
        let _ = messages.send(Message::Delivered(Delivered { task, verdict }));
    }
}

/// What a command came to, as a delivery.
fn ran_verdict(ran: Result<Ran>) -> Verdict {
    match ran {
        Ok(Ran::Accepted(result)) => Verdict::Done(Some(result)),
        Ok(Ran::Refused(said)) => Verdict::Dead(said),
        Ok(Ran::Later(said)) => Verdict::Retry { said, after: None },
        Err(error) => Verdict::Retry {
            said: error.message,
            after: None,
        },
    }
}
