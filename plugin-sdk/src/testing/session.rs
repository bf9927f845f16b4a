//! The host's part in a test: the versions of a plugin, the tables, and what one step of a scenario causes.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet};

use crate::contract::manifest::Manifest;
use crate::contract::types::{Command, Event, Failure, Level, NewEvent, Task};
use crate::cx::{Creation, Materialization};
use crate::failure::{Decision, Done, Refusal};
use crate::plugin::Plugin;
use crate::testing::host;
use crate::testing::state::{TableState, fault};
use crate::testing::view::View;

/// One version of the plugin under test.
pub(crate) struct Version {
    pub(crate) name: &'static str,
    pub(crate) version: &'static str,
    pub(crate) extends: Option<&'static str>,
    pub(crate) manifest: Manifest,
    pub(crate) view: View,
    materialize: fn(Event, &Materialization) -> Done,
    create: fn(Command, &Creation) -> Decision,
}

impl Version {
    pub(crate) fn of<P: Plugin>() -> Self {
        let manifest = P::manifest();
        Self {
            name: P::NAME,
            version: P::VERSION,
            extends: P::EXTENDS,
            view: View::new(P::NAME, P::VERSION, &manifest),
            manifest,
            materialize: P::materialize,
            create: P::create,
        }
    }

    fn materializes(&self, event_type: &str) -> bool {
        self.manifest
            .materializes
            .iter()
            .any(|handled| handled == event_type)
    }

    fn creates(&self, command_type: &str) -> bool {
        self.manifest
            .commands
            .iter()
            .any(|command| command.name == command_type)
    }
}

/// Tables by full name, `bank.account`.
pub(crate) type Tables = BTreeMap<String, TableState>;

/// Everything the handlers' contexts reach.
#[derive(Default)]
pub(crate) struct Session {
    /// Newest first; each extends the next.
    pub(crate) versions: RefCell<Vec<std::rc::Rc<Version>>>,
    pub(crate) tables: RefCell<Tables>,
    pub(crate) tasks: RefCell<Vec<Task>>,
    pub(crate) log: RefCell<Vec<(Level, String)>>,
    pub(crate) ids_made: Cell<u32>,
}

impl Session {
    /// Adds the version that the last one extends, with the tables that no newer one declares.
    pub(crate) fn add(&self, version: Version) {
        let mut tables = self.tables.borrow_mut();
        for table in &version.manifest.tables {
            let full_name = format!("{}.{}", version.name, table.name);
            match tables.get(&full_name) {
                Some(newer) => {
                    let newer = &newer.definition().columns;
                    for column in &table.columns {
                        let kept = newer
                            .iter()
                            .any(|c| c.name == column.name && c.kind == column.kind);
                        assert!(
                            kept,
                            "{full_name}.{} of version {} is gone from the newer version's table: \
                             a table keeps its columns",
                            column.name, version.version
                        );
                    }
                }
                None => {
                    let state = TableState::new(full_name.clone(), table.clone());
                    tables.insert(full_name, state);
                }
            }
        }
        let mut versions = self.versions.borrow_mut();
        for newer in versions.iter_mut() {
            let newer = std::rc::Rc::get_mut(newer).expect("no step runs while versions are added");
            newer.view.inherit(&version.manifest);
        }
        versions.push(std::rc::Rc::new(version));
    }

    /// The position of the first version, from `first` on, that handles the event type.
    pub(crate) fn materializer(&self, event_type: &str, first: usize) -> Option<usize> {
        let versions = self.versions.borrow();
        let found = versions
            .iter()
            .skip(first)
            .position(|version| version.materializes(event_type));
        found.map(|offset| first + offset)
    }

    /// The position of the first version, from `first` on, that handles the command type.
    pub(crate) fn creator(&self, command_type: &str, first: usize) -> Option<usize> {
        let versions = self.versions.borrow();
        let found =
            { versions.iter().skip(first) }.position(|version| version.creates(command_type));
        found.map(|offset| first + offset)
    }

    /// Whether any version declares the event type.
    pub(crate) fn declares(&self, event_type: &str) -> bool {
        let versions = self.versions.borrow();
        let mut events = versions.iter().flat_map(|version| &version.manifest.events);
        events.any(|event| event.name == event_type)
    }

    /// What versions have of something, by name, to be shown beside a name that they do not have.
    pub(crate) fn names(&self, of: impl Fn(&Manifest) -> Vec<&str>) -> String {
        let versions = self.versions.borrow();
        let names = versions.iter().flat_map(|version| of(&version.manifest));
        let names = names.collect::<BTreeSet<_>>();
        match names.is_empty() {
            true => "none".to_owned(),
            false => Vec::from_iter(names).join(", "),
        }
    }

    /// Checks that some version declares the kind of the task.
    pub(crate) fn check_task(&self, task: &Task) {
        let versions = self.versions.borrow();
        let mut kinds = versions.iter().flat_map(|version| &version.manifest.tasks);
        if !kinds.any(|kind| kind.name == task.kind) {
            fault(&format!(
                "the task kind {} is not in the manifest: add it to `tasks = [..]` in #[plugin]",
                task.kind
            ));
        }
    }

    /// Runs something that keeps nothing when it fails.
    pub(crate) fn all_or_nothing<T, E>(&self, work: impl FnOnce() -> Result<T, E>) -> Result<T, E> {
        let tables_before = self.tables.borrow().clone();
        let tasks_before = self.tasks.borrow().len();
        let result = work();
        if result.is_err() {
            *self.tables.borrow_mut() = tables_before;
            self.tasks.borrow_mut().truncate(tasks_before);
        }
        result
    }
}

/// Runs the materializer that the versions from `first` on have for the event, if they have one.
pub(crate) fn materialize(
    session: &std::rc::Rc<Session>,
    first: usize,
    event: &Event,
) -> Result<(), Failure> {
    let Some(position) = session.materializer(&event.event_type, first) else {
        return Ok(());
    };
    let version = session.versions.borrow()[position].clone();
    let host = host::Materialization::new(session.clone(), position);
    let cx = Materialization::new(host, version.name);
    session.all_or_nothing(|| (version.materialize)(event.clone(), &cx))
}

/// Runs the creator of the version at this position.
pub(crate) fn create(
    session: &std::rc::Rc<Session>,
    position: usize,
    command: &Command,
) -> Result<Vec<NewEvent>, Refusal> {
    let version = session.versions.borrow()[position].clone();
    let host = host::Creation::new(session.clone(), position, command.time.clone());
    let events = (version.create)(command.clone(), &Creation::new(host, version.name))?;
    let asked = events.into_iter().map(|event| event.into_raw(version.name));
    Ok(asked.collect())
}
