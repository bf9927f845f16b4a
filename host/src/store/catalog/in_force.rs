//! Whether a book has ever had tokens.

use super::events::Catalog;
use crate::model::Result;

impl Catalog {
    /// True from the first token on, whatever became of the file with the tokens.
    pub fn has_tokens(&self) -> Result<bool> {
        self.connection
            .query_row("SELECT EXISTS (SELECT 1 FROM tokens_in_force)", [], |row| {
                row.get(0)
            })
            .map_err(|error| self.failed(error))
    }

    /// Part of the open transaction.
    pub(super) fn write_tokens_in_force(&self, since: &str) -> Result<()> {
        self.run(
            "INSERT OR IGNORE INTO tokens_in_force (one, since) VALUES (1, ?1)",
            &[&since],
        )
        .map(drop)
    }
}
