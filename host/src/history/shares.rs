//! A stretch of the log played on all cores: by several players, each of which has the events of some partitions. What
//! comes of it is what one player would have made, to the byte.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};

use super::{History, OnProgress, Payloads, Pieces, Progress, play, read_ahead};
use crate::engine::{Outcome, Plan, Player, Start};
use crate::model::{Error, Event, PartitionSource, Result, Schedule, Seq, TypeName, limits};
use crate::store::{Catalog, Logged, ProjectionHead, Share, Temporary};

/// How many cores may be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cores {
    count: usize,
    /// How many events make it worth while.
    events_min: u64,
}

impl Default for Cores {
    fn default() -> Self {
        Cores {
            count: std::thread::available_parallelism().map_or(1, usize::from),
            events_min: limits::SHARED_EVENTS_MIN,
        }
    }
}

impl Cores {
    /// So many, however short a log is.
    pub fn exactly(count: usize) -> Cores {
        Cores {
            count: count.max(1),
            events_min: 0,
        }
    }
}

/// What is played, and from where.
pub(crate) struct Cast<'a> {
    pub schedule: &'a Schedule,
    /// The file of the projection that is to be there in the end.
    pub path: &'a Path,
    pub start: Option<&'a Start>,
    pub payloads: &'a Payloads,
    /// Done to every player before its first event.
    pub prepare: &'a (dyn Fn(&mut Player) -> Result<()> + Sync),
}

/// What was kept of an event, for the running hashes: its canonical effects, and where the changes end in them.
pub(crate) struct Kept(Vec<u8>, usize);

impl Kept {
    pub fn of(outcome: Outcome) -> Kept {
        Kept(outcome.body, outcome.changes_end)
    }
}

/// How the events of a stretch are shared out.
pub(crate) struct Shares {
    pub count: usize,
    /// The last event of the stretch: none up to there may touch rows of more than one partition.
    pub last: Seq,
    sources: HashMap<TypeName, PartitionSource>,
    /// The event behind which they begin.
    begun: Seq,
    /// By plan: the tables with partitions and the column of each, by position, as they are at the stretch's end.
    columns: Vec<Vec<(usize, usize)>>,
}

impl Shares {
    /// Whose an event is. Events that do nothing are the first one's.
    pub fn of(&self, event: &Event) -> usize {
        { self.sources.get(&event.event_type) }
            .and_then(|source| source.of(event))
            .map_or(0, |partition| partition.share(self.count))
    }
}

impl History {
    /// How the events of a range can be shared out among players of these plans, `each` of whom takes so many cores. None:
    /// they cannot, or it is not worth it.
    pub(crate) fn shares(
        &self,
        plans: &[&Plan],
        (first, to): (Seq, Seq),
        each: usize,
    ) -> Result<Option<Shares>> {
        let count = self.cores.count / each;
        let is_long = |last: Seq| last >= first && last.0 - first.0 + 1 >= self.cores.events_min;
        if count < 2 || !is_long(to) {
            return Ok(None);
        }
        let mut sources: HashMap<TypeName, PartitionSource> = HashMap::new();
        let mut last = to;
        let mut named = Vec::new();
        for plan in plans {
            let mut columns: BTreeMap<&str, &str> = BTreeMap::new();
            for (from, to, program) in plan.within((first, to)) {
                // Whose handlers an event has depends on its caller then.
                if program.is_stamped() {
                    return Ok(None);
                }
                for name in program.handled() {
                    if let Some(source) = program.partitions.source(name)
                        && sources
                            .entry(name.clone())
                            .or_insert_with(|| source.clone())
                            != source
                    {
                        return Ok(None);
                    }
                }
                for (table, column) in program.partitions.columns(&program.layouts) {
                    let layout = &program.layouts.tables[table];
                    let column = layout.columns[column].name.as_str();
                    if *columns.entry(&layout.sql_name).or_insert(column) != column {
                        return Ok(None);
                    }
                }
                let barriers: Vec<_> = program.partitions.barriers().collect();
                if let Some(barrier) = self.log.first_of_types((from, to.min(last)), &barriers)? {
                    last = last.min(Seq(barrier.0 - 1));
                }
            }
            named.push(columns);
        }
        // Whose rows these are is said by those who wrote them; what is in force at the end may say nothing any more.
        let at_end = |(plan, named): (&&Plan, BTreeMap<&str, &str>)| {
            let layouts = &plan.at(last).0.layouts;
            let place = |(table, column): (&str, &str)| {
                let table = layouts.position(table)?;
                Some((table, layouts.tables[table].column(column)?))
            };
            named.into_iter().filter_map(place).collect()
        };
        let columns = plans.iter().zip(named).map(at_end).collect();
        Ok((!sources.is_empty() && is_long(last)).then_some(Shares {
            count,
            last,
            sources,
            begun: Seq(first.0 - 1),
            columns,
        }))
    }

