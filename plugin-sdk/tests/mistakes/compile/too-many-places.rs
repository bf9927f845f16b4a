//! More places than digits.

use visits::*;

#[derive(Table)]
pub struct Price {
    #[key]
    pub id: i64,
    pub price: Decimal<4, 6>,
}
