//! A default of another type.

use visits::*;

#[derive(Table)]
pub struct Visitor {
    #[key]
    pub name: String,
    #[column(default = "none")]
    pub visits: i64,
}
