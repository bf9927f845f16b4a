//! Why an event's effects differ, and each of the differences: whether the candidate does it on the base's own state too.

use super::compare::{Step, differences};
use super::{Cause, Difference};

/// The causes of what differs at one event.
#[derive(Debug, Clone, PartialEq)]
pub struct Causes {
    event: Cause,
    /// In what the candidate on the base's state differs from the base. None: every difference has the event's cause.
    on_same_state: Option<Vec<Difference>>,
}

impl Causes {
    /// Every difference has this one.
    pub fn all(cause: Cause) -> Causes {
        Causes {
            event: cause,
            on_same_state: None,
        }
    }

    /// `probed` is the candidate on the base's state. Where it gave the base's effects, what differs was there before.
    pub fn of(base: &Step, probed: &Step) -> Causes {
        let found = differences(base, probed);
        Causes {
            event: match found.is_empty() {
                true => Cause::Inherited,
                false => Cause::Direct,
            },
            on_same_state: Some(found),
        }
    }

    /// Of the event as a whole.
    pub fn event(&self) -> Cause {
        self.event
    }

    /// Of one of its differences: direct where the candidate differs in that very place on the base's state too.
    pub fn of_difference(&self, difference: &Difference) -> Cause {
        let Some(found) = &self.on_same_state else {
            return self.event;
        };
        match found.iter().any(|other| is_in_place(other, difference)) {
            true => Cause::Direct,
            false => Cause::Inherited,
        }
    }
}

/// True where a difference is in the place of another one: the same column, the same row, the same task. A row that only
/// one side changes is the place of all its columns, and an event of doom that of everything.
fn is_in_place(found: &Difference, other: &Difference) -> bool {
    let row = |difference: &Difference| match difference {
        Difference::Column { table, key, .. } | Difference::Row { table, key, .. } => {
            Some((table.clone(), key.clone()))
        }
        _ => None,
    };
    match (found, other) {
        (Difference::Doom { .. }, _) | (_, Difference::Doom { .. }) => true,
        (Difference::Task { ordinal: a, .. }, Difference::Task { ordinal: b, .. }) => a == b,
        (Difference::Column { column: a, .. }, Difference::Column { column: b, .. }) => {
            a == b && row(found) == row(other)
        }
        _ => row(found).is_some() && row(found) == row(other),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diff::samples::{column, doom, row, task};

    #[test]
    fn a_difference_is_direct_where_the_same_place_differs_on_the_same_state() {
        let interest = || column(1, "interest", Some(1), Some(2));
        let cases = [
            (interest(), column(1, "interest", Some(5), Some(6)), true),
            (interest(), column(1, "balance", Some(5), Some(6)), false),
            (interest(), column(2, "interest", Some(5), Some(6)), false),
            (row(Some("update"), None), row(None, Some("insert")), true),
            (row(Some("update"), None), interest(), false),
            (task(None, Some("mail")), task(Some("mail"), None), true),
            (task(None, Some("mail")), interest(), false),
            (interest(), doom("no account"), true),
        ];
        for (difference, found, is_direct) in cases {
            let causes = Causes {
                event: Cause::Direct,
                on_same_state: Some(vec![found]),
            };
            let cause = causes.of_difference(&difference);
            assert_eq!(
                cause == Cause::Direct,
                is_direct,
                "{difference:?} {causes:?}"
            );
        }
        let all = Causes::all(Cause::Inherited);
        assert_eq!(all.of_difference(&interest()), Cause::Inherited);
    }
}
