//! A row type that there is not.

use visits::*;

pub fn raise(cx: &Materialization) -> Done {
    Countre::update(cx, "door", |row| row.value += 1)
}
