//! Write Daybook plugins in plain Rust.
//!
//! A plugin is a few types and one `impl` block. Types say what events, commands, tasks and tables look like; functions
//! say what events do (`#[materialize]`) and what commands answer (`#[create]`). The same code runs as a component in
//! the host and natively in tests: see [`testing`].
//!
//! ```
//! use daybook_sdk::prelude::*;
//!
//! /// Money came in.
//! #[derive(Event)]
//! pub struct Deposited {
//!     account: i64,
//!     amount: i64,
//! }
//!
//! /// Pay money in.
//! #[derive(Command)]
//! pub struct Deposit {
//!     account: i64,
//!     amount: i64,
//! }
//!
//! #[derive(Table)]
//! pub struct Account {
//!     #[key]
//!     id: i64,
//!     balance: i64,
//! }
//!
//! pub struct Bank;
//!
//! /// Accounts and their balances.
//! #[plugin(version = "2024-01-01", tables = [Account])]
//! impl Bank {
//!     #[materialize]
//!     fn deposited(event: &Event<Deposited>, cx: &Materialization) -> Done {
//!         let Deposited { account, amount } = event.data;
//!         Account::update_or_insert(
//!             cx,
//!             account,
//!             || Account { id: account, balance: 0 },
//!             |row| row.balance += amount,
//!         )
//!     }
//!
//!     #[create]
//!     fn deposit(command: &Command<Deposit>, _: &Creation) -> Decision {
//!         let Deposit { account, amount } = command.data;
//!         if amount <= 0 {
//!             return reject("amount-not-positive", "pay in more than nothing");
//!         }
//!         Ok(events![Deposited { account, amount }])
//!     }
//! }
//! # use daybook_sdk::testing::Scenario;
//! Scenario::<Bank>::new()
//!     .when(Deposit { account: 1, amount: 5 })
//!     .then_events(events![Deposited { account: 1, amount: 5 }])
//!     .then_row(Account { id: 1, balance: 5 });
//! ```

mod column;
mod command;
pub mod contract;
mod cx;
mod date;
mod default;
mod event;
mod failure;
mod find;
mod finite;
mod key;
mod local;
mod number;
mod payload;
mod plugin;
mod query;
mod reaction;
mod show;
mod table;
mod task;
#[cfg(not(target_arch = "wasm32"))]
pub mod testing;
mod time;
mod uuid;
#[cfg(target_arch = "wasm32")]
#[doc(hidden)]
pub mod wasm;

#[cfg(not(target_arch = "wasm32"))]
use testing::host;
#[cfg(target_arch = "wasm32")]
use wasm::host;

pub use column::{Column, ColumnError, ColumnKind, Json};
pub use command::{Command, CommandPayload};
pub use contract::types::{Level, Value};
pub use cx::{Creation, Materialization, Reader};
pub use date::{Date, DateError};
pub use default::ColumnDefault;
pub use event::{Event, EventPayload, NewEvent};
pub use failure::{Decision, Done, Failure, Refusal, Rejection, fail, reject};
pub use find::Find;
pub use key::{IntoKey, IntoValue, Values};
pub use local::LocalDateTime;
pub use number::{Currency, Decimal, Duration, Money, NumberError, Percent, Rounding, currency};
pub use payload::Payload;
pub use plugin::Plugin;
pub use query::FromRow;
pub use reaction::{RunLater, RunNow};
pub use table::{Index, OwnTable, Table, WholeRow};
pub use task::{IntoTask, NewTask, TaskPayload};
pub use time::Time;
pub use uuid::{Uuid, UuidError};

pub use daybook_sdk_macros::{
    Column, Command, Event, Payload, Table, Task, create, materialize, plugin,
};

/// Everything a plugin needs: `use daybook_sdk::prelude::*;`.
pub mod prelude {
    pub use crate::{
        Column, Command, CommandPayload, Creation, Currency, Date, Decimal, Decision, Done,
        Duration, Event, EventPayload, Failure, Json, LocalDateTime, Materialization, Money,
        NewEvent, NewTask, OwnTable, Payload, Percent, Reader, Refusal, Rejection, Rounding,
        RunLater, RunNow, Table, Task, TaskPayload, Time, Uuid, Value, currency, events, fail,
        plugin, reject,
    };
}

/// What the macros' output names. Not for authors.
#[doc(hidden)]
pub mod __private {
    pub use crate::column::{ColumnError, unexpected};
    pub use crate::contract::{manifest, partitions, types};
    pub use crate::payload::{decode, encode};
    pub use crate::plugin::{
        ManifestBuilder, PartitioningBuilder, is_command, is_event, unhandled,
    };
    pub use crate::table::{extended_table, has_key_of, joined, joined_length, next_column, place};
    pub use schemars;
    pub use serde;
}

/// The README's examples are compiled with the documentation tests.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;

/// So are those of the page about versions.
#[cfg(doctest)]
#[doc = include_str!("../VERSIONS.md")]
struct Versions;
