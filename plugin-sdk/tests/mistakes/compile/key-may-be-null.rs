//! A key that may be null.

use visits::*;

#[derive(Table)]
pub struct Visitor {
    #[key]
    pub name: Option<String>,
}
