//! A new column that old rows cannot have, or a misspelt one.

use visits::*;

#[derive(Table)]
#[table(extends = Counter)]
pub struct Raises {
    #[key]
    pub name: String,
    pub valeu: i64,
}
