//! Owns what must be so: the events that were acknowledged, in order, and the rows that follow from them. Plain code in
//! memory, which knows nothing of logs and projections.

use std::collections::BTreeMap;

/// A payload of the plugin `tally`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Data {
    pub key: i64,
    /// -1 deletes the row.
    pub n: i64,
    pub text: String,
}

impl Data {
    pub fn json(&self) -> String {
        serde_json::json!({"key": self.key, "n": self.n, "text": self.text}).to_string()
    }
}

/// One position of the log.
#[derive(Debug, Clone)]
pub enum Entry {
    /// The host's own.
    System,
    Happened {
        id: String,
        /// In force; none: nobody handles it.
        data: Option<Data>,
        /// Its payload was replaced once or erased: its tasks are others now.
        is_repaired: bool,
        is_redacted: bool,
    },
}

/// A row's number and text.
pub type Rows = BTreeMap<i64, (i64, String)>;

#[derive(Debug, Clone, Default)]
pub struct Model {
    /// By position, from 1.
    pub entries: Vec<Entry>,
    /// How often each n counts: 1 under the first version, 2 under the second.
    pub times: i64,
    /// Texts that were erased: no file may hold them.
    pub erased: Vec<String>,
}

impl Model {
    /// The rows that all of history leads to; or the position whose event cannot be handled.
    pub fn rows(&self) -> Result<Rows, usize> {
        let mut rows = Rows::new();
        for (at, entry) in self.entries.iter().enumerate() {
            let Entry::Happened { data: Some(it), .. } = entry else {
                continue;
            };
            if it.n == -1 {
                rows.remove(&it.key).ok_or(at + 1)?;
            } else {
                let row = rows.entry(it.key).or_default();
                row.0 += self.times * it.n;
                row.1.clone_from(&it.text);
            }
        }
        Ok(rows)
    }

    /// Whether history could be handled with other data at a position.
    pub fn allows(&self, seq: usize, data: Option<Data>) -> bool {
        let mut other = self.clone();
        if let Some(Entry::Happened { data: known, .. }) = other.entries.get_mut(seq - 1) {
            *known = data;
        }
        other.rows().is_ok()
    }

    /// Whether any event was.
    pub fn is_repaired(&self) -> bool {
        let repaired = |entry: &Entry| {
            matches!(
                entry,
                Entry::Happened {
                    is_repaired: true,
                    ..
                }
            )
        };
        self.entries.iter().any(repaired)
    }

    /// Positions of events that may be repaired.
    pub fn repairable(&self) -> Vec<usize> {
        let open = |entry: &Entry| {
            matches!(
                entry,
                Entry::Happened {
                    is_redacted: false,
                    ..
                }
            )
        };
        let places = self.entries.iter().enumerate();
        places
            .filter(|(_, it)| open(it))
            .map(|(at, _)| at + 1)
            .collect()
    }
}
