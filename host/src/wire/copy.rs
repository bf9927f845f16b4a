//! What a copy has, told to the book that it follows. What it is told is a stream of rows, and no JSON.

use std::collections::{BTreeMap, BTreeSet};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

use crate::model::{CommitSeq, Digest, Error, Result, Value};
use crate::store::CopyMarks;

/// What a copy has: it is told the rest. All of it may be left out by one that has nothing.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct CopyRequest {
    /// The book's id.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub book: Option<String>,
    /// The last commit, and the digest up to it.
    pub commit: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub digest: Option<String>,
    /// Of each table, the digest of its sum.
    pub sums: BTreeMap<String, String>,
    /// Of each growing table, the last key: a number or a text.
    pub last: BTreeMap<String, Json>,
    /// Digests of the components.
    pub components: Vec<String>,
    /// Tables that are wanted with all of their rows.
    pub whole: BTreeSet<String>,
}

impl From<&CopyMarks> for CopyRequest {
    fn from(marks: &CopyMarks) -> CopyRequest {
        let last = marks.last.iter().map(|(table, key)| {
            let key = match key {
                Value::Integer(number) => Json::from(*number),
                Value::Text(text) => Json::from(text.as_str()),
                _ => Json::Null,
            };
            (table.clone(), key)
        });
        CopyRequest {
            book: marks.place.as_ref().map(|(book, ..)| book.clone()),
            commit: marks.place.as_ref().map_or(0, |(_, commit, _)| commit.0),
            digest: marks.place.as_ref().map(|(.., digest)| digest.to_string()),
            sums: marks.sums.clone(),
            last: last.collect(),
            components: marks.components.iter().map(ToString::to_string).collect(),
            whole: marks.whole.clone(),
        }
    }
}

impl CopyRequest {
    pub fn marks(&self) -> Result<CopyMarks> {
        let place = match (&self.book, &self.digest) {
            (Some(book), Some(digest)) => {
                Some((book.clone(), CommitSeq(self.commit), digest_of(digest)?))
            }
            (None, None) => None,
            _ => {
                return Err(Error::usage(
                    "a copy says its book and its digest, or neither",
                ));
            }
        };
        let last = self.last.iter().map(|(table, key)| {
            let key = match key {
                Json::String(text) => Some(Value::Text(text.clone())),
                number => number.as_i64().map(Value::Integer),
            };
            let wrong = || {
                Error::usage(format!(
                    "the last key of '{}' is none",
                    table.escape_debug()
                ))
            };
            Ok((table.clone(), key.ok_or_else(wrong)?))
        });
        Ok(CopyMarks {
            place,
            sums: self.sums.clone(),
            last: last.collect::<Result<_>>()?,
            components: { self.components.iter() }
                .map(|text| digest_of(text))
                .collect::<Result<_>>()?,
            whole: self.whole.clone(),
        })
    }
}

/// A digest as a stranger wrote it.
fn digest_of(text: &str) -> Result<Digest> {
    let parsed: Result<Digest> = text.parse();
    parsed.map_err(|error| Error::usage(error.message))
}
