//! Which task of an event is which, where the event asks for others than it did: after a repair, or under other versions.

use super::Task;

impl Task {
    /// One and the same for whoever carries it out: kind, key and data are equal.
    pub fn is_same(&self, other: &Task) -> bool {
        (&self.kind, &self.key, &self.data) == (&other.kind, &other.key, &other.data)
    }
}

/// For each task of before, the place among those of now that it has become: first where nothing changed, then where the
/// data did, then where the key did too. None: it is asked for no more. A kind never changes.
pub fn paired(before: &[&Task], now: &[Task]) -> Vec<Option<usize>> {
    let mut found = vec![None; before.len()];
    let mut taken = vec![false; now.len()];
    let alike: [fn(&Task, &Task) -> bool; 3] = [
        Task::is_same,
        |one, other| (&one.kind, &one.key) == (&other.kind, &other.key),
        |one, other| one.kind == other.kind,
    ];
    for is_alike in alike {
        for (task, found) in before.iter().zip(&mut found) {
            if found.is_none() {
                *found = (0..now.len()).find(|&at| !taken[at] && is_alike(task, &now[at]));
                found.iter().for_each(|&at| taken[at] = true);
            }
        }
    }
    found
}

/// Takes from `tasks` one for each of `known` that is the same.
pub fn without(tasks: &mut Vec<Task>, known: &[Task]) {
    for known in known {
        if let Some(at) = tasks.iter().position(|task| task.is_same(known)) {
            tasks.remove(at);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn task(kind: &str, key: &str, data: &str) -> Task {
        Task {
            kind: kind.into(),
            key: (!key.is_empty()).then(|| key.into()),
            data: data.into(),
            not_before: None,
        }
    }

    #[test]
    fn a_task_is_found_again_by_what_stayed_of_it() {
        let before = [
            task("mail", "a", "1"),
            task("mail", "b", "2"),
            task("lab", "", "3"),
            task("mail", "", "4"),
        ];
        let before: Vec<&Task> = before.iter().collect();
        let now = [
            task("mail", "b", "2"),
            task("mail", "z", "9"),
            task("mail", "a", "7"),
        ];
        assert_eq!(paired(&before, &now), [Some(2), Some(0), None, Some(1)]);
        // Of two that are alike, each is one.
        let twins = [task("mail", "a", "1"), task("mail", "a", "1")];
        assert_eq!(paired(&before, &twins), [Some(0), Some(1), None, None]);
    }

    #[test]
    fn what_is_known_once_is_taken_away_once() {
        let mut tasks = vec![task("mail", "", "1"), task("mail", "", "1")];
        without(&mut tasks, &[task("mail", "", "1"), task("lab", "", "1")]);
        assert_eq!(tasks, [task("mail", "", "1")]);
    }
}
