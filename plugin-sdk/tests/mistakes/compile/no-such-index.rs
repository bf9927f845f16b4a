//! A read by an index that there is not.

use visits::*;

pub fn find(cx: &Materialization) -> Result<Vec<Counter>, Failure> {
    Counter::find(cx).by(Counter::BY_COLOUR).rows()
}
