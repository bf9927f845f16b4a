//! A number for a key that is a text.

use visits::*;

pub fn find(cx: &Materialization) -> Result<Option<Counter>, Failure> {
    Counter::get(cx, 5)
}
