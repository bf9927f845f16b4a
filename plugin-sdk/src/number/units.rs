//! Whole units as text with a point, and back.

use std::fmt;

use crate::failure::{Failure, Refusal};

/// A text or a number that an exact type cannot hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NumberError(String);

impl NumberError {
    #[cold]
    pub(super) fn new(problem: String) -> Self {
        Self(problem)
    }
}

impl fmt::Display for NumberError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for NumberError {}

impl From<NumberError> for Failure {
    fn from(error: NumberError) -> Self {
        Self::new("bad-number", error.to_string())
    }
}

impl From<NumberError> for Refusal {
    fn from(error: NumberError) -> Self {
        Failure::from(error).into()
    }
}

/// A number with a point before its last places: (-1205, 2) is -12.05.
pub(super) fn to_text(units: i64, places: u32) -> String {
    let places = places as usize;
    let digits = format!("{:0width$}", units.unsigned_abs(), width = places + 1);
    let (whole, part) = digits.split_at(digits.len() - places);
    let sign = if units < 0 { "-" } else { "" };
    match part {
        "" => format!("{sign}{whole}"),
        part => format!("{sign}{whole}.{part}"),
    }
}

/// The units of a text such as `-12.05` or `12`. None where it is no such number, or has more places than there are; a zero
/// beyond them says nothing and is refused all the same.
pub(super) fn of_text(text: &str, places: u32) -> Option<i64> {
    let (is_negative, digits) = match text.strip_prefix('-') {
        Some(digits) => (true, digits),
        None => (false, text),
    };
    let (whole, part) = match digits.split_once('.') {
        Some((_, "")) => return None,
        Some(parts) => parts,
        None => (digits, ""),
    };
    if whole.is_empty() || part.len() > places as usize {
        return None;
    }
    let filled = part.bytes().chain(std::iter::repeat(b'0'));
    let mut units = 0_i64;
    for digit in whole.bytes().chain(filled.take(places as usize)) {
        let digit = i64::from(digit.is_ascii_digit().then(|| digit - b'0')?);
        // Counted downwards, so that the smallest number of all is reached too.
        units = units.checked_mul(10)?.checked_sub(digit)?;
    }
    if is_negative {
        Some(units)
    } else {
        units.checked_neg()
    }
}
