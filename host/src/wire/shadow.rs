//! A version beside the live one: shadows, promotions, the way back, and rows in which two states differ.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::value::{Cell, cells};
use super::version::Policy;
use crate::diff::{FinalKind, FinalRow, Tally};
use crate::model::{ColumnFormat, Value};
use crate::shadow::ShadowStatus;
use crate::versions;

/// Which version is tried beside the live state.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ShadowRequest {
    /// `plugin@date`
    pub version: String,
    /// `pinned` where it is left out.
    #[serde(default)]
    pub policy: Option<Policy>,
    /// An expectation file: the differences that are wanted (TOML). Left out, the shadow keeps the expectations that it has;
    /// an empty text drops them.
    #[serde(default)]
    pub expect: Option<String>,
}

/// The shadows and the standby.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct Tracks {
    pub shadows: Vec<Track>,
}

/// How a projection beside the live one stands: a shadow or the standby.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Track {
    /// `shadow-bank@1994-01-01`, `standby`
    pub name: String,
    /// `shadow` or `standby`
    pub role: String,
    /// Which versions handle the events from which on.
    pub schedule: String,
    /// The last event that it ran.
    pub position: u64,
    /// The log's last event.
    pub head: u64,
    /// Events that it has yet to run.
    pub lag: u64,
    /// It was at the log's head once, and can take over quickly.
    pub ready: bool,
    /// Why it goes no further: an event of doom, in words.
    pub doom: Option<String>,
    /// How its effects differ from the live state's; only a shadow knows.
    pub differences: Option<Tally>,
}

impl From<&ShadowStatus> for Track {
    fn from(status: &ShadowStatus) -> Track {
        Track {
            name: status.name.clone(),
            role: status.role.as_str().to_owned(),
            schedule: status.schedule.to_string(),
            position: status.position.0,
            head: status.head.0,
            lag: status.lag(),
            ready: status.is_ready,
            doom: status.doom.clone(),
            differences: status.tally.clone(),
        }
    }
}

impl Track {
    /// It has caught up, or can go no further.
    pub fn is_settled(&self) -> bool {
        self.doom.is_some() || (self.ready && self.lag == 0)
    }

    /// It cannot be promoted as it is.
    pub fn is_unexpected(&self) -> bool {
        self.doom.is_some()
            || self
                .differences
                .as_ref()
                .is_some_and(|it| it.unexpected > 0)
    }
}

/// A shadow that was given up.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct DroppedShadow {
    /// `plugin@date`
    pub dropped: String,
}

/// How a shadow is put in force.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PromoteRequest {
    /// Promote in spite of unexpected differences, for this reason.
    #[serde(default)]
    pub force: Option<String>,
    /// Write the rows that differ into the live state instead of switching to the shadow's.
    #[serde(default)]
    pub patch: bool,
    /// Of a patch: tell the rows, keep nothing.
    #[serde(default)]
    pub preview: bool,
}

/// What is in force since a promotion or a way back.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct Promoted {
    /// The event that says so; null for the preview of a patch.
    pub seq: Option<u64>,
    /// All that is in force now; null for the preview of a patch.
    pub lineup: Option<String>,
    /// How the shadow or the standby stood when it was switched to; null for the preview of a patch.
    pub track: Option<Track>,
    /// Rows that a patch wrote, or would write.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub patched: Option<DifferingRows>,
}

impl From<&versions::Promoted> for Promoted {
    fn from(promoted: &versions::Promoted) -> Promoted {
        Promoted {
            seq: Some(promoted.seq.0),
            lineup: Some(promoted.lineup.to_string()),
            track: Some((&promoted.status).into()),
            patched: None,
        }
    }
}

/// What promoting came to.
#[derive(Debug, Clone)]
pub enum Promotion {
    Done(Promoted),
    /// There are differences that nobody expected, and it was not forced. Nothing changed.
    Differs(Track),
}

impl From<&versions::Promotion> for Promotion {
    fn from(promotion: &versions::Promotion) -> Promotion {
        match promotion {
            versions::Promotion::Done(done) => Promotion::Done(done.into()),
            versions::Promotion::Differs(status) => Promotion::Differs(status.into()),
        }
    }
}

