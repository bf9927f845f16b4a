//! A handler that returns something else.

use visits::*;

pub struct Visits;

#[plugin(version = "2024-01-01", tables = [Counter])]
impl Visits {
    #[materialize]
    fn raised(event: &Event<Raised>, cx: &Materialization) -> Option<Counter> {
        Counter::get(cx, &event.data.counter).ok()?
    }
}
