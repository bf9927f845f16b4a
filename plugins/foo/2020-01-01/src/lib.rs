//! The plugin `foo`, version 2020-01-01: one foo for each pair of ids that other systems gave, a left one and a right one,
//! with what it was at every position.
//!
//! A foo's own id is derived from the pair, so that it needs no look-up and no agreement: whoever knows the pair knows the
//! id, in every book and for ever. What a foo is now and what it was are two tables; the second can be kept for a shorter
//! time, and nothing else then differs.

use daybook_sdk::prelude::*;
use uuid::Uuid;

/// What the ids of foos are derived from beside the pair. It must never change.
const NAMESPACE: Uuid = Uuid::from_u128(0x7d0c_4f57_7a5e_4c0b_9b52_6a3f_0e1d_8c24);

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

/// Make the foo of a pair what is said here.
#[derive(Clone, Debug, PartialEq, Command)]
pub struct SetFoo {
    /// The left id.
    #[schemars(length(min = 1, max = 100))]
    pub left: String,
    /// The right id; `a` and `b` are another pair than `b` and `a`.
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
    /// Derived from the pair: see [`foo_id`].
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

/// What foos were after each change.
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
    version = "2020-01-01",
    description = "One row for each pair of ids, and what it was",
    changes = ["the first version"],
    tables = [Foo, History]
)]
impl Foos {
    #[materialize]
    fn foo_changed(event: &Event<FooChanged>, cx: &Materialization) -> Done {
        let FooChanged {
            left,
            right,
            active,
            label,
        } = event.data.clone();
        let id = foo_id(&left, &right);
        let changes = Foo::get(cx, &id)?.map_or(0, |row| row.changes);
        let entry = History {
            foo: id,
            number: changes + 1,
            seq: event.seq(),
            at: event.time()?,
            active,
            label,
        };
        entry.clone().insert(cx)?;
        Foo {
            id: entry.foo,
            left,
            right,
            active,
            label: entry.label,
            changes: entry.number,
            updated_at: entry.at,
            updated_seq: entry.seq,
        }
        .upsert(cx)
    }

    /// What changes nothing is refused, so that history has no entry that says nothing.
    #[create]
    fn set_foo(command: &Command<SetFoo>, cx: &Creation) -> Decision {
        let SetFoo {
            left,
            right,
            active,
            label,
        } = command.data.clone();
        let id = foo_id(&left, &right);
        let same = |row: Foo| row.active == active && row.label == label;
        if Foo::get(cx, &id)?.is_some_and(same) {
            let message = format!("the foo of '{left}' and '{right}' is like that already");
            return reject("unchanged", message);
        }
        let changed = FooChanged {
            left,
            right,
            active,
            label,
        };
        Ok(events![changed.about(format!("foo/{id}"))])
    }
}

/// The id of the foo of a pair: a UUID of version 5, of the pair with the left id's length before it. Without the length,
/// (`ab`, `c`) would have the id of (`a`, `bc`).
pub fn foo_id(left: &str, right: &str) -> String {
    let name = format!("{}:{left}{right}", left.len());
    Uuid::new_v5(&NAMESPACE, name.as_bytes()).to_string()
}
