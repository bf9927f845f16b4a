//! Every limit of the host, with its unit and its reason. Numbers that a guest supplies are clamped to these.

/// One handler call. A typical event uses thousands; the largest honest command seen (interest on 4,500
/// accounts) some tens of millions. Two thousand million are some tenths of a second of plain arithmetic, and more where
/// memory is slow. A half of it is for what saves memory before it is written to, which is counted too.
pub const FUEL_PER_CALL_MAX: u64 = 2_000_000_000;

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

/// Core instances of one component, and linear memories and tables. The pool has room for one cascade of the greatest depth
/// whose components all have that many.
pub const CORE_INSTANCES_PER_COMPONENT_MAX: u32 = 64;
pub const MEMORIES_PER_COMPONENT_MAX: u32 = 4;
pub const TABLES_PER_COMPONENT_MAX: u32 = 16;

/// Seconds that a call waits for an instance where all are taken. Then its request is refused: nothing came of the call.
pub const INSTANCE_WAIT_SECONDS_MAX: f64 = 0.5;

/// Instances that one projection's materializer keeps waiting, for each kind of call. They count among `INSTANCES_MAX`.
pub const INSTANCES_KEPT_MAX: usize = 8;

/// Metadata of one component instance; interpreters compiled to WebAssembly need much.
pub const INSTANCE_METADATA_BYTES_MAX: usize = 4 << 20;

/// Bytes of a component file. A Python runtime is 18 MB.
pub const COMPONENT_BYTES_MAX: usize = 32 << 20;

/// Bytes of one function of a component. An interpreter's loop has some 100 KB, and what compiling takes can grow with the
/// square of it.
pub const FUNCTION_BYTES_MAX: usize = 512 << 10;

/// Memory of the process that compiles a component, and for each byte of it.
pub const COMPILER_BYTES: u64 = 192 << 20;
pub const COMPILER_BYTES_PER_BYTE: u64 = 80;
pub const COMPILER_BYTES_MAX: u64 = 3 << 29;

/// Processor time of that process, and for each megabyte of the component. A compiler that was itself compiled for debugging
/// takes longer.
pub const COMPILER_SECONDS: u64 = if cfg!(debug_assertions) { 20 } else { 2 };
pub const COMPILER_SECONDS_PER_MEGABYTE: u64 = if cfg!(debug_assertions) { 20 } else { 3 };
pub const COMPILER_SECONDS_MAX: u64 = if cfg!(debug_assertions) { 600 } else { 90 };

/// Calls of one handler into the host.
pub const HOST_CALLS_PER_CALL_MAX: u32 = 250_000;

/// Versions of one plugin below each other, and so the depth of `previous`.
pub const CASCADE_DEPTH_MAX: usize = 32;

/// Calls below each other on a thread's own stack of 2 MiB: each may use up `STACK_BYTES_MAX`. Deeper ones get a thread.
pub const CASCADE_ON_THREAD_MAX: usize = 3;

/// The stack of that thread: for the deepest cascade, with room for the host's part of each call. It takes up what is used
/// of it.
pub const CASCADE_STACK_BYTES: usize = CASCADE_DEPTH_MAX * (STACK_BYTES_MAX + (128 << 10));

/// Bytes of one row.
pub const ROW_BYTES_MAX: usize = 1 << 20;

/// Columns of one table, tables of one plugin, and types of one plugin: what a manifest may declare.
pub const COLUMNS_PER_TABLE_MAX: usize = 200;
pub const TABLES_PER_PLUGIN_MAX: usize = 200;
pub const TYPES_PER_PLUGIN_MAX: usize = 2_000;
pub const MANIFEST_BYTES_MAX: usize = 4 << 20;

/// Nodes of all JSON Schemas of a version, once references are followed; an honest schema has some hundreds.
pub const SCHEMA_NODES_MAX: u64 = 100_000;

/// Patterns in them, and bytes of what they are compiled into: a class of Unicode's letters that may come 100 times takes
/// some hundred thousand.
pub const SCHEMA_PATTERNS_MAX: usize = 100;
pub const SCHEMA_PATTERN_BYTES_MAX: usize = 8 << 20;

/// Looks at a payload's nodes that comparing it with its schema may take: for a whole megabyte some millions. And those
/// for saying where it does not fit.
pub const SCHEMA_STEPS_MAX: u64 = 20_000_000;
pub const SCHEMA_FAULT_STEPS_MAX: u64 = 200_000;

