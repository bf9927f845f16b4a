//! What a version says of itself. It crosses the contract as a JSON document: see `document`.

use super::types::Value;

/// Kind of a column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum ColumnKind {
    /// A 64-bit integer.
    Integer,
    /// A finite floating-point number.
    Real,
    /// UTF-8 text.
    Text,
    /// Bytes.
    Blob,
}

/// One column of a table.
#[derive(Clone, Debug, PartialEq)]
pub struct Column {
    /// `[a-z][a-z0-9_]*`
    pub name: String,
    /// What it holds.
    pub kind: ColumnKind,
    /// What its values mean to people: `money(CZK,2)`.
    pub format: Option<String>,
    /// Whether it may be null.
    pub nullable: bool,
    /// Given to rows that were written by a version which did not know the column.
    pub default_value: Option<Value>,
}

/// An index of a table.
#[derive(Clone, Debug, PartialEq)]
pub struct Index {
    /// Unique within the table.
    pub name: String,
    /// The indexed columns.
    pub columns: Vec<String>,
    /// Whether two rows may hold the same values.
    pub unique: bool,
}

/// A table the plugin owns.
#[derive(Clone, Debug, PartialEq)]
pub struct Table {
    /// `[a-z][a-z0-9_]*`
    pub name: String,
    /// In the order in which rows list their values.
    pub columns: Vec<Column>,
    /// Names of the key's columns.
    pub primary_key: Vec<String>,
    /// Further ways in.
    pub indexes: Vec<Index>,
}

/// A table of another plugin that this one reads.
#[derive(Clone, Debug, PartialEq)]
pub struct ForeignTable {
    /// The owner.
    pub plugin: String,
    /// The owner's table.
    pub table: String,
    /// The columns wanted, in the order wanted.
    pub columns: Vec<String>,
}

/// An event type of the plugin.
#[derive(Clone, Debug, PartialEq)]
pub struct EventType {
    /// Full type, `plugin.Name`.
    pub name: String,
    /// What it means.
    pub description: String,
    /// JSON Schema of the payload.
    pub schema: String,
}

/// A command type of the plugin.
#[derive(Clone, Debug, PartialEq)]
pub struct CommandType {
    /// Full type, `plugin.Name`.
    pub name: String,
    /// What it asks for.
    pub description: String,
    /// JSON Schema of the payload.
    pub schema: String,
}

/// A kind of side effect.
#[derive(Clone, Debug, PartialEq)]
pub struct TaskKind {
    /// Its name.
    pub name: String,
    /// What is done.
    pub description: String,
}

/// What a version is: a document that says what it holds and what changed in it.
#[derive(Clone, Debug, PartialEq)]
pub struct Manifest {
    /// The plugin's name.
    pub plugin: String,
    /// A calendar date.
    pub version: String,
    /// The version that this one extends.
    pub extends: Option<String>,
    /// What the plugin is for.
    pub description: String,
    /// One line for each thing that changed.
    pub changes: Vec<String>,
    /// The plugin's own tables.
    pub tables: Vec<Table>,
    /// Other plugins' tables that it reads.
    pub reads: Vec<ForeignTable>,
    /// The plugin's own event types.
    pub events: Vec<EventType>,
    /// Event types it handles.
    pub materializes: Vec<String>,
    /// Command types it handles.
    pub commands: Vec<CommandType>,
    /// Kinds of tasks it asks for.
    pub tasks: Vec<TaskKind>,
}
