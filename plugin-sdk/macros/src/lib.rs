//! Derives and attributes of the plugin SDK. They are used through `daybook_sdk::prelude`, which explains them too.

mod attributes;
mod column;
mod message;
mod plugin;
mod table;
#[cfg(test)]
mod tests;

use proc_macro::TokenStream;
use syn::{DeriveInput, parse_macro_input};

/// The payload of an event type. The type's name is the event's name, its doc comment the description.
///
/// `#[event(name = "Deposited")]` gives another name; `#[event(type = "bank.Deposited")]` names another plugin's type.
/// Fields take serde's attributes: `#[serde(default)]`, `#[serde(rename = "..")]`.
#[proc_macro_derive(Event, attributes(event, serde, schemars))]
pub fn derive_event(input: TokenStream) -> TokenStream {
    message::derive_event(&parse_macro_input!(input as DeriveInput)).into()
}

/// The payload of a command type. The type's name is the command's name, its doc comment the description.
///
/// `#[command(name = "Deposit")]` gives another name. Fields take serde's attributes. A command with members that the type
/// does not name is refused by the host, since most such members are misspelt; `#[command(open)]` lets them through.
#[proc_macro_derive(Command, attributes(command, serde, schemars))]
pub fn derive_command(input: TokenStream) -> TokenStream {
    message::derive_command(&parse_macro_input!(input as DeriveInput)).into()
}

/// The payload of a task kind. The kind is the type's name in `snake_case`, or what `#[task(kind = "mail")]` says.
#[proc_macro_derive(Task, attributes(task, serde, schemars))]
pub fn derive_task(input: TokenStream) -> TokenStream {
    message::derive_task(&parse_macro_input!(input as DeriveInput)).into()
}

/// A type for use within payloads: JSON and JSON Schema come from its shape. Fields take serde's attributes.
#[proc_macro_derive(Payload, attributes(serde, schemars))]
pub fn derive_payload(input: TokenStream) -> TokenStream {
    message::derive_payload(&parse_macro_input!(input as DeriveInput)).into()
}

/// A type that one column can hold: a newtype around another column type, or an enum without fields, kept as text.
#[proc_macro_derive(Column, attributes(serde))]
pub fn derive_column(input: TokenStream) -> TokenStream {
    column::derive(&parse_macro_input!(input as DeriveInput)).into()
}

/// A row of a table. Fields are columns; `#[key]` marks the primary key's, in order.
///
/// `#[table(name = "account")]` names the table, else it is the type's name in `snake_case`;
/// `index(by_district = [district])` and `unique(by_name = [name])` declare indexes, named by the constants
/// `BY_DISTRICT` and `BY_NAME`; `plugin = "bank"` says that it is another plugin's table, of which only the columns named
/// here are read; `extends = first::Account` names the row type of the version below, whose table this one adds columns to.
/// `#[column(default = 0)]` is what rows get that an older version wrote.
#[proc_macro_derive(Table, attributes(table, key, column))]
pub fn derive_table(input: TokenStream) -> TokenStream {
    table::derive(&parse_macro_input!(input as DeriveInput)).into()
}

/// Makes an `impl` block a plugin: its `#[materialize]` functions handle events, its `#[create]` functions commands.
///
/// - `version = "1993-01-01"`: the date of this version. Required.
/// - `name = "bank"`: the plugin's name, else the type's name in lower case.
/// - `extends = "1992-01-01"`: the version this one extends; what this one does not declare falls through to it.
/// - `description = ".."`: what the plugin is for, else the block's doc comment.
/// - `changes = ["..", ".."]`: one line for each thing that changed in this version.
/// - `tables = [Account]`: own tables. `reads = [Rate]`: other plugins' tables.
/// - `events = [Withdrawn]`: events that creators emit; those with a materializer need no mention.
/// - `tasks = [Mail]`: kinds of tasks that materializers enqueue.
#[proc_macro_attribute]
pub fn plugin(arguments: TokenStream, item: TokenStream) -> TokenStream {
    plugin::expand(arguments.into(), item.into(), plugin::is_asked_for()).into()
}

/// Marks the materializer of an event type, in an `impl` block with `#[plugin]`:
/// `fn deposited(event: &Event<Deposited>, cx: &Materialization) -> Done`.
#[proc_macro_attribute]
pub fn materialize(_: TokenStream, item: TokenStream) -> TokenStream {
    plugin::outside("materialize", item.into()).into()
}

/// Marks the creator of a command type, in an `impl` block with `#[plugin]`:
/// `fn deposit(command: &Command<Deposit>, cx: &Creation) -> Decision`.
#[proc_macro_attribute]
pub fn create(_: TokenStream, item: TokenStream) -> TokenStream {
    plugin::outside("create", item.into()).into()
}
