//! Which task of a kind may be delivered now: those that are due, and, where the kind asks for it, of each key only the
//! first. It holds places, times and keys, never data, and not more of them than there is room for.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::sync::Arc;

use crate::model::{Place, TaskState, Waiting, limits};

/// The tasks of one kind that are known.
#[derive(Debug, Default)]
pub struct Queue {
    is_ordered: bool,
    entries: BTreeMap<Place, Entry>,
    /// Of an ordered kind, the known tasks of each key in order; the first stands for all.
    keys: HashMap<Arc<str>, BTreeSet<Place>>,
    /// Those that may be delivered once their time has come.
    due: BTreeSet<(i64, Place)>,
    /// Those of which nothing is kept beside what was asked for.
    fresh: BTreeSet<Place>,
    /// Everything up to here was added, or is final.
    reached: Place,
    /// The log may have more behind `reached`.
    has_more: bool,
    shed: Option<Shed>,
}

#[derive(Debug)]
struct Entry {
    key: Option<Arc<str>>,
    due: i64,
    expires_at: Option<i64>,
    stand: Stand,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stand {
    Waiting,
    Running,
    /// Those behind it wait.
    Dead,
}

/// What had to make room. It is read again from its first place on, once one of it may go on.
#[derive(Debug)]
struct Shed {
    first: Place,
    /// When the earliest of those that only wait for their time is due.
    due: Option<i64>,
    /// Later ones of these keys must not be taken for their first.
    keys: HashSet<Arc<str>>,
}

/// A task that is due.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Due {
    pub place: Place,
    /// Its time is over.
    pub is_expired: bool,
}

impl Queue {
    pub fn new(is_ordered: bool) -> Queue {
        Queue {
            is_ordered,
            has_more: true,
            ..Queue::default()
        }
    }

    /// The same kind under another configuration: all but what is on its way is read again.
    pub fn begin_anew(&mut self, is_ordered: bool) {
        let running: Vec<(Place, Entry)> = std::mem::take(&mut self.entries)
            .into_iter()
            .filter(|(_, entry)| entry.stand == Stand::Running)
            .collect();
        *self = Queue::new(is_ordered);
        for (place, entry) in running {
            self.put(place, entry);
        }
    }

    /// Where to read on, and how many there is room for. None: nothing more, or no room.
    pub fn wants(&self) -> Option<(Place, usize)> {
        let room = limits::TASKS_QUEUED_MAX.saturating_sub(self.entries.len());
        (self.has_more && room > 0).then_some((self.reached, room))
    }

    /// The log may have more now.
    pub fn look(&mut self) {
        self.has_more = true;
    }

    /// What was read, in order, up to a place. Fewer than were asked for: there are no more for now.
    pub fn read(
        &mut self,
        found: Vec<Waiting>,
        reached: Place,
        asked: usize,
        expires_ms: Option<i64>,
    ) {
        self.has_more = found.len() == asked;
        self.reached = reached;
        for waiting in found {
            self.add(waiting, expires_ms);
        }
    }

    /// A task that may go on. One that is known stays as it is.
    pub fn add(&mut self, waiting: Waiting, expires_ms: Option<i64>) {
        let place = waiting.place;
        let key = waiting.key.filter(|_| self.is_ordered);
        let key: Option<Arc<str>> = key.map(Arc::from);
        let is_shed = |key: &Arc<str>| {
            let shed = self.shed.as_ref();
            shed.is_some_and(|shed| place >= shed.first && shed.keys.contains(key))
        };
        if self.entries.contains_key(&place) || key.as_ref().is_some_and(is_shed) {
            return;
        }
        let stand = match waiting.state {
            TaskState::Dead if key.is_some() => Stand::Dead,
            TaskState::Pending | TaskState::Retry => Stand::Waiting,
            // A dead one that nobody waits for is the operator's; one that runs is somebody's who has it.
            _ => return,
        };
        if !waiting.is_touched {
            self.fresh.insert(place);
        }
        let entry = Entry {
            key,
            due: waiting.due,
            expires_at: expires_ms.map(|span| waiting.since.saturating_add(span)),
            stand,
        };
        self.put(place, entry);
    }

    fn put(&mut self, place: Place, entry: Entry) {
        match &entry.key {
            None => {
                if entry.stand == Stand::Waiting {
                    self.due.insert((entry.due, place));
                }
                self.entries.insert(place, entry);
            }
            Some(key) => {
                let key = key.clone();
                self.entries.insert(place, entry);
                let places = self.keys.entry(key).or_default();
                let before = places.first().copied();
                places.insert(place);
                if before.is_some_and(|before| before < place) {
                    return;
                }
                // It came before what was first.
                if let Some(before) = before {
                    let due = self.entries[&before].due;
                    self.due.remove(&(due, before));
                }
                self.stand_first(place);
            }
        }
    }

    /// The first of a key may be delivered, if it waits for nothing else.
    fn stand_first(&mut self, place: Place) {
        if let Some(entry) = self.entries.get(&place)
            && entry.stand == Stand::Waiting
        {
            self.due.insert((entry.due, place));
        }
    }

    /// Takes out at most `count_max` that are due, in the order in which they became so.
    pub fn take(&mut self, now: i64, count_max: usize) -> Vec<Due> {
        let mut taken = Vec::new();
        while taken.len() < count_max
            && let Some(&(due, place)) = self.due.first()
            && due <= now
        {
            self.due.pop_first();
            let entry = self.entries.get_mut(&place).expect("what is due is known");
            entry.stand = Stand::Running;
            taken.push(Due {
                place,
                is_expired: entry.expires_at.is_some_and(|at| at <= now),
            });
        }
        taken
    }

