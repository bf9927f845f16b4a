//! A table without a key.

use visits::*;

#[derive(Table)]
pub struct Visitor {
    pub name: String,
}
