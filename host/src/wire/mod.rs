//! What crosses a boundary as JSON: one file for each resource, and in it one type for each message. A type is what is
//! written, what is read, and its schema. Server, client, command line and the OpenAPI document use these types alike.

mod command;
mod component;
mod creators;
mod doom;
mod event;
mod gateway;
mod problem;
mod query;
mod repair;
mod replay;
mod schemas;
mod shadow;
mod snapshot;
mod state;
mod story;
mod study;
mod task;
mod token;
mod value;
mod verify;
mod version;

pub use crate::book::CloudEvent;
pub use crate::model::JsonText;
pub use command::*;
pub use component::*;
pub use creators::*;
pub use doom::*;
pub use event::*;
pub use gateway::*;
pub use problem::*;
pub use query::*;
pub use repair::*;
pub use replay::*;
pub use schemas::{schemas, shape};
pub use shadow::*;
pub use snapshot::*;
pub use state::*;
pub use story::*;
pub use study::*;
pub use task::*;
pub use token::*;
pub use value::{Cell, Row, bytes_of, cells, json_of, json_text, read_cell};
pub use verify::*;
pub use version::*;
