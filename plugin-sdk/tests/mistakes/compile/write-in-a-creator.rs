//! A write in a creator, which decides and writes nothing.

use visits::*;

pub fn raise(cx: &Creation, row: Counter) -> Done {
    row.insert(cx)
}