/// Changes and tasks of one event, and their bytes together: of what it writes and asks for, and with the rows that were
/// there before.
pub const CHANGES_PER_EVENT_MAX: usize = 100_000;
pub const TASKS_PER_EVENT_MAX: usize = 10_000;
pub const EFFECTS_BYTES_PER_EVENT_MAX: usize = 32 << 20;
pub const EFFECTS_BYTES_WITH_BEFORE_MAX: usize = 64 << 20;

/// Events that one request may send, and that a command may create with its reactions: some 50 µs each, during which no
/// other request is worked out.
pub const EVENTS_PER_REQUEST_MAX: usize = 10_000;

/// Fuel of all calls that one request causes, with its reactions: a few seconds, in which no other request is worked out.
/// One call is made whatever it takes.
pub const FUEL_PER_REQUEST_MAX: u64 = 2 * FUEL_PER_CALL_MAX;

/// Bytes of payloads and effects of all events of one request, which are in memory several times over until they are kept.
/// One event is taken whatever its size.
pub const EFFECTS_BYTES_PER_REQUEST_MAX: usize = 32 << 20;

/// Bytes of one payload (event, command or task).
pub const PAYLOAD_BYTES_MAX: usize = 1 << 20;

/// Events of doom that a refused redaction names.
pub const DOOMS_TOLD_MAX: usize = 20;

/// Events whose payloads one redaction erases: what it says of each is in its own event, which has some 150 bytes for it.
pub const REDACTED_AT_ONCE_MAX: usize = 5_000;

/// Bytes of what a handler says when it rejects or fails: code, message and details together.
pub const REASON_BYTES_MAX: usize = 64 << 10;

/// Depth of a payload's JSON.
pub const PAYLOAD_DEPTH_MAX: usize = 64;

/// Commands that the clock runs, in one book, and bytes of the name of one: all are looked through at every time.
pub const SCHEDULES_MAX: usize = 1_000;
pub const SCHEDULE_NAME_BYTES_MAX: usize = 100;

/// Bytes of an id, source, subject or time.
pub const ENVELOPE_TEXT_BYTES_MAX: usize = 1_024;

/// Bytes that a `find` holds until it has handed them over, with what each row and value takes beside its content.
pub const FIND_BYTES_HELD_MAX: usize = 160 << 20;

/// Rows, and bytes of rows, that one handler call may read by `find` and `query`.
pub const ROWS_READ_PER_CALL_MAX: usize = 1_000_000;
pub const BYTES_READ_PER_CALL_MAX: usize = 64 << 20;

/// Fuel of a call that a step of SQLite's virtual machine costs, and with it each 32 bytes that its functions look at: all
/// of the fuel is some 50 million steps. Steps are counted, not timed, so that a call ends at the same point on every
/// machine.
pub const FUEL_PER_SQL_STEP: u64 = 20;

/// Bytes that pass between a handler and the host for a unit of its fuel.
pub const BYTES_PER_FUEL: u64 = 4;

/// Bytes that one call of a handler into the host, or what it returns, may pass to the host.
pub const BYTES_PER_HOST_CALL_MAX: usize = 64 << 20;

/// Processor time of all SQL of an event or command: what is not among the counted steps, such as joining long texts, ends
/// here. It is the host's refusal and says nothing about the plugin. Code that was compiled for debugging takes longer.
pub const SQL_SECONDS_MAX: f64 = if cfg!(debug_assertions) { 10.0 } else { 2.0 };

/// Bytes of temporary files, which hold what a statement sorts, or keeps aside, beyond what is in memory.
pub const SQL_TEMPORARY_BYTES_MAX: u64 = 128 << 20;

/// SELECTs of one statement, each of which may keep rows aside, and calls of functions that stand in it.
pub const SQL_SELECTS_MAX: usize = 64;
pub const SQL_FUNCTIONS_MAX: usize = 500;

/// Bytes that SQLite keeps for all connections together, beyond which its caches take their own pages again.
pub const SQLITE_BYTES_MAX: usize = 256 << 20;

/// Bytes of a plugin's SQL text and the number of its parameters.
pub const SQL_BYTES_MAX: usize = 64 << 10;
pub const SQL_PARAMETERS_MAX: usize = 1_000;

/// Bytes of log lines that are kept of one call; what is more is cut with a note.
pub const LOG_BYTES_PER_CALL_MAX: usize = 64 << 10;

/// Bytes of log lines that are kept of all calls of one event or command, with what follows from it at once; and of all that
/// a book keeps, the newest ones.
pub const LOG_BYTES_PER_EVENT_MAX: usize = 64 << 10;
pub const HANDLER_LOG_BYTES_MAX: usize = 4 << 20;