    /// Keeps the place of one that somebody who is gone had taken out, until that is told: those of its key wait for it.
    pub fn hold(&mut self, waiting: &Waiting) {
        let as_waiting = Waiting {
            state: TaskState::Retry,
            due: 0,
            ..waiting.clone()
        };
        self.add(as_waiting, None);
        if let Some(entry) = self.entries.get_mut(&waiting.place) {
            entry.stand = Stand::Running;
            self.due.remove(&(entry.due, waiting.place));
        }
    }

    /// One that was taken out was touched: what happens to it is kept from now on.
    pub fn touched(&mut self, place: Place) {
        self.fresh.remove(&place);
    }

    /// It waits again, until a time.
    pub fn again(&mut self, place: Place, due: i64) {
        if let Some(entry) = self.entries.get_mut(&place) {
            entry.stand = Stand::Waiting;
            entry.due = due;
            let is_first = { entry.key.as_ref() }
                .and_then(|key| self.keys.get(key))
                .is_none_or(|places| places.first() == Some(&place));
            if is_first {
                self.due.insert((due, place));
            }
        }
    }

    /// It is dead: those of its key wait for an operator.
    pub fn dead(&mut self, place: Place) {
        match self.entries.get_mut(&place) {
            Some(entry) if entry.key.is_some() => entry.stand = Stand::Dead,
            _ => self.remove(place),
        }
    }

    /// It is final, or somebody else's.
    pub fn remove(&mut self, place: Place) {
        self.fresh.remove(&place);
        let Some(entry) = self.entries.remove(&place) else {
            return;
        };
        self.due.remove(&(entry.due, place));
        let Some(key) = entry.key else {
            return;
        };
        let Some(places) = self.keys.get_mut(&key) else {
            return;
        };
        let was_first = places.first() == Some(&place);
        places.remove(&place);
        match places.first().copied() {
            Some(first) if was_first => self.stand_first(first),
            Some(_) => {}
            None => {
                self.keys.remove(&key);
                if self
                    .shed
                    .as_ref()
                    .is_some_and(|shed| shed.keys.contains(&key))
                {
                    self.take_in_again();
                }
            }
        }
    }

    /// Whether a delivery of it is on its way.
    pub fn is_running(&self, place: Place) -> bool {
        let entry = self.entries.get(&place);
        entry.is_some_and(|entry| entry.stand == Stand::Running)
    }

    /// When there is something to do next, in milliseconds since 1970.
    pub fn next_due(&self) -> Option<i64> {
        let first = self.due.first().map(|(due, _)| *due);
        let shed = self.shed.as_ref().and_then(|shed| shed.due);
        first.into_iter().chain(shed).min()
    }

    /// Everything up to here that may go on was touched. What was shed, or is not read yet, is behind it.
    pub fn mark(&self) -> Place {
        let before = |place: Place| match place.ordinal.checked_sub(1) {
            Some(ordinal) => Place { ordinal, ..place },
            None => Place {
                seq: crate::model::Seq(place.seq.0.saturating_sub(1)),
                ordinal: u32::MAX,
            },
        };
        let fresh = self.fresh.first().copied().map(before);
        let shed = self.shed.as_ref().map(|shed| before(shed.first));
        let firsts = fresh.into_iter().chain(shed);
        firsts.chain([self.reached]).min().unwrap_or_default()
    }

    /// Keeps one place free for what may be delivered: where there is no room, and nothing here is due, those that wait for
    /// others or for a later time are forgotten, to be read again.
    pub fn make_room(&mut self, now: i64) {
        if self
            .shed
            .as_ref()
            .and_then(|shed| shed.due)
            .is_some_and(|due| due <= now)
        {
            self.take_in_again();
        }
        let is_full = self.entries.len() >= limits::TASKS_QUEUED_MAX;
        let nothing_due = self.due.first().is_none_or(|(due, _)| *due > now);
        if !(is_full && self.has_more && nothing_due) {
            return;
        }
        // The first of a key stays, so that it is known that the key is taken; and those behind one that is on its way,
        // which come next.
        let behind: Vec<Place> = { self.entries.iter() }
            .filter(|(place, entry)| {
                entry.stand == Stand::Waiting
                    && match &entry.key {
                        None => true,
                        Some(key) => { self.keys[key].first() }
                            .is_some_and(|first| first != *place && !self.is_running(*first)),
                    }
            })
            .map(|(place, _)| *place)
            .collect();
        // To forget a few would only be to read them again.
        let Some(first) = behind
            .first()
            .copied()
            .filter(|_| behind.len() > limits::TASKS_QUEUED_MAX / 2)
        else {
            return;
        };
        let mut shed = self.shed.take().unwrap_or(Shed {
            first,
            due: None,
            keys: HashSet::new(),
        });
        shed.first = shed.first.min(first);
        for place in behind {
            let Some(entry) = self.entries.remove(&place) else {
                continue;
            };
            self.fresh.remove(&place);
            match entry.key {
                None => {
                    self.due.remove(&(entry.due, place));
                    shed.due = shed.due.into_iter().chain([entry.due]).min();
                }
                Some(key) => {
                    if let Some(places) = self.keys.get_mut(&key) {
                        places.remove(&place);
                    }
                    shed.keys.insert(key);
                }
            }
        }
        self.shed = Some(shed);
    }

    /// Reads on from the first that was shed.
    fn take_in_again(&mut self) {
        if let Some(shed) = self.shed.take() {
            let first = shed.first;
            // Everything before it was added.
            self.reached = match first.ordinal.checked_sub(1) {
                Some(ordinal) => Place { ordinal, ..first },
                None => Place {
                    seq: crate::model::Seq(first.seq.0.saturating_sub(1)),
                    ordinal: u32::MAX,
                },
            }
            .min(self.reached);
            self.has_more = true;
        }
    }
}

#[cfg(test)]
mod tests;
