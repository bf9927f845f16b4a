//! A code that no currency has.

use visits::*;

pub struct Crown;

impl Currency for Crown {
    const CODE: &'static str = "czk";
}

#[derive(Table)]
pub struct Price {
    #[key]
    pub id: i64,
    pub price: Option<Money<Crown, 2>>,
}