    /// Plays the events behind a start up to another one: on all cores as far as they can be shared out, and then one after
    /// another. `step` runs and keeps an event, or ends it all with what it found: of what all players found, the first in the
    /// log counts. `wanted` is asked before every piece.
    pub(crate) fn play_all<T: Logged + Send + Sync, B: Send>(
        &mut self,
        cast: &Cast<'_>,
        to: Seq,
        wanted: &dyn Fn() -> Result<()>,
        progress: OnProgress<'_>,
        step: impl Fn(&mut Player, &T) -> Result<ControlFlow<B, Kept>> + Sync,
    ) -> Result<(Player, Option<B>)> {
        let plan = self.plan(cast.schedule)?;
        let runtime = self.library.runtime.clone();
        let mut player = Player::begin(runtime, plan.clone(), cast.path, cast.start)?;
        self.remind(&mut player, to)?;
        (cast.prepare)(&mut player)?;
        let begun = player.materializer.head().position;
        if let Some(shares) = self.shares(&[&plan], (begun.next(), to), 1)? {
            let (players, others) = self.players_beside(player, cast, to, shares.count)?;
            let mut told = |done| {
                progress(Progress {
                    done,
                    total: to.0 - begun.0,
                });
            };
            let pieces = self.pieces(begun.next()..=shares.last, cast.payloads)?;
            let (mut players, played) = read_ahead(pieces, |pieces| {
                let pieces = &mut pieces.map(|piece| wanted().and(piece));
                play_shared(players, &shares, pieces, &mut told, &step)
            })?;
            player = players.remove(0);
            match played {
                ControlFlow::Continue(head) => unite(&mut player, players, &shares, 0, head)?,
                ControlFlow::Break(found) => return Ok((player, Some(found))),
            }
            self.dismiss(others);
        }
        let at = player.materializer.head().position;
        let pieces = self.pieces(at.next()..=to, cast.payloads)?;
        let mut told = |at_work: Progress| {
            progress(Progress {
                done: at.0 - begun.0 + at_work.done,
                total: to.0 - begun.0,
            });
        };
        let found = read_ahead(pieces, |pieces| {
            let pieces = pieces.map(|piece| wanted().and(piece));
            play(&mut player, pieces, to, &mut told, |player, logged: T| {
                Ok(step(player, &logged)?.map_continue(drop))
            })
        })?;
        Ok((player, found))
    }

    fn pieces<'a, T: Logged>(
        &self,
        range: std::ops::RangeInclusive<Seq>,
        payloads: &'a Payloads,
    ) -> Result<Pieces<'a, Catalog, T>> {
        Ok(Pieces::new(Catalog::open(&self.dir.log())?, range).with(payloads))
    }

    /// As many players as there are shares, each on a projection and an engine of its own; the first one is there.
    fn players_beside(
        &mut self,
        first: Player,
        cast: &Cast<'_>,
        to: Seq,
        count: usize,
    ) -> Result<(Vec<Player>, Others)> {
        let name = || format!("share-{}.building", crate::model::given::id().simple());
        let paths: Vec<PathBuf> = { (1..count).map(|_| self.dir.projection(&name())) }.collect();
        let files = Temporary::new(&paths)?;
        let mut players = vec![first];
        let mut histories = Vec::new();
        for path in &paths {
            let mut apart = self.apart()?;
            let plan = apart.plan(cast.schedule)?;
            let runtime = apart.library.runtime.clone();
            let mut player = Player::begin(runtime, plan, path, cast.start)?;
            apart.remind(&mut player, to)?;
            (cast.prepare)(&mut player)?;
            players.push(player);
            histories.push(apart);
        }
        for player in &mut players {
            player.materializer.play_part(true);
        }
        let others = Others {
            histories,
            _files: files,
        };
        Ok((players, others))
    }

    fn dismiss(&mut self, others: Others) {
        for apart in others.histories {
            self.keep_apart(apart);
        }
    }
}

/// What the players beside the first one have.
struct Others {
    histories: Vec<History>,
    _files: Temporary,
}

/// Gives the first player what the others have; its projection is at the last event then, as if it had played all of them.
/// `plan` says which of the plans that were shared out these followed.
pub(crate) fn unite(
    first: &mut Player,
    others: Vec<Player>,
    shares: &Shares,
    plan: usize,
    head: ProjectionHead,
) -> Result<()> {
    first.reach(head.position)?;
    first.materializer.commit()?;
    first.materializer.play_part(false);
    for (at, mut other) in others.into_iter().enumerate() {
        other.reach(head.position)?;
        other.materializer.commit()?;
        first.remember_from(&mut other);
        let share = Share {
            which: at + 1,
            of: shares.count,
            columns: &shares.columns[plan],
            replaces: shares.begun > Seq::ZERO,
        };
        let other = other.materializer.into_projection();
        first.materializer.projection().absorb(other, share)?;
    }
    first.materializer.projection().advance(head);
    Ok(())
}

/// A piece of the log on its way to all players, and whose each event is.
struct Piece<T> {
    logged: Vec<T>,
    shares: Vec<usize>,
}

