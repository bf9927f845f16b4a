//! The queue against a book of tasks that is kept in the plainest way, under random interleavings.

use super::*;
use crate::model::Seq;

fn place(seq: u64) -> Place {
    Place {
        seq: Seq(seq),
        ordinal: 0,
    }
}

/// A task as the log has it.
#[derive(Debug, Clone)]
struct Known {
    key: Option<String>,
    state: TaskState,
    due: i64,
    is_touched: bool,
}

struct Random(u64);

impl Random {
    fn below(&mut self, end: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % end
    }
}

/// A kind's tasks, and the queue over them.
struct World {
    log: Vec<Known>,
    queue: Queue,
    now: i64,
    is_ordered: bool,
    delivered: Vec<u64>,
}

impl World {
    fn new(is_ordered: bool) -> World {
        World {
            log: Vec::new(),
            queue: Queue::new(is_ordered),
            now: 1,
            is_ordered,
            delivered: Vec::new(),
        }
    }

    fn waiting(&self, seq: u64) -> Waiting {
        let known = &self.log[seq as usize - 1];
        Waiting {
            place: place(seq),
            key: known.key.clone(),
            state: known.state,
            tries: 0,
            due: known.due,
            since: 0,
            is_touched: known.is_touched,
        }
    }

    fn read(&mut self) {
        self.queue.make_room(self.now);
        while let Some((after, room)) = self.queue.wants() {
            let asked = room.min(7);
            // The place before (3, 0) is (2, all): what is behind it begins with 3.
            let open = (1..=self.log.len() as u64)
                .filter(|seq| place(*seq) > after)
                .filter(|seq| !self.log[*seq as usize - 1].state.is_final());
            let found: Vec<Waiting> = open.take(asked).map(|seq| self.waiting(seq)).collect();
            let reached = found.last().map_or(after, |last| last.place);
            self.queue.read(found, reached, asked, None);
        }
    }

    /// What may be delivered, by the rules and not by the queue.
    fn may_run(&self, seq: u64) -> bool {
        let known = &self.log[seq as usize - 1];
        let waits = matches!(known.state, TaskState::Pending | TaskState::Retry);
        let is_first = !self.is_ordered
            || known.key.is_none()
            || self.log[..seq as usize - 1]
                .iter()
                .all(|earlier| earlier.key != known.key || earlier.state.is_final());
        waits && known.due <= self.now && is_first
    }

    fn take(&mut self, count_max: usize) {
        for due in self.queue.take(self.now, count_max) {
            let seq = due.place.seq.0;
            assert!(self.may_run(seq), "{seq} may not run at {}", self.now);
            let known = &mut self.log[seq as usize - 1];
            known.state = TaskState::Running;
            known.is_touched = true;
            self.queue.touched(due.place);
        }
    }

    fn running(&self) -> Vec<u64> {
        let all = 1..=self.log.len() as u64;
        all.filter(|seq| self.log[*seq as usize - 1].state == TaskState::Running)
            .collect()
    }

    fn end(&mut self, seq: u64, state: TaskState, due: i64) {
        let known = &mut self.log[seq as usize - 1];
        known.state = state;
        known.due = due;
        match state {
            TaskState::Done => {
                self.delivered.push(seq);
                self.queue.remove(place(seq));
            }
            TaskState::Retry => self.queue.again(place(seq), due),
            _ => self.queue.dead(place(seq)),
        }
    }

    /// An operator decides.
    fn decide(&mut self, seq: u64, state: TaskState) {
        self.log[seq as usize - 1].state = state;
        self.log[seq as usize - 1].is_touched = true;
        self.queue.remove(place(seq));
        if !state.is_final() {
            self.queue.add(self.waiting(seq), None);
        }
    }
}

