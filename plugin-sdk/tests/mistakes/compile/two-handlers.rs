//! Two handlers of one type.

use visits::*;

pub struct Visits;

#[plugin(version = "2024-01-01")]
impl Visits {
    #[materialize]
    fn raised(_: &Event<Raised>) -> Done {
        Ok(())
    }

    #[materialize]
    fn raised_too(_: &Event<Raised>) -> Done {
        Ok(())
    }
}
