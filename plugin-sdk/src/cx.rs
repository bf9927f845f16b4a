//! What handlers may do: the two contexts, and the reads they share.

use crate::command::{Command, CommandPayload};
use crate::contract::types as raw;
use crate::contract::types::{Level, QueryResult, Row, Value};
use crate::date::Date;
use crate::event::{Event, EventPayload, NewEvent, full_type};
use crate::failure::{Decision, Done, Failure};
use crate::host;
use crate::key::Values;
use crate::payload;
use crate::query::FromRow;
use crate::reaction::{self, RunLater, RunNow};
use crate::task::{IntoTask, NewTask, TaskPayload};
use crate::time::Time;
use crate::uuid::Uuid;

/// What can read state: [`Materialization`] and [`Creation`]. Write functions for both as `fn f(cx: &impl Reader)`.
pub trait Reader: Sized {
    /// The plugin at hand.
    fn plugin(&self) -> &'static str;

    /// The row with this primary key. [`Table::get`](crate::Table::get) is the typed way.
    fn read_row(&self, table: &str, key: &[Value]) -> Option<Row>;

    /// Rows by key or index. [`Table::find`](crate::Table::find) is the typed way.
    fn read_rows(&self, table: &str, search: &raw::Search) -> raw::Found;

    /// One read-only SELECT, with the names of its columns.
    fn read_sql(&self, sql: &str, parameters: &[Value]) -> QueryResult;

    /// A line for the plugin's log.
    fn log(&self, level: Level, message: &str);

    /// One read-only SELECT over own tables and declared foreign ones, which SQL names `plugin_table`:
    /// `cx.query::<(i64, String)>("SELECT id, name FROM bank_account WHERE balance > ?1 ORDER BY id", 100)?`.
    /// Without ORDER BY the order of rows is not defined.
    ///
    /// # Errors
    /// `bad-query-row` where the result does not fit the row type.
    fn query<T: FromRow>(&self, sql: &str, parameters: impl Values) -> Result<Vec<T>, Failure> {
        let result = self.read_sql(sql, &parameters.into_values());
        result.rows.into_iter().map(T::from_query_row).collect()
    }

    /// A line for the author.
    fn debug(&self, message: impl AsRef<str>) {
        self.log(Level::Debug, message.as_ref());
    }

    /// A line for the operator.
    fn info(&self, message: impl AsRef<str>) {
        self.log(Level::Info, message.as_ref());
    }

    /// A line about something to look at.
    fn warn(&self, message: impl AsRef<str>) {
        self.log(Level::Warn, message.as_ref());
    }
}

/// What a materializer may do. Tables are written through their row types: see [`OwnTable`](crate::OwnTable).
pub struct Materialization {
    pub(crate) host: host::Materialization,
    plugin: &'static str,
}

impl Materialization {
    pub(crate) fn new(host: host::Materialization, plugin: &'static str) -> Self {
        Self { host, plugin }
    }

    /// Asks for a side effect: `cx.enqueue(Mail { .. })`, `cx.enqueue(Mail { .. }.with_key("17"))`. It is kept with the
    /// event, once, and delivered after the commit: at least once, always with the same id, and never on replay.
    pub fn enqueue(&self, task: impl IntoTask) {
        self.host.enqueue(&task.into_task().raw);
    }

    /// Has a command run in the transaction of this event, right after it: the blocking reaction. What it decides is kept
    /// with the event or not at all, and its no is a no to whoever caused the event. It goes eight deep at most. Another
    /// plugin's command is named by `#[command(type = "team.Remove")]`. The plugin declares `tasks = [RunNow]`.
    pub fn run_now(&self, command: &impl CommandPayload) {
        self.enqueue(reaction::task(RunNow::KIND, self.plugin, command));
    }

    /// Has a command run after this event is kept, once, in a transaction of its own: the lazy reaction. Its no is kept
    /// beside the event, for an operator to look at. The plugin declares `tasks = [RunLater]`.
    pub fn run_later(&self, command: &impl CommandPayload) {
        self.enqueue(self.later(command));
    }

    /// The same, to be given a key or a time: `cx.enqueue(cx.later(&Remind { .. }).with_key("17").not_before(time))`.
    #[must_use]
    pub fn later(&self, command: &impl CommandPayload) -> NewTask {
        reaction::task(RunLater::KIND, self.plugin, command)
    }

