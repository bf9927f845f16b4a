//! Performing only the differences: the rows in which a shadow differs are written into the live projection, which goes on
//! under the shadow's versions. One transaction of the log; the projection's own commit follows, and where a crash comes
//! between the two the projection is built again.

use crate::book::SystemEvent;
use crate::model::log::{LocalOp, LogOp};
use crate::store::remove_projection;
use serde_json::json;

use super::promotion::{PromoteRequest, Promoted, Promotion};
use crate::book::{Book, LIVE, PATCHED};
use crate::diff::{FinalRow, compare_states};
use crate::history::OnProgress;
use crate::model::error::Problem;
use crate::model::event::VERSION_ACTIVATED;
use crate::model::{Error, PluginVersion, Result, Row, Value};
use crate::model::{ProjectionRecord, Role};
use crate::shadow::expect_key;
use crate::study::PlayerSide;

/// A row of the live projection and what it becomes.
type Patch = (usize, Vec<Value>, Option<Row>);

impl Book {
    /// Puts a shadow's version in force by writing the rows that differ into the live projection. `visit` is told of each
    /// of them first; with `keep` false that is all. Tables have to be the same under both.
    pub fn promote_by_patch(
        &mut self,
        version: &PluginVersion,
        request: &PromoteRequest,
        keep: bool,
        visit: &mut dyn FnMut(&FinalRow) -> Result<()>,
        progress: OnProgress<'_>,
    ) -> Result<Promotion> {
        self.check_current()?;
        self.history.library.find(version)?;
        let lineup = self.lineup().with(std::slice::from_ref(version));
        let records = self.history.log.projections()?;
        let ready = records
            .iter()
            .find(|it| it.role == Role::Shadow && it.schedule.last() == lineup);
        let Some(record) = ready else {
            return Err(Error::usage(format!("there is no shadow under '{lineup}'"))
                .problem(Problem::Unknown)
                .hint(format!("daybook shadow BOOK {version}")));
        };
        let result = self.try_patch(record, request, keep, visit, progress);
        self.resume_shadow_threads()?;
        result
    }

    fn try_patch(
        &mut self,
        record: &ProjectionRecord,
        request: &PromoteRequest,
        keep: bool,
        visit: &mut dyn FnMut(&FinalRow) -> Result<()>,
        progress: OnProgress<'_>,
    ) -> Result<Promotion> {
        let track = self.bring_up(record, progress)?;
        let status = track.status(self.head());
        if let Some(doom) = status.doom {
            return Err(Error::plugin(format!(
                "{} cannot take over: {doom}",
                record.name
            )));
        }
        let unexpected = status.tally.as_ref().map_or(0, |tally| tally.unexpected);
        let mut shadow = PlayerSide::new(track.into_player());
        let program = shadow.player.materializer.program().clone();
        if program.layouts != self.live.materializer.program().layouts {
            return Err(Error::refused(format!(
                "the tables under '{}' are not those of the live state",
                program.lineup
            ))
            .problem(Problem::Needed)
            .hint("promote without --patch: the pointer is switched"));
        }
        let keys = self.differing(&mut shadow, visit)?;
        if !keep {
            return Ok(Promotion::Differs(status));
        }
        if unexpected > 0 && request.force.is_none() {
            return Ok(Promotion::Differs(status));
        }
        let state = shadow.player.materializer.projection();
        let mut patches: Vec<Patch> = Vec::with_capacity(keys.len());
        for (table, key) in keys {
            let row = state.get(table, &key)?;
            patches.push((table, key, row));
        }
        let head = state.head();
        let rows = patches
            .iter()
            .map(|(table, key, row)| (*table, key.as_slice(), row.as_ref()));
        let before = self.live.materializer.program().clone();
        let written = self
            .live
            .materializer
            .replace(rows, head)
            .and_then(|()| self.live.materializer.switch(program));
        let live = ProjectionRecord {
            schedule: record.schedule.clone(),
            made_by: record.made_by.clone(),
            name: LIVE.into(),
            role: Role::Live,
            file: self.live.record.file.clone(),
        };
        let standby =
            { self.history.log.projections()?.into_iter() }.find(|it| it.role == Role::Standby);
        let data = json!({
            "plugin": record.schedule.last().iter()
                .find(|it| before.lineup.version(it.plugin.as_str()) != Some(it.date))
                .map(|it| it.to_string()),
            "lineup": record.schedule.last().to_string(),
            "how": "patched",
            "rows": patches.len(),
            "reason": request.force,
            "actor": request.actor,
        });
        self.stop_shadow_thread(super::promotion::STANDBY);
        let kept = written.and_then(|()| {
            let seq = self.head().next();
            self.append_system(SystemEvent {
                event_type: VERSION_ACTIVATED,
                data: data.to_string(),
                ops: vec![LogOp::Epoch {
                    from: seq,
                    schedule: record.schedule.clone(),
                }],
                local: vec![
                    LocalOp::RemoveProjection {
                        name: record.name.clone(),
                    },
                    LocalOp::RemoveProjection {
                        name: super::promotion::STANDBY.to_owned(),
                    },
                    LocalOp::RemoveNote {
                        key: expect_key(&record.name),
                    },
                    LocalOp::Projection(live.clone()),
                    LocalOp::Note {
                        key: PATCHED.to_owned(),
                        value: format!("{} {seq}", live.file),
                    },
                ],
            })
        });
        let seq = match kept {
            Ok(seq) => seq,
            Err(error) => {
                self.live.materializer.rollback();
                self.live.materializer.switch(before)?;
                self.live.materializer.rollback();
                return Err(error);
            }
        };
        self.live.record = live;
        self.live.materializer.apply()?;
        self.commit_live()?;
        remove_projection(&self.history.dir.projection(&record.file))?;
        if let Some(standby) = standby {
            remove_projection(&self.history.dir.projection(&standby.file))?;
        }
        Ok(Promotion::Done(Promoted {
            seq,
            lineup: self.lineup(),
            status,
        }))
    }

    /// Table and key of every row in which a shadow differs from the live state.
    fn differing(
        &mut self,
        shadow: &mut PlayerSide,
        visit: &mut dyn FnMut(&FinalRow) -> Result<()>,
    ) -> Result<Vec<(usize, Vec<Value>)>> {
        let schedule = self.live.record.schedule.clone();
        let (plan, head) = (self.plan(&schedule)?, self.head());
        let runtime = self.history.library.runtime.clone();
        let path = self.live_path();
        let live = crate::engine::Player::resume(runtime, plan, &path, head)?;
        let mut live = PlayerSide::new(live);
        let layouts = self.live.materializer.program().layouts.clone();
        let mut keys = Vec::new();
        compare_states(&mut live, shadow, |row| {
            let sql_name = row.table.replacen('.', "_", 1);
            let table = layouts
                .position(&sql_name)
                .ok_or_else(|| Error::internal(format!("table '{}' is not there", row.table)))?;
            visit(&row)?;
            keys.push((table, row.key));
            Ok(())
        })?;
        Ok(keys)
    }
}
