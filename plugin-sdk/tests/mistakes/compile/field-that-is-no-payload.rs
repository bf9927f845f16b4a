//! A field's type without its derive.

use visits::*;

pub struct Place {
    pub door: String,
}

/// A door was opened.
#[derive(Event)]
pub struct Opened {
    pub place: Place,
}
