//! A write to another plugin's table.

use visits::*;

pub fn set(cx: &Materialization) -> Done {
    Rate::update(cx, "EUR", |row| row.cents = 2_500)
}
