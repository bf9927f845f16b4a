//! A column with another type than before.

use visits::*;

#[derive(Table)]
#[table(extends = Counter)]
pub struct Raises {
    #[key]
    pub name: String,
    pub value: String,
}
