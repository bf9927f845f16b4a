//! What a version declares, and the rules a declaration must keep.
//!
//! A manifest is a document that is stored and shown as it is, hence `Serialize`.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::error::{Error, Result};
use super::event::SYSTEM_PLUGIN;
use super::format::ColumnFormat;
use super::id::{PluginName, PluginVersion, TypeName, VersionDate, is_identifier};
use super::layout::{IndexLayout, TableLayout, fits};
use super::limits;
use super::partition::Partitioning;
use super::task::{COMMAND_KIND, REACT_KIND, is_reserved_kind};
use super::value::Value;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ColumnKind {
    Integer,
    Real,
    Text,
    Blob,
}

impl ColumnKind {
    /// The column type in a SQLite STRICT table.
    pub fn sql(self) -> &'static str {
        match self {
            ColumnKind::Integer => "INTEGER",
            ColumnKind::Real => "REAL",
            ColumnKind::Text => "TEXT",
            ColumnKind::Blob => "BLOB",
        }
    }
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Column {
    pub name: String,
    pub kind: ColumnKind,
    /// What the values mean to people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub format: Option<ColumnFormat>,
    pub nullable: bool,
    #[serde(
        with = "default_value",
        skip_serializing_if = "Option::is_none",
        default
    )]
    pub default: Option<Value>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Index {
    pub name: String,
    pub columns: Vec<String>,
    pub unique: bool,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Table {
    pub name: String,
    pub columns: Vec<Column>,
    pub primary_key: Vec<String>,
    pub indexes: Vec<Index>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ForeignTable {
    pub plugin: String,
    pub table: String,
    pub columns: Vec<String>,
}

/// An event or command type with its JSON Schema as text.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PayloadType {
    pub name: String,
    pub description: String,
    pub schema: String,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TaskKind {
    pub name: String,
    pub description: String,
}

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Manifest {
    pub plugin: String,
    pub version: String,
    pub extends: Option<String>,
    pub description: String,
    pub changes: Vec<String>,
    pub tables: Vec<Table>,
    pub reads: Vec<ForeignTable>,
    pub events: Vec<PayloadType>,
    pub materializes: Vec<String>,
    pub commands: Vec<PayloadType>,
    pub tasks: Vec<TaskKind>,
    /// Manifests of versions that say nothing of partitions are written as they were before there were any.
    #[serde(default, skip_serializing_if = "Partitioning::is_empty")]
    pub partitions: Partitioning,
}

impl Manifest {
    /// Plugin and date; only a checked manifest has them for sure.
    pub fn identity(&self) -> Result<PluginVersion> {
        Ok(PluginVersion {
            plugin: self.plugin.parse()?,
            date: self.version.parse()?,
        })
    }

    pub fn extends(&self) -> Result<Option<VersionDate>> {
        self.extends.as_deref().map(str::parse).transpose()
    }

    /// Refuses a manifest that no host could serve, naming the first thing that is wrong.
    pub fn check(&self) -> Result<()> {
        let identity = self.identity()?;
        identity.plugin.check_free()?;
        if self.extends()?.is_some_and(|below| below >= identity.date) {
            return Err(Error::refused(format!(
                "{identity} extends '{}', which is not an earlier date",
                self.extends.as_deref().unwrap_or_default()
            )));
        }
        let counts = [
            ("tables", self.tables.len(), limits::TABLES_PER_PLUGIN_MAX),
            (
                "event types",
                self.events.len(),
                limits::TYPES_PER_PLUGIN_MAX,
            ),
            (
                "handled event types",
                self.materializes.len(),
                limits::TYPES_PER_PLUGIN_MAX,
            ),
            (
                "command types",
                self.commands.len(),
                limits::TYPES_PER_PLUGIN_MAX,
            ),
            ("task kinds", self.tasks.len(), limits::TYPES_PER_PLUGIN_MAX),
        ];
        if let Some((what, count, max)) = counts.into_iter().find(|(_, count, max)| count > max) {
            return Err(Error::refused(format!(
                "{identity} declares {count} {what}; {max} at most"
            )));
        }
        unique("table", self.tables.iter().map(|table| &table.name))?;
        unique("event type", self.events.iter().map(|event| &event.name))?;
        unique(
            "command type",
            self.commands.iter().map(|command| &command.name),
        )?;
        unique("handled event type", self.materializes.iter())?;
        unique("task kind", self.tasks.iter().map(|task| &task.name))?;
        let unknown = self.tasks.iter().find(|task| {
            is_reserved_kind(&task.name) && ![COMMAND_KIND, REACT_KIND].contains(&&*task.name)
        });
        if let Some(task) = unknown {
            return Err(Error::refused(format!(
                "{identity} declares tasks of kind '{}', which the host does not know; of its own there are \
                 '{COMMAND_KIND}' and '{REACT_KIND}'",
                task.name.escape_debug()
            )));
        }
        for table in &self.tables {
            table.layout(&identity.plugin)?;
        }
        for foreign in &self.reads {
            PluginName::new(&foreign.plugin)?;
            if foreign.plugin == self.plugin {
                return Err(Error::refused(format!(
                    "'{}.{}' is this plugin's own table; `reads` names other plugins' tables",
                    foreign.plugin, foreign.table
                )));
            }
        }
        for payload in self.events.iter().chain(&self.commands) {
            if TypeName::new(&payload.name)?.plugin() != self.plugin {
                return Err(Error::refused(format!(
                    "{identity} declares type '{}', which belongs to another plugin",
                    payload.name
                )));
            }
        }
        for name in &self.materializes {
            if TypeName::new(name)?.plugin() == SYSTEM_PLUGIN {
                return Err(Error::refused(format!(
                    "{identity} materializes '{name}'; the host's own events are not for plugins"
                )));
            }
        }
        self.check_partitions(&identity)
    }

    /// What is said of partitions is about what the version has. Whether a table's column can be one is checked where the
    /// table is known, which may be a version's below.
    fn check_partitions(&self, identity: &PluginVersion) -> Result<()> {
        let Partitioning { events, tables } = &self.partitions;
        unique("event partition", events.iter().map(|it| &it.event))?;
        unique("table partition", tables.iter().map(|it| &it.table))?;
        match events
            .iter()
            .find(|it| !self.materializes.contains(&it.event))
        {
            None => Ok(()),
            Some(it) => Err(Error::refused(format!(
                "{identity} says where the partition of '{}' is, which it does not materialize",
                it.event.escape_debug()
            ))),
        }
    }
}

impl Table {
    /// The table's layout, or what is wrong with its declaration.
    pub fn layout(&self, plugin: &PluginName) -> Result<TableLayout> {
        let refuse = |what: String| {
            Error::refused(format!(
                "table '{plugin}.{}': {what}",
                self.name.escape_debug()
            ))
        };
        let named = |what: &str, name: &str| {
            is_identifier(name).then_some(()).ok_or_else(|| {
                refuse(format!(
                    "{what} name '{}' is not of the form [a-z][a-z0-9_]*",
                    name.escape_debug()
                ))
            })
        };
        named("table", &self.name)?;
        if self.columns.len() > limits::COLUMNS_PER_TABLE_MAX {
            return Err(refuse(format!(
                "{} columns; {} at most",
                self.columns.len(),
                limits::COLUMNS_PER_TABLE_MAX
            )));
        }
        unique("column", self.columns.iter().map(|column| &column.name))?;
        for column in &self.columns {
            named("column", &column.name)?;
            if column
                .default
                .as_ref()
                .is_some_and(|value| !fits(value, column))
            {
                return Err(refuse(format!(
                    "the default of column '{}' is not of its kind",
                    column.name
                )));
            }
        }
        let at = |what: &str, name: &String| {
            self.columns
                .iter()
                .position(|column| column.name == *name)
                .ok_or_else(|| {
                    refuse(format!(
                        "{what} names column '{}', which it does not have",
                        name.escape_debug()
                    ))
                })
        };
        if self.primary_key.is_empty() {
            return Err(refuse("it has no primary key".into()));
        }
        unique("primary key column", self.primary_key.iter())?;
        let key: Vec<usize> = self
            .primary_key
            .iter()
            .map(|name| at("the primary key", name))
            .collect::<Result<_>>()?;
        if let Some(&column) = key.iter().find(|&&column| self.columns[column].nullable) {
            return Err(refuse(format!(
                "primary key column '{}' is nullable",
                self.columns[column].name
            )));
        }
        unique("index", self.indexes.iter().map(|index| &index.name))?;
        let mut indexes = Vec::new();
        for index in &self.indexes {
            named("index", &index.name)?;
            let columns: Vec<usize> = index
                .columns
                .iter()
                .map(|name| at(&format!("index '{}'", index.name), name))
                .collect::<Result<_>>()?;
            if columns.is_empty() {
                return Err(refuse(format!("index '{}' has no columns", index.name)));
            }
            indexes.push(IndexLayout {
                name: index.name.clone(),
                columns,
                unique: index.unique,
            });
        }
        Ok(TableLayout::new(
            plugin.clone(),
            self.name.clone(),
            self.columns.clone(),
            key,
            indexes,
        ))
    }
}

fn unique<'a>(what: &str, names: impl Iterator<Item = &'a String>) -> Result<()> {
    let mut seen = BTreeSet::new();
    for name in names {
        if !seen.insert(name) {
            return Err(Error::refused(format!(
                "{what} '{}' is declared twice",
                name.escape_debug()
            )));
        }
    }
    Ok(())
}

/// A column's default as JSON. Kinds are told apart by the column, so plain JSON suffices but for blobs.
mod default_value {
    use super::Value;
    use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};

    #[derive(Serialize, Deserialize)]
    #[serde(rename_all = "lowercase")]
    enum Stored {
        Null,
        Integer(i64),
        Real(f64),
        Text(String),
        Blob(Vec<u8>),
    }

    pub fn serialize<S: Serializer>(value: &Option<Value>, to: S) -> Result<S::Ok, S::Error> {
        value
            .clone()
            .map(|value| match value {
                Value::Null => Stored::Null,
                Value::Integer(number) => Stored::Integer(number),
                Value::Real(number) => Stored::Real(number),
                Value::Text(text) => Stored::Text(text),
                Value::Blob(bytes) => Stored::Blob(bytes),
            })
            .serialize(to)
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Value>, D::Error> {
        Ok(Option::<Stored>::deserialize(from)
            .map_err(D::Error::custom)?
            .map(|stored| match stored {
                Stored::Null => Value::Null,
                Stored::Integer(number) => Value::Integer(number),
                Stored::Real(number) => Value::Real(number),
                Stored::Text(text) => Value::Text(text),
                Stored::Blob(bytes) => Value::Blob(bytes),
            }))
    }
}
