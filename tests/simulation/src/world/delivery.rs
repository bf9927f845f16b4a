//! Owns the receiver of a run: the gateway is the real one, and what becomes of each delivery is chosen here.

use super::*;

/// A delivery that has begun, and who is told what came of it.
pub(super) struct Carried {
    task: DueTask,
    told: ToldVerdict,
}

/// Deliveries that have begun, in order.
pub(super) type OnTheWay = Arc<Mutex<Vec<Carried>>>;

/// What puts deliveries into a list.
pub(super) fn carrier(list: &OnTheWay) -> Carrier {
    let list = list.clone();
    Carrier(Arc::new(move |task, told| {
        let task = task.clone();
        lock(&list).push(Carried { task, told });
    }))
}

impl World {
    /// The gateway's turn, or the receiver's.
    pub(super) fn gateway(&mut self) -> Found {
        if self.random.below(2) == 0 {
            let (gateway, turns) = self.gateway.as_mut().expect("open");
            // The server tells it of every commit that asks for tasks; here it is told more often than that.
            gateway.look();
            turns.turn();
            return Ok(());
        }
        let mut list = lock(&self.on_the_way);
        if list.is_empty() {
            return Ok(());
        }
        let at = self.random.below(list.len() as u64) as usize;
        let Carried { task, told } = list.remove(at);
        drop(list);
        let verdict = match self.random.below(6) {
            0 => Verdict::Retry {
                said: "not now".to_owned(),
                after: None,
            },
            // Its answer is lost: it took it, and will get it again.
            1 => {
                self.received(&task)?;
                self.may_come_again(&task.id);
                Verdict::Retry {
                    said: "no answer".to_owned(),
                    after: None,
                }
            }
            _ => {
                self.received(&task)?;
                self.unkept.push(task.id.clone());
                Verdict::Done(None)
            }
        };
        self.say(|| format!("task {} of {}: {verdict:?}", task.id, task.place));
        told(verdict);
        Ok(())
    }

    fn received(&mut self, task: &DueTask) -> Found {
        self.report.deliveries += 1;
        let taken = self.taken.entry(task.id.clone()).or_default();
        taken.times += 1;
        let (times, allowed) = (taken.times, 1 + taken.again);
        if times > allowed {
            return Err(format!(
                "task {} of {} was delivered {times} times, and {allowed} times for all we know",
                task.id, task.place
            ));
        }
        // Repairs make other tasks of events long past; without them each key's come in order.
        let key = task.key.clone().unwrap_or_default();
        let last = self.last_of_key.entry(key).or_default();
        if task.place < *last && !self.model.is_repaired() {
            return Err(format!(
                "task {} came after that of {last}, which has the same key",
                task.place
            ));
        }
        *last = task.place.max(*last);
        Ok(())
    }

    /// A receiver took it, and nobody may have kept that.
    pub(super) fn may_come_again(&mut self, id: &str) {
        self.taken.entry(id.to_owned()).or_default().again += 1;
    }
}

/// How often a receiver took a task, and how often more than once it may have, as nobody kept that it had.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Taken {
    pub times: u64,
    pub again: u64,
}

pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
