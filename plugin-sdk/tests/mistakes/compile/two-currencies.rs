//! Crowns added to euros.

use visits::*;

pub fn sum(till: &Till) -> Money<CZK, 2> {
    till.crowns + till.euros
}
