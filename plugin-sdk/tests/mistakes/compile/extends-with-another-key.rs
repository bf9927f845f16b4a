//! Another key than before.

use visits::*;

#[derive(Table)]
#[table(extends = Counter)]
pub struct Raises {
    #[key]
    pub value: i64,
}
