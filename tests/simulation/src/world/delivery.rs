//! Owns the gateway of a run, at the desk that the real one has, and its receiver.

use super::*;

impl World {
    /// Takes what is due, delivers, or has kept what was delivered.
    pub(super) fn gateway(&mut self) {
        self.told_of_tasks();
        let desk = self.desk.as_mut().expect("open");
        if self.leasing.is_none() && self.random.below(2) == 0 {
            let Ok((found, _)) = desk.waiting("note", Place::default(), 16) else {
                return;
            };
            let mut keys: BTreeSet<_> = { self.leased.values() }
                .map(|it| it.task.key.clone())
                .collect();
            let mut moves = Moves::default();
            let mut places = Vec::new();
            for waiting in found {
                // In order for each key.
                if !keys.insert(waiting.key.clone()) || self.leased.contains_key(&waiting.place) {
                    continue;
                }
                let step = match waiting.state {
                    TaskState::Running => Move::Interrupt {
                        due: Some("2026-01-01T00:00:00Z".to_owned()),
                    },
                    _ => {
                        places.push(waiting.place);
                        Move::Lease
                    }
                };
                moves.moves.push(("note".to_owned(), waiting.place, step));
                if moves.moves.len() == 4 {
                    break;
                }
            }
            if moves.moves.is_empty() {
                return;
            }
            let (answer, done) = later();
            if desk.make(moves, done).is_ok() {
                self.leasing = Some((places, answer));
            }
            return;
        }
        let Some(place) = self.leased.keys().next().copied() else {
            return;
        };
        if self.ending.iter().any(|(known, ..)| *known == place) {
            return;
        }
        let takes = self.random.below(5) > 0;
        let leased = self.leased.get_mut(&place).expect("it is there");
        let ended = match takes || leased.is_taken {
            true => Ended::Done { result: None },
            false => Ended::Retry {
                due: "2026-01-01T00:00:00Z".to_owned(),
                said: "not now".to_owned(),
            },
        };
        if takes && !leased.is_taken {
            leased.is_taken = true;
            self.report.deliveries += 1;
            let id = leased.task.id.clone();
            let received = self.received.entry(id).or_insert((0, 1));
            received.0 += 1;
        }
        let moves = Moves {
            moves: vec![("note".to_owned(), place, Move::End(ended))],
            marks: Vec::new(),
        };
        let (answer, done) = later();
        if desk.make(moves, done).is_ok() {
            self.ending.push((place, takes, answer));
        }
    }

    pub(super) fn told_of_tasks(&mut self) {
        if let Some((places, answer)) = self.leasing.take() {
            match taken(&answer) {
                None => self.leasing = Some((places, answer)),
                Some(Ok(made)) => {
                    for made in made {
                        if let Made::Leased(task) = made {
                            let is_taken = false;
                            self.leased.insert(task.place, Leased { task, is_taken });
                        }
                    }
                }
                // It is looked at again.
                Some(Err(_)) => {}
            }
        }
        let mut open = Vec::new();
        for (place, takes, answer) in std::mem::take(&mut self.ending) {
            match taken(&answer) {
                None => open.push((place, takes, answer)),
                Some(Ok(_)) => drop(self.leased.remove(&place)),
                // It is told again; what was taken is not delivered again.
                Some(Err(_)) => {}
            }
        }
        self.ending = open;
    }
}
