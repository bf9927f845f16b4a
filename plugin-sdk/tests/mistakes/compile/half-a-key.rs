//! One value for a key of two.

use visits::*;

#[derive(Table)]
pub struct Visit {
    #[key]
    pub name: String,
    #[key]
    pub number: i64,
}

pub fn find(cx: &Materialization) -> Result<Option<Visit>, Failure> {
    Visit::get(cx, "Ada")
}
