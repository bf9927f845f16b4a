//! An event without its derive.

use visits::*;

pub struct Lowered {
    pub counter: String,
}

pub fn lower(counter: String) -> Decision {
    Ok(events![Lowered { counter }])
}
