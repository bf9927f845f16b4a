//! A read by another table's index.

use visits::*;

#[derive(Table)]
pub struct Visitor {
    #[key]
    pub name: String,
}

pub fn find(cx: &Materialization) -> Result<Vec<Visitor>, Failure> {
    Visitor::find(cx).by(Counter::BY_VALUE).rows()
}
