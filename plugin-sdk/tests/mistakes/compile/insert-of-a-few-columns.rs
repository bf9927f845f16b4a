//! A new row with some of its columns.

use visits::*;

#[derive(Table)]
#[table(extends = Counter)]
pub struct Raises {
    #[key]
    pub name: String,
    #[column(default = 0)]
    pub raises: i64,
}

pub fn add(cx: &Materialization, row: Raises) -> Done {
    row.insert(cx)
}
