//! A plugin as a type, and what `#[plugin]` builds it from.

use crate::command::CommandPayload;
use crate::contract::manifest::{
    CommandType, EventType, ForeignTable, Manifest, Table as TableDefinition, TaskKind,
};
use crate::contract::mistake;
use crate::contract::partitions::{EventPartition, PartitionSource, Partitioning, TablePartition};
use crate::contract::types as raw;
use crate::cx::{Creation, Materialization};
use crate::event::{EventPayload, full_type};
use crate::failure::{Decision, Done, Failure};
use crate::payload;
use crate::table::{OwnTable, Table};
use crate::task::TaskPayload;

/// One version of a plugin. `#[plugin]` implements it.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a plugin",
    note = "write `#[plugin(version = \"2024-01-01\")] impl {Self} {{ .. }}`"
)]
pub trait Plugin {
    /// `[a-z][a-z0-9]*`
    const NAME: &'static str;
    /// A calendar date: `2018-07-30`.
    const VERSION: &'static str;
    /// The version this one extends.
    const EXTENDS: Option<&'static str>;

    /// What the version is.
    fn manifest() -> Manifest;

    /// Which rows its events may touch.
    fn partitions() -> Partitioning {
        Partitioning::default()
    }

    /// Hands an event to its materializer.
    #[doc(hidden)]
    fn materialize(event: raw::Event, cx: &Materialization) -> Done;

    /// Hands a command to its creator.
    #[doc(hidden)]
    fn create(command: raw::Command, cx: &Creation) -> Decision;
}

/// Whether the full type is this plugin's (or, where the payload names one, that plugin's) type.
#[doc(hidden)]
pub fn is_event<P: Plugin, T: EventPayload>(full_type: &str) -> bool {
    is_type(full_type, T::PLUGIN.unwrap_or(P::NAME), T::NAME)
}

/// Whether the full type is this plugin's command type.
#[doc(hidden)]
pub fn is_command<P: Plugin, T: CommandPayload>(full_type: &str) -> bool {
    is_type(full_type, P::NAME, T::NAME)
}

// The name comes first: it tells the types of one plugin apart, and so most comparisons end there.
fn is_type(full_type: &str, plugin: &str, name: &str) -> bool {
    full_type
        .strip_suffix(name)
        .and_then(|rest| rest.strip_suffix('.'))
        == Some(plugin)
}

/// The failure for a type without a handler, which the host does not send.
#[doc(hidden)]
#[cold]
pub fn unhandled<P: Plugin>(full_type: &str) -> Failure {
    Failure::new(
        "unhandled-type",
        format!("{} {} has no handler for {full_type}", P::NAME, P::VERSION),
    )
}

/// The second one would never run.
#[cold]
fn two_handlers(full_type: &str) -> String {
    format!("{full_type} has two handlers: leave one out, or give its type another name")
}

/// Collects a manifest, for `#[plugin]`.
#[doc(hidden)]
pub struct ManifestBuilder<P> {
    manifest: Manifest,
    plugin: std::marker::PhantomData<fn() -> P>,
}

impl<P: Plugin> ManifestBuilder<P> {
    pub fn new(description: &str, changes: &[&str]) -> Self {
        let manifest = Manifest {
            plugin: P::NAME.to_owned(),
            version: P::VERSION.to_owned(),
            extends: P::EXTENDS.map(str::to_owned),
            description: description.to_owned(),
            changes: changes.iter().map(|&line| line.to_owned()).collect(),
            tables: Vec::new(),
            reads: Vec::new(),
            events: Vec::new(),
            materializes: Vec::new(),
            commands: Vec::new(),
            tasks: Vec::new(),
        };
        Self {
            manifest,
            plugin: std::marker::PhantomData,
        }
    }

    /// A table of the plugin.
    #[must_use]
    pub fn table<T: OwnTable>(mut self) -> Self {
        if self
            .manifest
            .tables
            .iter()
            .any(|table| table.name == T::NAME)
        {
            mistake::tell(format!(
                "the table {} has two row types: give one another name, `#[table(name = \"..\")]`",
                T::NAME
            ));
        }
        self.manifest.tables.push(T::definition());
        self
    }

