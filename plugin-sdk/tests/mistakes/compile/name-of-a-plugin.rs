//! A name that a plugin cannot have.

use visits::*;

pub struct Visits;

#[plugin(version = "2024-01-01", name = "my-visits")]
impl Visits {
    #[materialize]
    fn raised(_: &Event<Raised>) -> Done {
        Ok(())
    }
}
