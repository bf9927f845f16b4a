//! A handler that returns nothing.

use visits::*;

pub struct Visits;

#[plugin(version = "2024-01-01", tables = [Counter])]
impl Visits {
    #[materialize]
    fn raised(event: &Event<Raised>, cx: &Materialization) {
        let _ = Counter::delete(cx, &event.data.counter);
    }
}
