//! The contexts' native side: the calls a component makes through its handles, answered from the session.

use std::rc::Rc;

use crate::contract::types::{
    Command, CreateError, Event, Failure, Found, Level, NewEvent, QueryResult, Row, Search, Task,
    Timestamp, Value, WriteError,
};
use crate::testing::session::{Session, Version, create, materialize};
use crate::testing::state::{TableState, fault};
use crate::testing::view::TableView;

/// What one version reaches of the session.
struct Reach {
    session: Rc<Session>,
    /// The version's position in the chain.
    position: usize,
    version: Rc<Version>,
}

impl Reach {
    fn new(session: Rc<Session>, position: usize) -> Self {
        let version = session.versions.borrow()[position].clone();
        Self {
            session,
            position,
            version,
        }
    }

    fn get(&self, table: &str, key: &[Value]) -> Option<Row> {
        let view = self.version.view.table(table);
        let tables = self.session.tables.borrow();
        let state = tables.get(&view.full_name)?;
        state
            .get(key)
            .map(|row| view.narrow(state.definition(), row))
    }

    fn find(&self, table: &str, search: &Search) -> Found {
        let view = self.version.view.table(table);
        let tables = self.session.tables.borrow();
        let Some(state) = tables.get(&view.full_name) else {
            return Found::default();
        };
        let found = state.find(search);
        let rows = found.rows.iter();
        Found {
            rows: rows
                .map(|row| view.narrow(state.definition(), row))
                .collect(),
            next: found.next,
        }
    }

    /// A version that extends one has it below, in a test too.
    fn check_below(&self) {
        let Version {
            name,
            version,
            extends,
            ..
        } = &*self.version;
        let has_one = self.session.versions.borrow().len() > self.position + 1;
        if let (Some(extends), false) = (extends, has_one) {
            fault(&format!(
                "{name} {version} calls `previous`, and the test does not have {name} {extends}: begin it with \
                 `Scenario::<..>::new().previous::<..>()`"
            ));
        }
    }

    #[cfg(feature = "sql")]
    fn query(&self, sql: &str, parameters: &[Value]) -> QueryResult {
        super::sql::query(
            &self.version.view,
            &self.session.tables.borrow(),
            sql,
            parameters,
        )
    }

    #[cfg(not(feature = "sql"))]
    fn query(&self, sql: &str, _: &[Value]) -> QueryResult {
        panic!(
            "native tests run SQL only with the feature `sql` of daybook-sdk; add to Cargo.toml: \
             [dev-dependencies] daybook-sdk = {{ .., features = [\"sql\"] }}\nthe query was: {sql}"
        )
    }

    fn log(&self, level: Level, message: &str) {
        self.session
            .log
            .borrow_mut()
            .push((level, message.to_owned()));
    }

    /// Lets `write` work on an own table.
    fn write<T>(&self, table: &str, write: impl FnOnce(&TableView, &mut TableState) -> T) -> T {
        let view = self.version.view.table(table);
        if !view.is_own {
            fault(&format!(
                "{} writes {table}, another plugin's table",
                self.version.name
            ));
        }
        let mut tables = self.session.tables.borrow_mut();
        let state = tables.get_mut(&view.full_name);
        write(view, state.expect("own tables are there from the start"))
    }
}

/// A materializer's handle.
pub struct Materialization(Reach);

impl Materialization {
    pub(crate) fn new(session: Rc<Session>, position: usize) -> Self {
        Self(Reach::new(session, position))
    }

    pub(crate) fn get(&self, table: &str, key: &[Value]) -> Option<Row> {
        self.0.get(table, key)
    }

    pub(crate) fn find(&self, table: &str, search: &Search) -> Found {
        self.0.find(table, search)
    }

    pub(crate) fn query(&self, sql: &str, parameters: &[Value]) -> QueryResult {
        self.0.query(sql, parameters)
    }

    pub(crate) fn insert(&self, table: &str, row: &[Value]) -> Result<(), WriteError> {
        self.0
            .write(table, |view, state| state.insert(view.widen(state, row)))
    }

    pub(crate) fn update(&self, table: &str, row: &[Value]) -> Result<(), WriteError> {
        self.0
            .write(table, |view, state| state.update(view.widen(state, row)))
    }

    pub(crate) fn upsert(&self, table: &str, row: &[Value]) -> Result<(), WriteError> {
        self.0
            .write(table, |view, state| state.upsert(view.widen(state, row)))
    }

    pub(crate) fn delete(&self, table: &str, key: &[Value]) -> Result<(), WriteError> {
        self.0.write(table, |_, state| state.delete(key))
    }

    pub(crate) fn enqueue(&self, task: &Task) {
        self.0.session.check_task(task);
        self.0.session.tasks.borrow_mut().push(task.clone());
    }

    pub(crate) fn log(&self, level: Level, message: &str) {
        self.0.log(level, message);
    }

    pub(crate) fn previous(&self, event: &Event) -> Result<(), Failure> {
        if self.0.version.extends.is_none() {
            fault(&format!(
                "{} {} calls `previous` and extends no version: add `extends = \"..\"` in #[plugin]",
                self.0.version.name, self.0.version.version
            ));
        }
        self.0.check_below();
        materialize(&self.0.session, self.0.position + 1, event)
    }
}

/// A creator's handle.
pub struct Creation {
    reach: Reach,
    now: Timestamp,
}

impl Creation {
    pub(crate) fn new(session: Rc<Session>, position: usize, now: Timestamp) -> Self {
        Self {
            reach: Reach::new(session, position),
            now,
        }
    }

    pub(crate) fn get(&self, table: &str, key: &[Value]) -> Option<Row> {
        self.reach.get(table, key)
    }

    pub(crate) fn find(&self, table: &str, search: &Search) -> Found {
        self.reach.find(table, search)
    }

    pub(crate) fn query(&self, sql: &str, parameters: &[Value]) -> QueryResult {
        self.reach.query(sql, parameters)
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.now.clone()
    }

    pub(crate) fn make_id(&self) -> String {
        let number = self.reach.session.ids_made.get() + 1;
        self.reach.session.ids_made.set(number);
        super::made_id(number)
    }

    pub(crate) fn previous(&self, command: &Command) -> Result<Vec<NewEvent>, CreateError> {
        let Reach {
            session,
            position,
            version,
        } = &self.reach;
        match session.creator(&command.command_type, position + 1) {
            Some(below) => create(session, below, command),
            None => Err(CreateError::Failed(Failure::new(
                "no-creator-below",
                format!(
                    "{}@{} extends no version that answers '{}'",
                    version.name, version.version, command.command_type
                ),
            ))),
        }
    }

    pub(crate) fn log(&self, level: Level, message: &str) {
        self.reach.log(level, message);
    }
}