    /// A table of another plugin that this one reads.
    #[must_use]
    pub fn reads<T: Table>(mut self) -> Self {
        let TableDefinition { name, columns, .. } = T::definition();
        self.manifest.reads.push(ForeignTable {
            plugin: T::PLUGIN.unwrap_or(P::NAME).to_owned(),
            table: name,
            columns: columns.into_iter().map(|column| column.name).collect(),
        });
        self
    }

    /// An event type that creators emit; one of another plugin is not the plugin's to declare.
    #[must_use]
    pub fn event<T: EventPayload>(mut self) -> Self {
        let name = full_type(T::PLUGIN.unwrap_or(P::NAME), T::NAME);
        let is_own = T::PLUGIN.is_none_or(|plugin| plugin == P::NAME);
        if !is_own {
            return self;
        }
        let event = EventType {
            name,
            description: T::DESCRIPTION.to_owned(),
            schema: payload::schema::<T>(),
        };
        match { self.manifest.events.iter() }.find(|known| known.name == event.name) {
            None => self.manifest.events.push(event),
            // A type that is handled may be named among those that are emitted.
            Some(known) if *known == event => {}
            Some(_) => mistake::tell(format!(
                "the event {} has two payloads: give one type another name, `#[event(name = \"..\")]`",
                event.name
            )),
        }
        self
    }

    /// An event type with a materializer.
    #[must_use]
    pub fn materializes<T: EventPayload>(mut self) -> Self {
        let name = full_type(T::PLUGIN.unwrap_or(P::NAME), T::NAME);
        if self.manifest.materializes.contains(&name) {
            mistake::tell(two_handlers(&name));
        }
        self.manifest.materializes.push(name);
        self.event::<T>()
    }

    /// A command type with a creator.
    #[must_use]
    pub fn command<T: CommandPayload>(mut self) -> Self {
        let name = full_type(P::NAME, T::NAME);
        if { self.manifest.commands.iter() }.any(|known| known.name == name) {
            mistake::tell(two_handlers(&name));
        }
        self.manifest.commands.push(CommandType {
            name,
            description: T::DESCRIPTION.to_owned(),
            schema: match T::OPEN {
                true => payload::schema::<T>(),
                false => payload::closed_schema::<T>(),
            },
        });
        self
    }

    /// A kind of task.
    #[must_use]
    pub fn task<T: TaskPayload>(mut self) -> Self {
        let (name, description) = (T::KIND.to_owned(), T::DESCRIPTION.to_owned());
        self.manifest.tasks.push(TaskKind { name, description });
        self
    }

    /// The manifest.
    pub fn build(self) -> Manifest {
        self.manifest
    }
}

/// Collects what is said of partitions, for `#[plugin]`.
#[doc(hidden)]
pub struct PartitioningBuilder<P> {
    partitioning: Partitioning,
    plugin: std::marker::PhantomData<fn() -> P>,
}

impl<P> Default for PartitioningBuilder<P> {
    fn default() -> Self {
        Self {
            partitioning: Partitioning::default(),
            plugin: std::marker::PhantomData,
        }
    }
}

impl<P: Plugin> PartitioningBuilder<P> {
    /// An event type whose partition is in a field of the payload.
    #[must_use]
    pub fn field<T: EventPayload>(self, name: &str) -> Self {
        self.event::<T>(PartitionSource::Field(name.to_owned()))
    }

    /// An event type whose partition follows a text in the subject.
    #[must_use]
    pub fn subject<T: EventPayload>(self, prefix: &str) -> Self {
        self.event::<T>(PartitionSource::Subject(prefix.to_owned()))
    }

    fn event<T: EventPayload>(mut self, source: PartitionSource) -> Self {
        self.partitioning.events.push(EventPartition {
            event_type: full_type(T::PLUGIN.unwrap_or(P::NAME), T::NAME),
            source,
        });
        self
    }

    /// A table, and the column that has its rows' partition.
    #[must_use]
    pub fn table<T: OwnTable>(mut self, column: &str) -> Self {
        self.partitioning.tables.push(TablePartition {
            table: T::NAME.to_owned(),
            column: column.to_owned(),
        });
        self
    }

    /// What was said.
    pub fn build(self) -> Partitioning {
        self.partitioning
    }
}
