//! One event on a state: what a lineup makes of it. Live processing, previews, replays and comparisons all come through here.

mod counted_json;
mod event_state;
mod give_state;
mod ids;
mod library;
mod materializer;
mod overlay;
mod own_writes;
mod partitions;
mod player;
mod preparer;
mod priority;
mod program;
mod schema_budget;
mod schema_types;
mod schemas;
mod scope;
mod step;
mod take_back;

pub(crate) use event_state::Below;
pub use event_state::Usage;
pub use ids::task_id;
pub(crate) use ids::{beside, task_id_of};
pub use library::Plan;
pub(crate) use library::{EngineSeed, Library};
pub use materializer::{Doom, Failure, Materializer, Outcome};
pub(crate) use overlay::{Write, rows_after, rows_before};
pub(crate) use own_writes::shown;
pub(crate) use player::{Player, Start};
pub(crate) use preparer::Preparer;
pub use priority::give_way;
pub(crate) use program::Handler;
pub use program::Program;
pub use schema_budget::SchemaBudget;
pub use schemas::PayloadSchema;
pub(crate) use step::step_of;
