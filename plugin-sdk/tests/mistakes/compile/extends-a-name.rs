//! A table that extends a name.

use visits::*;

#[derive(Table)]
#[table(extends = "counter")]
pub struct Raises {
    #[key]
    pub name: String,
    #[column(default = 0)]
    pub raises: i64,
}