    /// Runs the version this one extends on the event. It does nothing where no version below handles the event's type.
    ///
    /// # Errors
    /// That version's failure, its writes undone.
    pub fn previous<T>(&self, event: &Event<T>) -> Done {
        self.host.previous(event.raw())
    }

    /// Runs the version this one extends on the event with another payload: one brought to the form that version
    /// knows, or of another type.
    ///
    /// # Errors
    /// That version's failure, its writes undone.
    pub fn previous_with<T, P: EventPayload>(&self, event: &Event<T>, payload: &P) -> Done {
        let mut raw = event.raw().clone();
        raw.event_type = full_type(P::PLUGIN.unwrap_or(self.plugin), P::NAME);
        raw.data = payload::encode(payload);
        self.host.previous(&raw)
    }
}

impl Reader for Materialization {
    fn plugin(&self) -> &'static str {
        self.plugin
    }

    fn read_row(&self, table: &str, key: &[Value]) -> Option<Row> {
        self.host.get(table, key)
    }

    fn read_rows(&self, table: &str, search: &raw::Search) -> raw::Found {
        self.host.find(table, search)
    }

    fn read_sql(&self, sql: &str, parameters: &[Value]) -> QueryResult {
        self.host.query(sql, parameters)
    }

    fn log(&self, level: Level, message: &str) {
        self.host.log(level, message);
    }
}

/// What a creator may do: read, make ids, and ask the version below. It writes nothing.
pub struct Creation {
    pub(crate) host: host::Creation,
    plugin: &'static str,
}

impl Creation {
    pub(crate) fn new(host: host::Creation, plugin: &'static str) -> Self {
        Self { host, plugin }
    }

    /// The command's accepted time: the same in every run of the command.
    ///
    /// # Panics
    /// Where the host's time is beyond the years 0001 to 9999, in which it is not.
    pub fn now(&self) -> Time {
        let now = self.host.now().moment();
        now.unwrap_or_else(|error| panic!("the host's time: {error}"))
    }

    /// The day of the command's accepted time, in UTC.
    pub fn today(&self) -> Date {
        self.now().date()
    }

    /// A new UUID, derived from the command's id and how often this was called, by this version and by those below it: the
    /// same in every run of the command.
    pub fn make_id(&self) -> String {
        self.host.make_id()
    }

    /// A new id as [`make_id`](Self::make_id) gives it, for a column or field that holds a [`Uuid`].
    ///
    /// # Panics
    /// Where the host makes an id that is no UUID, which it does not.
    pub fn make_uuid(&self) -> Uuid {
        let id = self.make_id();
        Uuid::parse(&id).unwrap_or_else(|error| panic!("an id of the host: {error}"))
    }

    /// Asks the version this one extends about the command. Its events are not kept by that: what this creator answers with
    /// is, so it may answer with them, change some, add, drop, or refuse. [`NewEvent::payload`] and [`NewEvent::update`]
    /// look into them.
    ///
    /// # Errors
    /// That version's rejection or failure, which `?` makes this one's. `no-creator-below` where no version below answers
    /// the command's type.
    pub fn previous<T>(&self, command: &Command<T>) -> Decision {
        self.ask_below(command.raw())
    }

    /// Asks the version this one extends about the command with another payload: one in the form that version knows, or of
    /// another type.
    ///
    /// # Errors
    /// As [`previous`](Self::previous).
    pub fn previous_with<T, P: CommandPayload>(
        &self,
        command: &Command<T>,
        payload: &P,
    ) -> Decision {
        let mut raw = command.raw().clone();
        raw.command_type = full_type(P::PLUGIN.unwrap_or(self.plugin), P::NAME);
        raw.data = payload::encode(payload);
        self.ask_below(&raw)
    }

    fn ask_below(&self, command: &raw::Command) -> Decision {
        let events = self.host.previous(command)?;
        let seen = |event| NewEvent::from_raw(event, self.plugin);
        Ok(events.into_iter().map(seen).collect())
    }
}

impl Reader for Creation {
    fn plugin(&self) -> &'static str {
        self.plugin
    }

    fn read_row(&self, table: &str, key: &[Value]) -> Option<Row> {
        self.host.get(table, key)
    }

    fn read_rows(&self, table: &str, search: &raw::Search) -> raw::Found {
        self.host.find(table, search)
    }

    fn read_sql(&self, sql: &str, parameters: &[Value]) -> QueryResult {
        self.host.query(sql, parameters)
    }

    fn log(&self, level: Level, message: &str) {
        self.host.log(level, message);
    }
}