/// What one player made of its events of a piece, each by its place.
struct Done<B> {
    kept: Vec<(usize, Kept)>,
    /// Where and how it ended, if it did.
    ended: Option<(usize, Result<B>)>,
}

/// What all of them came to: how far they are, or what one found. And the players, who are needed on.
type Played<B> = (Vec<Player>, ControlFlow<B, ProjectionHead>);

fn play_shared<T: Logged + Send + Sync, B: Send>(
    mut players: Vec<Player>,
    shares: &Shares,
    pieces: &mut dyn Iterator<Item = Result<Vec<T>>>,
    told: &mut dyn FnMut(u64),
    step: &(impl Fn(&mut Player, &T) -> Result<ControlFlow<B, Kept>> + Sync),
) -> Result<Played<B>> {
    let mut head = players[0].materializer.head();
    let begun = head.position;
    let found = std::thread::scope(|scope| {
        let (mut ways, mut answers) = (Vec::new(), Vec::new());
        for (which, player) in players.iter_mut().enumerate() {
            let (way, pieces) = sync_channel::<Arc<Piece<T>>>(limits::PIECES_AHEAD);
            let (answer, done) = sync_channel(limits::PIECES_AHEAD);
            scope.spawn(move || play_share(player, which, &pieces, &answer, step));
            ways.push(way);
            answers.push(done);
        }
        let mut under_way = VecDeque::new();
        let mut pieces = Some(pieces);
        let mut unread = None;
        loop {
            while let Some(next) = &mut pieces
                && under_way.len() < limits::PIECES_AHEAD
            {
                match next.next() {
                    Some(Ok(logged)) => {
                        let of = |logged: &T| shares.of(logged.event());
                        let shares = logged.iter().map(of).collect();
                        let piece = Arc::new(Piece { logged, shares });
                        for way in &ways {
                            // Who has ended has told why.
                            let _ = way.send(piece.clone());
                        }
                        under_way.push_back(piece);
                    }
                    // What comes before is told before.
                    Some(Err(error)) => (pieces, unread) = (None, Some(error)),
                    None => pieces = None,
                }
            }
            let Some(piece) = under_way.pop_front() else {
                return unread.map_or(Ok(None), Err);
            };
            if let Some(found) = gather(&piece, &answers, &mut head)? {
                return Ok(Some(found));
            }
            told(head.position.0 - begun.0);
        }
    })?;
    let played = found.map_or(ControlFlow::Continue(head), ControlFlow::Break);
    Ok((players, played))
}

/// One player's way through its events.
fn play_share<T: Logged, B>(
    player: &mut Player,
    which: usize,
    pieces: &Receiver<Arc<Piece<T>>>,
    answer: &SyncSender<Done<B>>,
    step: &impl Fn(&mut Player, &T) -> Result<ControlFlow<B, Kept>>,
) {
    while let Ok(piece) = pieces.recv() {
        let mut done = Done {
            kept: Vec::new(),
            ended: None,
        };
        let own = piece
            .shares
            .iter()
            .enumerate()
            .filter(|(_, share)| **share == which);
        for (at, _) in own {
            match step(player, &piece.logged[at]) {
                Ok(ControlFlow::Continue(kept)) => done.kept.push((at, kept)),
                Ok(ControlFlow::Break(found)) => done.ended = Some((at, Ok(found))),
                Err(error) => done.ended = Some((at, Err(error))),
            }
            if done.ended.is_some() {
                break;
            }
        }
        if done.ended.is_none()
            && let Err(error) = player.materializer.end_batch()
        {
            done.ended = Some((piece.logged.len(), Err(error)));
        }
        let is_over = done.ended.is_some();
        if answer.send(done).is_err() || is_over {
            return;
        }
    }
}

/// Takes what all players made of a piece, and brings the running hash behind its last event; or behind the one before that
/// at which the first of them ended.
fn gather<T: Logged, B>(
    piece: &Piece<T>,
    answers: &[Receiver<Done<B>>],
    head: &mut ProjectionHead,
) -> Result<Option<B>> {
    let mut ended: Option<(usize, Result<B>)> = None;
    let mut kept: Vec<Option<Kept>> = { piece.logged.iter() }.map(|_| None).collect();
    for answer in answers {
        let done = { answer.recv() }
            .map_err(|_| Error::internal("a thread that plays a share of the log panicked"))?;
        for (at, it) in done.kept {
            kept[at] = Some(it);
        }
        if let Some((at, found)) = done.ended
            && ended.as_ref().is_none_or(|(first, _)| at < *first)
        {
            ended = Some((at, found));
        }
    }
    let whole = ended.as_ref().map_or(piece.logged.len(), |(at, _)| *at);
    for (logged, kept) in piece.logged.iter().zip(kept).take(whole) {
        let seq = logged.event().seq;
        let Some(Kept(effects, changes_end)) = kept else {
            return Err(Error::internal(format!("event {seq} is nobody's")));
        };
        *head = head.after(seq, &effects, changes_end);
    }
    ended.map(|(_, found)| found).transpose()
}