/// Rows that differ, the first of them one by one.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct DifferingRows {
    /// All of them.
    pub total: u64,
    /// At most 1000 of them.
    pub rows: Vec<DifferingRow>,
}

/// Rows that are told one by one.
const TOLD_MAX: usize = 1_000;

impl DifferingRows {
    pub fn count(&mut self, row: &FinalRow) {
        self.total += 1;
        if self.rows.len() < TOLD_MAX {
            self.rows.push(row.into());
        }
    }
}

/// A row of the state that is otherwise on the candidate's side.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct DifferingRow {
    /// `plugin.table`
    pub table: String,
    pub key: Vec<Cell>,
    pub change: RowChange,
    /// The columns of a row that comes or goes, and those that differ of one that stays.
    pub columns: Vec<DifferingColumn>,
}

/// What becomes of a row on the candidate's side.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum RowChange {
    Added,
    Removed,
    Changed,
}

/// A column with its value on each side; a side that has none has no member.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct DifferingColumn {
    pub column: String,
    /// What the values mean: `money(CZK,2)`. They are as they are kept.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>")]
    pub format: Option<ColumnFormat>,
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        deserialize_with = "present"
    )]
    pub base: Option<Cell>,
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        deserialize_with = "present"
    )]
    pub candidate: Option<Cell>,
}

/// A value that is null is there all the same.
pub(super) fn present<'de, D: serde::Deserializer<'de>>(from: D) -> Result<Option<Cell>, D::Error> {
    Cell::deserialize(from).map(Some)
}

impl From<&FinalRow> for DifferingRow {
    fn from(row: &FinalRow) -> DifferingRow {
        let column =
            |name: &String, base: Option<&Value>, candidate: Option<&Value>| DifferingColumn {
                column: name.clone(),
                format: row.formats.get(name).cloned(),
                base: base.cloned().map(Cell),
                candidate: candidate.cloned().map(Cell),
            };
        let (change, columns) = match &row.kind {
            FinalKind::Added(columns) => {
                let columns = columns.iter();
                let columns = columns.map(|(name, value)| column(name, None, Some(value)));
                (RowChange::Added, columns.collect())
            }
            FinalKind::Removed(columns) => {
                let columns = columns.iter();
                let columns = columns.map(|(name, value)| column(name, Some(value), None));
                (RowChange::Removed, columns.collect())
            }
            FinalKind::Changed(columns) => {
                let columns = columns
                    .iter()
                    .map(|(name, base, candidate)| column(name, base.as_ref(), candidate.as_ref()));
                (RowChange::Changed, columns.collect())
            }
        };
        DifferingRow {
            table: row.table.clone(),
            key: cells(&row.key),
            change,
            columns,
        }
    }
}

/// For what is said of such a row in words.
impl From<&DifferingRow> for FinalRow {
    fn from(row: &DifferingRow) -> FinalRow {
        let value = |cell: &Option<Cell>| cell.as_ref().map(|Cell(value)| value.clone());
        let columns = row.columns.iter();
        let formats = row.columns.iter();
        let formats = formats.filter_map(|it| Some((it.column.clone(), it.format.clone()?)));
        FinalRow {
            formats: formats.collect(),
            table: row.table.clone(),
            key: row.key.iter().map(|Cell(value)| value.clone()).collect(),
            kind: match row.change {
                RowChange::Added => FinalKind::Added(
                    { columns }
                        .filter_map(|it| Some((it.column.clone(), value(&it.candidate)?)))
                        .collect(),
                ),
                RowChange::Removed => FinalKind::Removed(
                    { columns }
                        .filter_map(|it| Some((it.column.clone(), value(&it.base)?)))
                        .collect(),
                ),
                RowChange::Changed => FinalKind::Changed(
                    { columns }
                        .map(|it| (it.column.clone(), value(&it.base), value(&it.candidate)))
                        .collect(),
                ),
            },
        }
    }
}
