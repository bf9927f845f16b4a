//! A handler is a function of what it is given: in a test each runs twice, and has to do the same.
//!
//! So a clock, random numbers, memory between calls and the order of a `HashMap` are found before a host finds them.

use super::session::{Session, Tables};
use super::state::fault;
use super::text;
use crate::contract::types::{Level, Task};

/// What a handler may change.
struct Effects {
    tables: Tables,
    tasks: Vec<Task>,
    log: Vec<(Level, String)>,
    ids_made: u32,
}

impl Effects {
    fn of(session: &Session) -> Self {
        Self {
            tables: session.tables.borrow().clone(),
            tasks: session.tasks.borrow().clone(),
            log: session.log.borrow().clone(),
            ids_made: session.ids_made.get(),
        }
    }

    fn put_back(self, session: &Session) {
        *session.tables.borrow_mut() = self.tables;
        *session.tasks.borrow_mut() = self.tasks;
        *session.log.borrow_mut() = self.log;
        session.ids_made.set(self.ids_made);
    }

    /// The first difference. Lines of the log are no effects.
    fn difference(&self, other: &Self) -> Option<String> {
        let rows = { self.tables.iter() }.find_map(|(name, table)| {
            let (mine, others) = table.first_difference(other.tables.get(name)?)?;
            let columns: Vec<_> = table.column_names().collect();
            let show = |row: Option<&_>| match row {
                Some(row) => text::row(name, &columns, row),
                None => format!("no such row of {name}"),
            };
            Some(and_then(&show(mine), &show(others)))
        });
        rows.or_else(|| {
            let show = |tasks: &[Task]| {
                let shown: Vec<_> = tasks.iter().map(text::task).collect();
                shown.join(", ")
            };
            (self.tasks != other.tasks).then(|| and_then(&show(&self.tasks), &show(&other.tasks)))
        })
    }
}

fn and_then(first: &str, second: &str) -> String {
    format!("{first}, and then {second}")
}

/// Runs a handler twice on the same rows. `show` is its answer in words.
pub(crate) fn twice<T: PartialEq>(
    session: &Session,
    what: &str,
    show: impl Fn(&T) -> String,
    work: impl Fn() -> T,
) -> T {
    let before = Effects::of(session);
    let first = work();
    let effects = Effects::of(session);
    before.put_back(session);
    let second = work();
    let answers = (first != second).then(|| and_then(&show(&first), &show(&second)));
    let difference = answers.or_else(|| effects.difference(&Effects::of(session)));
    if let Some(difference) = difference {
        fault(&format!(
            "{what} does something else when it runs again on the same rows: {difference}. A handler has no clock, no random numbers and no memory, and a HashMap has no order: take \
             `event.time()`, `cx.now()`, `cx.make_id()`, a table, and a BTreeMap"
        ));
    }
    second
}