/// Rows of a projection that are kept in memory between commits.
pub const CACHED_ROWS_MAX: usize = 100_000;
pub const CACHED_BYTES_MAX: usize = 24 << 20;

/// Events per transaction when the caller does not say.
pub const APPEND_BATCH_DEFAULT: usize = 1_000;

/// Events, and bytes of payloads and effects, that whoever reads the log has in memory as one piece, whichever is reached
/// first; one event is taken whatever its size. Enough events to make handing them over cheap, and few enough to stay in
/// cache; the bytes are for logs whose events are large, of which each may have a megabyte of payload.
pub const PIECE_EVENTS_MAX: usize = 256;
pub const PIECE_BYTES_MAX: usize = 4 << 20;

/// Bytes of rows, events or tasks after which a page of a listing ends; it has one at least.
pub const PAGE_BYTES_MAX: usize = 8 << 20;

/// Bytes of one answer of a server. A page in which every character is escaped stays below.
pub const ANSWER_BYTES_MAX: usize = 64 << 20;

/// Pieces that a thread may read ahead of whoever runs them.
pub const PIECES_AHEAD: usize = 4;

/// Events of a stretch of the log from which on it is played on several cores: each needs an engine of its own, which takes
/// some 20 ms to make.
pub const SHARED_EVENTS_MIN: u64 = 20_000;

/// Events per transaction of a replay.
pub const REPLAY_BATCH: usize = 10_000;

/// Pages of 4 KiB in a write-ahead log after which SQLite takes them over into the file: a page that many commits wrote is
/// taken over once. 64 MiB, which is also what a reader may have to look through, and recovery to read again; the last resort
/// where nobody takes them over earlier.
pub const WAL_PAGES: u32 = 16_384;

/// Events that a track may be behind when it is promoted in a served book: they are run while nobody else's request is, at
/// some 20 µs each.
pub const PROMOTE_LAG_MAX: u64 = 1_000;

/// Time for which a follower lets events gather before it runs them: a commit for each event would take the disk from the
/// writer.
pub const FOLLOWER_PAUSE: std::time::Duration = std::time::Duration::from_millis(20);

/// Snapshots that a book keeps: where one more comes, one goes.
pub const SNAPSHOTS_MAX: usize = 16;

/// States of the past that stay in a book's cache.
pub const PAST_STATES_MAX: usize = 8;
/// What a certification tries: events, and commands, of one type under one version; of all together.
pub const CERTIFY_EACH_MAX: u64 = 64;
pub const CERTIFY_ALL_MAX: u64 = 2_048;

/// Events from the log's beginning that a certification materializes to have a state under its sample. Later ones are
/// tried on what this gives, which lacks what was between.
pub const CERTIFY_LEAD_EVENTS_MAX: usize = 10_000;

/// Calls of handlers, with what they ask the host and the rows they read and write, after which a certification ends: some
/// seconds, and the same place on every machine.
pub const CERTIFY_CALLS_MAX: u64 = 1_000_000;

/// Seconds after which it ends all the same: what is computed, and SQL that reads much and returns little, is not in that
/// count.
pub const CERTIFY_SECONDS_MAX: f64 = 20.0;

/// Seconds for which a file in a watched folder has to stay as it is before it is read: until then it is being written.
pub const FILE_SETTLES_SECONDS: f64 = 0.5;

/// Blocking reactions below each other: a command that an event asks for, whose event asks for a command, and so on.
pub const REACTION_DEPTH_MAX: usize = 8;

/// Tasks of one kind that the gateway has in memory; the rest is read when there is room.
pub const TASKS_QUEUED_MAX: usize = 4_096;

/// Deliveries of one kind at the same time: each may hold a connection.
pub const TASKS_AT_A_TIME_MAX: u32 = 1_000;

/// Tries of one task that a configuration may ask for.
pub const TASK_TRIES_MAX: u32 = 1_000_000;

/// Recipients of one mail: every server takes so many (RFC 5321), and a message to more costs seconds.
pub const MAIL_RECIPIENTS_MAX: usize = 100;

/// Bytes of a mail's header: 100 addresses of the greatest length.
pub const MAIL_HEADER_BYTES_MAX: usize = 32 << 10;

/// Bytes that are kept of what a receiver answers.
pub const TASK_ANSWER_BYTES_MAX: usize = 2_048;

/// Time for which a receiver's Retry-After is honoured at most.
pub const RETRY_AFTER_MAX: std::time::Duration = std::time::Duration::from_secs(24 * 3_600);
