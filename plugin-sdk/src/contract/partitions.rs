//! Which rows an event may touch: a part of the manifest.

/// Where an event's partition is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PartitionSource {
    /// What follows this text in the event's subject.
    Subject(String),
    /// A field of the payload, a text or a whole number.
    Field(String),
}

/// An event type that has partitions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EventPartition {
    /// Full type, `plugin.Name`.
    pub event_type: String,
    /// Where its partition is.
    pub source: PartitionSource,
}

/// A table whose rows are of partitions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TablePartition {
    /// The table's name.
    pub table: String,
    /// The column with the partition: of the primary key, and of every unique index.
    pub column: String,
}

/// What a version says of its partitions.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Partitioning {
    /// Event types that have partitions.
    pub events: Vec<EventPartition>,
    /// Tables whose rows are of partitions.
    pub tables: Vec<TablePartition>,
}
