//! The plugin `foo`, version 2020-06-01: of what a foo was, only the latest changes are kept.
//!
//! Version 2020-01-01 does the work; this one takes away what is too old then. Entries keep their numbers, so that one sees
//! that there were others.

use daybook_sdk::prelude::*;

/// How many of a foo's changes are kept.
pub const KEPT_MAX: u64 = 5;

/// A foo is otherwise than before, or is there for the first time.
#[derive(Clone, Debug, PartialEq, Event)]
pub struct FooChanged {
    /// The left id.
    #[schemars(length(min = 1, max = 100))]
    pub left: String,
    /// The right id.
    #[schemars(length(min = 1, max = 100))]
    pub right: String,
    /// Whether it counts.
    pub active: bool,
    /// For people.
    #[schemars(length(max = 200))]
    pub label: String,
}

/// Foos as they are.
#[derive(Clone, Debug, PartialEq, Table)]
#[table(unique(by_pair = [left, right]), index(by_active = [active, id]))]
pub struct Foo {
    /// Derived from the pair.
    #[key]
    pub id: String,
    /// The left id.
    pub left: String,
    /// The right id.
    pub right: String,
    /// Whether it counts.
    pub active: bool,
    /// For people.
    pub label: String,
    /// How often it was changed, the first time included.
    pub changes: u64,
    /// When it was changed last.
    pub updated_at: Time,
    /// The position in the log of the event that changed it last.
    pub updated_seq: u64,
}

/// What foos were after each of their latest changes.
#[derive(Clone, Debug, PartialEq, Table)]
pub struct History {
    /// The foo's id.
    #[key]
    pub foo: String,
    /// The number of the change; the first is 1.
    #[key]
    pub number: u64,
    /// The position of the event in the log.
    pub seq: u64,
    /// When it was changed.
    pub at: Time,
    /// Whether it counted.
    pub active: bool,
    /// For people.
    pub label: String,
}

/// The plugin.
pub struct Foos;

#[plugin(
    name = "foo",
    version = "2020-06-01",
    extends = "2020-01-01",
    description = "One row for each pair of ids, and what it was lately",
    changes = ["of each foo the latest 5 changes are kept"],
    tables = [Foo, History]
)]
impl Foos {
    #[materialize]
    fn foo_changed(event: &Event<FooChanged>, cx: &Materialization) -> Done {
        cx.previous(event)?;
        let FooChanged { left, right, .. } = &event.data;
        let pair = (left.as_str(), right.as_str());
        let Some(row) = Foo::find(cx).by(Foo::BY_PAIR).prefix(pair).first()? else {
            return fail("foo-missing", format!("'{left}' and '{right}' have no foo"));
        };
        let Some(last) = row.changes.checked_sub(KEPT_MAX) else {
            return Ok(());
        };
        // All up to there, not only the one that has just become too old: while the version before was in force there was
        // no limit.
        let old = History::find(cx).prefix(row.id.as_str()).to(last);
        let mut numbers = Vec::new();
        old.each(|entry| {
            numbers.push(entry.number);
            Ok(())
        })?;
        { numbers.into_iter() }.try_for_each(|number| History::delete(cx, (&row.id, number)))
    }
}
