//! A handler with other arguments.

use visits::*;

pub struct Visits;

#[plugin(version = "2024-01-01")]
impl Visits {
    #[materialize]
    fn raised(_: Raised, _: &Materialization) -> Done {
        Ok(())
    }
}
