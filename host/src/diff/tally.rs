//! Differences counted as they come, each kind with its first example: what is told of a candidate that follows a live
//! log, where nobody keeps every difference. Its size does not grow with the log.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::expectation::About;
use super::words::{place, sides};
use super::{Causes, Difference, Expectations};

/// What a candidate's effects differ in so far. Also the form in which a shadow keeps it.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Tally {
    /// Events compared.
    pub events: u64,
    /// Events whose effects differ.
    pub differing: u64,
    /// Differences that no expectation takes.
    pub unexpected: u64,
    /// By event type and what differs.
    pub lines: Vec<TallyLine>,
}

/// One kind of difference.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct TallyLine {
    /// Full type of the events.
    pub event: String,
    /// `bank.account.interest`, `bank.account` (whole rows), `task mail`, `event of doom`.
    pub what: String,
    pub differences: u64,
    pub unexpected: u64,
    pub first: Example,
}

/// The first difference of its kind, in words.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Example {
    pub seq: u64,
    /// `bank.account[17].interest`
    pub place: String,
    pub base: String,
    pub candidate: String,
}

impl Tally {
    /// Counts an event that both sides ran, with its differences: none, usually. `causes` where they were looked for.
    pub fn count(
        &mut self,
        event: About<'_>,
        differences: &[Difference],
        causes: Option<&Causes>,
        expectations: &mut Expectations,
    ) {
        self.events += 1;
        self.differing += u64::from(!differences.is_empty());
        for difference in differences {
            let cause = causes.map(|causes| causes.of_difference(difference));
            let event = About { cause, ..event };
            let unexpected = !expectations.takes(event, difference);
            self.unexpected += u64::from(unexpected);
            let line = self.line(event, difference);
            line.differences += 1;
            line.unexpected += u64::from(unexpected);
        }
    }

    fn line(&mut self, event: About<'_>, difference: &Difference) -> &mut TallyLine {
        let (name, what) = (event.event_type.as_str(), kind(difference));
        let found = self
            .lines
            .binary_search_by(|line| (line.event.as_str(), &line.what).cmp(&(name, &what)));
        let at = found.unwrap_or_else(|at| {
            let (base, candidate) = sides(difference);
            let line = TallyLine {
                event: name.to_owned(),
                what,
                differences: 0,
                unexpected: 0,
                first: Example {
                    seq: event.seq.0,
                    place: place(difference),
                    base,
                    candidate,
                },
            };
            self.lines.insert(at, line);
            at
        });
        &mut self.lines[at]
    }
}

fn kind(difference: &Difference) -> String {
    match difference {
        Difference::Column { table, column, .. } => format!("{table}.{column}"),
        Difference::Row { table, .. } => table.clone(),
        Difference::Task {
            base, candidate, ..
        } => {
            let task = candidate.as_ref().or(base.as_ref());
            format!("task {}", task.map_or("", |task| task.kind.as_str()))
        }
        Difference::Doom { .. } => "event of doom".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diff::samples::{column, task};
    use crate::model::{Seq, TypeName};

    #[test]
    fn each_kind_of_difference_is_counted_with_its_first_example() {
        let expected = "[[expect]]\nreason = 'wanted'\ntable = 'bank.account'\ncolumn = 'interest'";
        let mut expectations = Expectations::parse(expected).unwrap();
        let mut tally = Tally::default();
        let posted = TypeName::new("bank.Posted").unwrap();
        let about = |seq| About {
            seq: Seq(seq),
            event_type: &posted,
            cause: None,
        };
        let interest = |base, candidate| column(17, "interest", Some(base), Some(candidate));
        tally.count(about(1), &[], None, &mut expectations);
        tally.count(about(2), &[interest(1, 2)], None, &mut expectations);
        let mail = task(None, Some("mail"));
        tally.count(about(3), &[interest(5, 6), mail], None, &mut expectations);
        assert_eq!((tally.events, tally.differing, tally.unexpected), (3, 2, 1));
        let lines = tally.lines.iter().map(|line| {
            let first = (line.first.seq, line.first.place.as_str());
            (line.what.as_str(), line.differences, line.unexpected, first)
        });
        assert_eq!(
            lines.collect::<Vec<_>>(),
            [
                (
                    "bank.account.interest",
                    2,
                    0,
                    (2, "bank.account[17].interest")
                ),
                ("task mail", 1, 1, (3, "task 1")),
            ]
        );
        let text = serde_json::to_string(&tally).unwrap();
        assert_eq!(serde_json::from_str::<Tally>(&text).unwrap(), tally);
    }
}
