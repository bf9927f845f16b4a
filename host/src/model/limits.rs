//! Every limit of the host, with its unit and its reason. Numbers that a guest supplies are clamped to these.

/// One handler call. A typical event uses thousands; the largest honest command seen (interest on 4,500
/// accounts) some tens of millions. A thousand million is about a second of work.
pub const FUEL_PER_CALL_MAX: u64 = 1_000_000_000;

/// One linear memory. Large enough for a JavaScript or Python runtime.
pub const MEMORY_BYTES_MAX: usize = 128 << 20;

/// Linear memory that a slot keeps resident between instances: clearing it costs less than giving it back.
pub const MEMORY_BYTES_KEEP_RESIDENT: usize = 256 << 10;

/// Elements of one table (function references of large runtimes).
pub const TABLE_ELEMENTS_MAX: usize = 100_000;

/// Machine stack of guest code; recursion beyond it traps.
pub const STACK_BYTES_MAX: usize = 512 << 10;

/// Instances alive at once: threads × depth of a cascade.
pub const INSTANCES_MAX: u32 = 128;

/// Metadata of one component instance; interpreters compiled to WebAssembly need much.
pub const INSTANCE_METADATA_BYTES_MAX: usize = 4 << 20;

/// Bytes of a component file. A Python runtime is 18 MB.
pub const COMPONENT_BYTES_MAX: usize = 64 << 20;

/// Calls of one handler into the host.
pub const HOST_CALLS_PER_CALL_MAX: u32 = 250_000;

/// Versions of one plugin below each other, and so the depth of `previous`.
pub const CASCADE_DEPTH_MAX: usize = 32;

/// Bytes of one row.
pub const ROW_BYTES_MAX: usize = 1 << 20;

/// Columns of one table, tables of one plugin, and types of one plugin: what a manifest may declare.
pub const COLUMNS_PER_TABLE_MAX: usize = 200;
pub const TABLES_PER_PLUGIN_MAX: usize = 200;
pub const TYPES_PER_PLUGIN_MAX: usize = 2_000;
pub const MANIFEST_BYTES_MAX: usize = 4 << 20;

/// Changes and tasks of one event, and their bytes together.
pub const CHANGES_PER_EVENT_MAX: usize = 100_000;
pub const TASKS_PER_EVENT_MAX: usize = 10_000;
pub const EFFECTS_BYTES_PER_EVENT_MAX: usize = 32 << 20;

/// Bytes of one payload (event, command or task).
pub const PAYLOAD_BYTES_MAX: usize = 1 << 20;

/// Bytes of the payload of an undo, which holds every row that it puts back.
pub const UNDO_BYTES_MAX: usize = 16 << 20;

/// Events of doom that a refused redaction names.
pub const DOOMS_TOLD_MAX: usize = 20;

/// Depth of a payload's JSON.
pub const PAYLOAD_DEPTH_MAX: usize = 64;

/// Bytes of an id, source, subject or time.
pub const ENVELOPE_TEXT_BYTES_MAX: usize = 1_024;

/// Events that one command may create.
pub const EVENTS_PER_COMMAND_MAX: usize = 100_000;

/// Rows, and bytes of rows, that one handler call may read by `find` and `query`.
pub const ROWS_READ_PER_CALL_MAX: usize = 1_000_000;
pub const BYTES_READ_PER_CALL_MAX: usize = 64 << 20;

/// Steps of SQLite's virtual machine for one SQL statement of a plugin: counted, not timed, so that a
/// statement ends at the same point on every machine.
pub const SQL_STEPS_PER_QUERY_MAX: u64 = 50_000_000;

/// Bytes of a plugin's SQL text and the number of its parameters.
pub const SQL_BYTES_MAX: usize = 64 << 10;
pub const SQL_PARAMETERS_MAX: usize = 1_000;

/// Bytes of log lines that are kept of one call; what is more is cut with a note.
pub const LOG_BYTES_PER_CALL_MAX: usize = 64 << 10;

/// Rows of a projection that are kept in memory between commits.
pub const CACHED_ROWS_MAX: usize = 100_000;
pub const CACHED_BYTES_MAX: usize = 24 << 20;

/// Events per transaction when the caller does not say.
pub const APPEND_BATCH_DEFAULT: usize = 1_000;

/// Events per transaction of a replay.
pub const REPLAY_BATCH: usize = 10_000;
