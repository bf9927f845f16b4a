//! The candidate of a diff on single rows of the base's state: what it would have done there.

use std::collections::HashMap;
use std::sync::Arc;

use crate::diff::{Prober, Step};

use crate::engine::{Below, Failure, Handler, Materializer, Program, step_of};
use crate::model::layout::RowMap;
use crate::model::value::SuppliedRow;
use crate::model::{Event, Layouts, Result, TypeName};
use crate::runtime::Runtime;
use crate::store::Projection;

/// Knows the rows that it is handed and nothing else.
pub struct RowProber {
    materializer: Materializer,
    candidate: Arc<Program>,
    base: Arc<Program>,
    layouts: Arc<Layouts>,
    /// By the base's tables: position in the candidate's, and how rows become the candidate's.
    maps: Vec<Option<(usize, RowMap)>>,
    /// By event type: the candidate's handler below its newest, when that is the base's only one.
    shared: HashMap<TypeName, Option<Handler>>,
}

impl RowProber {
    pub fn new(runtime: Arc<Runtime>, candidate: Arc<Program>, base: Arc<Program>) -> Result<Self> {
        let layouts = candidate.layouts.clone();
        let maps = base
            .layouts
            .tables
            .iter()
            .map(|table| {
                let at = layouts.position(&table.sql_name)?;
                Some((at, RowMap::between(table, &layouts.tables[at])))
            })
            .collect();
        let projection = Projection::closed(layouts.clone())?;
        Ok(RowProber {
            materializer: Materializer::new(runtime, candidate.clone(), projection),
            candidate,
            base,
            layouts,
            maps,
            shared: HashMap::new(),
        })
    }

    fn shared(&mut self, event_type: &TypeName) -> Option<Handler> {
        if let Some(known) = self.shared.get(event_type) {
            return *known;
        }
        let shared = shared_below(&self.candidate, &self.base, event_type.as_str());
        self.shared.insert(event_type.clone(), shared);
        shared
    }

    /// What the base did is what the version below does, where the candidate extends the base and passes the event on:
    /// the same code, the same event, the same state. It need not run once more.
    fn below(&mut self, event: &Event, base: &Step) -> Option<Below> {
        let handler = self.shared(&event.event_type)?;
        let (effects, _) = base.outcome.as_ref().ok()?;
        if base.searched {
            return None;
        }
        let writes = effects
            .changes
            .iter()
            .map(|change| {
                let (table, map) = self.maps[change.table].as_ref()?;
                let key = self.base.layouts.tables[change.table].key_of(change.row());
                let row = change.after.as_ref().map(|row| map.map(row));
                Some((*table, key, row))
            })
            .collect::<Option<_>>()?;
        Some(Below {
            handler,
            event: event.clone(),
            writes,
            tasks: effects.tasks.clone(),
            used: base.used,
        })
    }
}

/// The handler just below the candidate's only one for a type, if the chain from there on is the base's whole chain.
fn shared_below(candidate: &Program, base: &Program, event_type: &str) -> Option<Handler> {
    // Where callers of several dates are served, it is not the newest that handles every event.
    if candidate.is_stamped() || base.is_stamped() {
        return None;
    }
    let ([top], [whole]) = (candidate.handlers(event_type), base.handlers(event_type)) else {
        return None;
    };
    let below = candidate.below(*top, event_type)?;
    let chain = |program: &Program, from: Handler| {
        program.plugins[from.plugin].chain[from.link..]
            .iter()
            .map(|link| link.code.digest)
            .collect::<Vec<_>>()
    };
    (chain(candidate, below) == chain(base, *whole)).then_some(below)
}

impl Prober for RowProber {
    fn probe(&mut self, event: &Event, base: &Step, rows: &[SuppliedRow]) -> Result<Option<Step>> {
        self.materializer.projection().supply(rows);
        let below = self.below(event, base);
        self.materializer.know_below(below);
        let result = self.materializer.run(event);
        let (_, searched) = self.materializer.take_trace();
        self.materializer.discard()?;
        match result {
            // A row that was not supplied, or a search: the base's own state has to be asked.
            Err(Failure::Host(_)) => Ok(None),
            _ if searched => Ok(None),
            result => step_of(result, self.layouts.clone()).map(Some),
        }
    }
}
