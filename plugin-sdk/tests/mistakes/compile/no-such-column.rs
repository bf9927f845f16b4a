//! A column that the table does not have.

use visits::*;

pub fn raise(cx: &Materialization) -> Done {
    Counter::update(cx, "door", |row| row.valeu += 1)
}
