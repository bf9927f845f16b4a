//! A text for a column with numbers.

use visits::*;

pub fn new(name: String) -> Counter {
    Counter { name, value: "0" }
}
