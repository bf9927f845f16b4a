//! An index of a column that there is not.

use visits::*;

#[derive(Table)]
#[table(index(by_colour = [colour]))]
pub struct Visitor {
    #[key]
    pub name: String,
}