fn run(seed: u64, is_ordered: bool) {
    let mut random = Random(seed * 2 + 1);
    let mut world = World::new(is_ordered);
    for _ in 0..3_000 {
        world.now += random.below(3) as i64;
        match random.below(10) {
            0..=2 => {
                for _ in 0..random.below(4) {
                    let key = random.below(6);
                    world.log.push(Known {
                        key: (key > 0).then(|| format!("k{key}")),
                        state: TaskState::Pending,
                        due: match random.below(4) {
                            0 => world.now + random.below(20) as i64,
                            _ => 0,
                        },
                        is_touched: false,
                    });
                }
                world.queue.look();
            }
            3..=5 => {
                world.read();
                world.take(1 + random.below(4) as usize);
            }
            6..=8 => {
                let running = world.running();
                if !running.is_empty() {
                    let seq = running[random.below(running.len() as u64) as usize];
                    let due = world.now + 1 + random.below(10) as i64;
                    let state = match random.below(6) {
                        0 | 1 => TaskState::Retry,
                        2 => TaskState::Dead,
                        _ => TaskState::Done,
                    };
                    world.end(seq, state, due);
                }
            }
            _ => {
                let all = 1..=world.log.len() as u64;
                let some: Vec<u64> = all
                    .filter(|seq| {
                        let state = world.log[*seq as usize - 1].state;
                        matches!(state, TaskState::Dead | TaskState::Retry)
                    })
                    .collect();
                if !some.is_empty() {
                    let seq = some[random.below(some.len() as u64) as usize];
                    let to = [TaskState::Retry, TaskState::Cancelled][random.below(2) as usize];
                    world.log[seq as usize - 1].due = 0;
                    world.decide(seq, to);
                }
            }
        }
        let mark = world.queue.mark();
        let fresh = world.log.iter().position(|known| !known.is_touched);
        assert!(
            fresh.is_none_or(|at| mark < place(at as u64 + 1)),
            "seed {seed}: the mark {mark} has passed a task that nobody has touched"
        );
    }
    // Then everything goes well, and all of it is delivered.
    for round in 0.. {
        assert!(round < 100_000, "seed {seed}: it never ends");
        for seq in world.running() {
            world.end(seq, TaskState::Done, 0);
        }
        for seq in 1..=world.log.len() as u64 {
            if world.log[seq as usize - 1].state == TaskState::Dead {
                world.decide(seq, TaskState::Retry);
            }
        }
        if world.log.iter().all(|known| known.state.is_final()) {
            break;
        }
        world.now = world.queue.next_due().unwrap_or(0).max(world.now + 1);
        world.read();
        world.take(4);
    }
    assert_eq!(world.queue.entries.len(), 0, "seed {seed}");
    if is_ordered {
        let mut last: HashMap<String, u64> = HashMap::new();
        for seq in world.delivered {
            if let Some(key) = world.log[seq as usize - 1].key.clone()
                && let Some(before) = last.insert(key, seq)
            {
                // An operator may put back what was cancelled; nothing here does.
                assert!(before < seq, "seed {seed}: {before} came before {seq}");
            }
        }
    }
}

#[test]
fn under_any_interleaving_only_what_may_run_is_taken_and_nothing_is_left() {
    for seed in 1..40 {
        run(seed, false);
        run(seed, true);
    }
}

#[test]
fn a_full_queue_of_tasks_that_wait_lets_others_pass_and_comes_back_for_them() {
    let mut world = World::new(true);
    let count = limits::TASKS_QUEUED_MAX as u64 + 50;
    let task = |key: Option<&str>, due| Known {
        key: key.map(str::to_owned),
        state: TaskState::Pending,
        due,
        is_touched: false,
    };
    // One key whose first fails, and scheduled ones without a key: more than there is room for. Then two others.
    world.log.extend((0..count).map(|at| match at % 2 {
        0 => task(Some("stuck"), 0),
        _ => task(None, 1_000),
    }));
    world.log.push(task(Some("free"), 0));
    world.log.push(task(Some("stuck"), 0));
    world.read();
    world.take(1);
    world.end(1, TaskState::Dead, 0);
    for _ in 0..10 {
        world.read();
        world.take(8);
    }
    assert_eq!(
        world.running(),
        [count + 1],
        "the free one passes, the stuck ones wait"
    );
    assert!(world.queue.mark() < place(2));
    world.end(count + 1, TaskState::Done, 0);
    world.now = 1_000;
    for _ in 0..count {
        for seq in world.running() {
            world.end(seq, TaskState::Done, 0);
        }
        world.read();
        world.take(1_000);
        if world.running().is_empty() {
            break;
        }
    }
    assert_eq!(
        world.delivered.len() as u64,
        1 + count / 2,
        "the scheduled ones"
    );
    world.decide(1, TaskState::Retry);
    for _ in 0..=count {
        for seq in world.running() {
            world.end(seq, TaskState::Done, 0);
        }
        world.read();
        world.take(1_000);
    }
    assert!(world.log.iter().all(|known| known.state == TaskState::Done));
    let stuck: Vec<u64> = { world.delivered.iter().copied() }
        .filter(|seq| world.log[*seq as usize - 1].key.as_deref() == Some("stuck"))
        .collect();
    assert!(stuck.is_sorted() && stuck.len() as u64 == count / 2 + 1);
}
