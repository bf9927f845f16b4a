//! Money times a float.

use visits::*;

pub fn with_interest(till: &Till) -> Money<CZK, 2> {
    till.crowns * 1.04
}
