//! Reconciling: the live state beside what the log yields, row by row, and put right where it differs.

use crate::book::SystemEvent;
use crate::model::log::LocalOp;
use serde_json::json;

use super::repairable::check_words;
use crate::book::Book;
use crate::diff::{FinalRow, compare_states};
use crate::engine::Player;
use crate::history::{OnProgress, Rebuild};
use crate::model::event::STATE_RECONCILED;
use crate::model::{Result, Seq};
use crate::store::remove_projection;
use crate::study::PlayerSide;

/// What came of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reconciled {
    /// Rows that differ.
    pub rows: u64,
    /// The event that records the repair; none where nothing differed, or none was asked for.
    pub repaired: Option<Seq>,
}

impl Book {
    /// Materializes the log anew under what is in force, and tells `visit` of every row in which the live state (the
    /// candidate) differs from it. With a reason, the new state takes the live one's place where they differ.
    pub fn reconcile(
        &mut self,
        repair: Option<&str>,
        visit: &mut dyn FnMut(&FinalRow) -> Result<()>,
        progress: OnProgress<'_>,
    ) -> Result<Reconciled> {
        if let Some(reason) = repair {
            check_words(reason, None)?;
        }
        self.check_current()?;
        let record = self.next_live();
        let path = self.history.dir.projection(&record.file);
        let result = self.build_and_compare(&path, visit, progress);
        let rows = match result {
            Ok(rows) if rows > 0 && repair.is_some() => rows,
            other => {
                remove_projection(&path)?;
                return other.map(|rows| Reconciled {
                    rows,
                    repaired: None,
                });
            }
        };
        let data = json!({ "rows": rows, "reason": repair });
        let kept = self.append_system(SystemEvent {
            event_type: STATE_RECONCILED,
            data: data.to_string(),
            ops: Vec::new(),
            local: vec![LocalOp::Projection(record.clone())],
        });
        let seq = match kept {
            Ok(seq) => seq,
            Err(error) => {
                remove_projection(&path)?;
                return Err(error);
            }
        };
        self.switch_live(record, seq)?;
        Ok(Reconciled {
            rows,
            repaired: Some(seq),
        })
    }

    fn build_and_compare(
        &mut self,
        path: &std::path::Path,
        visit: &mut dyn FnMut(&FinalRow) -> Result<()>,
        progress: OnProgress<'_>,
    ) -> Result<u64> {
        let (schedule, head) = (self.live.record.schedule.clone(), self.head());
        let rebuild = Rebuild::of(&schedule, path, head);
        self.history.build(rebuild, progress)?;
        let live = self.live_path();
        let mut side = |file: &std::path::Path| -> Result<PlayerSide> {
            let plan = self.plan(&schedule)?;
            let runtime = self.history.library.runtime.clone();
            Ok(PlayerSide::new(Player::resume(runtime, plan, file, head)?))
        };
        let (mut built, mut live) = (side(path)?, side(&live)?);
        let mut rows = 0;
        compare_states(&mut built, &mut live, |row| {
            rows += 1;
            visit(&row)
        })?;
        Ok(rows)
    }
}
