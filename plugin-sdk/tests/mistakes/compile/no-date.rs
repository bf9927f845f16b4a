//! A version that is no date.

use visits::*;

pub struct Visits;

#[plugin(version = "1.0")]
impl Visits {
    #[materialize]
    fn raised(_: &Event<Raised>) -> Done {
        Ok(())
    }
}
