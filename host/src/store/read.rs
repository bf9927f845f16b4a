//! Read-only SQL of a person over a projection file that nobody serves.

use std::path::Path;

use super::meter::Allowance;
use super::state_read::{ResultColumn, StateReader};
use crate::model::{Result, Value};

/// Bytes of temporary files: it is the person's own machine that sorts.
const TEMPORARY_BYTES_MAX: u64 = 1 << 30;

/// Runs one SELECT and hands over its rows as they come; `visit` may stop it with an error.
pub fn read_only_query(
    path: &Path,
    text: &str,
    start: impl FnMut(&[ResultColumn]) -> Result<()>,
    mut visit: impl FnMut(Vec<Value>) -> Result<()>,
) -> Result<()> {
    let allowance = Allowance {
        temporary_bytes: Some(TEMPORARY_BYTES_MAX),
        ..Allowance::default()
    };
    StateReader::open(path)?.select_alone(allowance, text, start, |row| visit(row).map(|()| true))
}
