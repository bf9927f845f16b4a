//! A name that a column cannot have.

use visits::*;

#[derive(Table)]
pub struct Visitor {
    #[key]
    pub fullName: String,
}
