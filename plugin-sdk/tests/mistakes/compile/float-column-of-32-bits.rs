//! A float that no column has.

use visits::*;

#[derive(Table)]
pub struct Visitor {
    #[key]
    pub name: String,
    pub weight: f32,
}
