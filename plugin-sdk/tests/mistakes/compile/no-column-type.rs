//! A list as a column.

use visits::*;

#[derive(Table)]
pub struct Visitor {
    #[key]
    pub name: String,
    pub visits: Vec<String>,
}
