//! The partitions of one lineup's events: who says where each is, and which column each table has it in. And what a
//! handler of an event that has one may touch.

use std::collections::HashMap;
use std::sync::Arc;

use foldhash::fast::FixedState;

use super::program::{Handler, Handlers, Plugin};
use super::shown;
use crate::model::event::{EVENT_UNDONE, STATE_GIVEN};
use crate::model::{
    Error, Event, Find, Layouts, Partition, PartitionSource, Result, TableLayout, TypeName, Value,
};

/// What all plugins of a lineup say of partitions.
#[derive(Debug, Default)]
pub struct Partitions {
    /// By the table's position in the layouts: where the partition is in the primary key.
    tables: Arc<[Option<usize>]>,
    /// What each handler of a type says, in the order of the handlers. Types of which none says anything are not here.
    events: HashMap<TypeName, Vec<Option<PartitionSource>>, FixedState>,
    /// Types that have handlers, not all of which say the same.
    unbound: Vec<String>,
}

impl Partitions {
    pub fn of(plugins: &[Plugin], layouts: &Layouts, handlers: &Handlers) -> Result<Partitions> {
        let mut events = HashMap::default();
        let mut unbound = Vec::new();
        for (name, handlers) in handlers {
            let said = |it: &Handler| {
                let version = &plugins[it.plugin].chain[it.link].code;
                version.manifest.partitions.source(name.as_str()).cloned()
            };
            let said: Vec<_> = handlers.iter().map(said).collect();
            if said[0].is_none() || said.iter().any(|it| *it != said[0]) {
                unbound.push(name.to_string());
            }
            if said.iter().any(Option::is_some) {
                events.insert(name.clone(), said);
            }
        }
        unbound.sort_unstable();
        Ok(Partitions {
            tables: tables(plugins, layouts)?,
            events,
            unbound,
        })
    }

    /// What a type's handler, the one at this place, may touch for an event. None: whatever it likes.
    pub fn confine(&self, event: &Event, handler: usize) -> Option<Confined> {
        let source = self.events.get(&event.event_type)?[handler].as_ref()?;
        Some(Confined {
            partition: source.of(event),
            source: source.clone(),
            tables: self.tables.clone(),
        })
    }

    /// Where the partition of a type's events is, if all who handle it say the same.
    pub fn source(&self, event_type: &TypeName) -> Option<&PartitionSource> {
        let said = self.events.get(event_type)?;
        let first = said[0].as_ref()?;
        said.iter()
            .all(|it| it.as_ref() == Some(first))
            .then_some(first)
    }

    /// True where any event has a partition.
    pub fn any(&self) -> bool {
        !self.events.is_empty()
    }

    /// Types whose events may touch any row: those before such an event happen before it, those behind it after it.
    pub fn barriers(&self) -> impl Iterator<Item = &str> {
        { self.unbound.iter().map(String::as_str) }.chain([EVENT_UNDONE, STATE_GIVEN])
    }

    /// The column of each table that has its rows' partition, by the table's position.
    pub fn columns<'a>(
        &'a self,
        layouts: &'a Layouts,
    ) -> impl Iterator<Item = (usize, usize)> + 'a {
        let column = |(at, place): (usize, &Option<usize>)| {
            place.map(|place| (at, layouts.tables[at].key[place]))
        };
        self.tables.iter().enumerate().filter_map(column)
    }
}

/// The newest declaration of each table's column counts, as with the table itself.
fn tables(plugins: &[Plugin], layouts: &Layouts) -> Result<Arc<[Option<usize>]>> {
    let mut places = vec![None; layouts.tables.len()];
    for link in plugins.iter().flat_map(|plugin| plugin.chain.iter().rev()) {
        let version = &link.code.version;
        for declared in &link.code.manifest.partitions.tables {
            let refuse = |what: String| {
                Error::refused(format!(
                    "{version} says that column '{}' of table '{}' is its partition, {what}",
                    declared.column.escape_debug(),
                    declared.table.escape_debug()
                ))
            };
            let name = format!("{}_{}", version.plugin, declared.table);
            let Some(at) = layouts.position(&name) else {
                return Err(refuse("and has no such table".into()));
            };
            let layout = &layouts.tables[at];
            let place = layout.column(&declared.column);
            let place = place.and_then(|column| layout.key.iter().position(|it| *it == column));
            let Some(place) = place else {
                return Err(refuse("which is not in the table's primary key".into()));
            };
            let mut unique = layout.indexes.iter().filter(|index| index.unique);
            if let Some(index) = unique.find(|it| !it.columns.contains(&layout.key[place])) {
                return Err(refuse(format!(
                    "which is not in the unique index '{}'",
                    index.name
                )));
            }
            places[at] = Some(place);
        }
    }
    Ok(places.into())
}

/// One call's bounds: the rows of one partition.
#[derive(Debug)]
pub struct Confined {
    /// None: the event does not name one.
    partition: Option<Partition>,
    source: PartitionSource,
    tables: Arc<[Option<usize>]>,
}

impl Confined {
    /// What is wrong with touching a row; none: it is of the partition.
    pub fn row(&self, table: usize, layout: &TableLayout, key: &[Value]) -> Option<Error> {
        let Some(place) = self.tables[table] else {
            return Some(self.whole(layout, "touches"));
        };
        let holds = { self.partition.as_ref() }.is_some_and(|it| it.holds(&key[place]));
        (!holds).then(|| {
            self.refused(format!(
                "touches {}{}, which is not of it",
                layout.name(),
                shown(key)
            ))
        })
    }

    /// What is wrong with a search; none: it names the partition.
    pub fn find(&self, table: usize, layout: &TableLayout, find: &Find) -> Option<Error> {
        let Some(place) = self.tables[table] else {
            return Some(self.whole(layout, "searches"));
        };
        let column = layout.key[place];
        let by = layout.search_columns(find.index.as_deref());
        // An index that there is not is told of by whoever looks for it.
        let at = by?.iter().position(|it| *it == column);
        match at.and_then(|at| find.prefix.get(at)) {
            Some(value) if self.partition.as_ref().is_some_and(|it| it.holds(value)) => None,
            Some(value) => Some(self.refused(format!(
                "searches {} for rows with {} {value}, which are not of it",
                layout.name(),
                layout.columns[column].name
            ))),
            None => Some(self.refused(format!(
                "searches {} without saying its {}, which may give rows that are not of it",
                layout.name(),
                layout.columns[column].name
            ))),
        }
    }

    /// What is wrong with any SQL.
    pub fn query(&self) -> Error {
        self.refused("asks with SQL, which may look at any row: read by key, or with find".into())
    }

    fn whole(&self, layout: &TableLayout, does: &str) -> Error {
        self.refused(format!(
            "{does} {}, whose rows are not said to have partitions",
            layout.name()
        ))
    }

    fn refused(&self, what: String) -> Error {
        Error::refused(match &self.partition {
            Some(partition) => {
                format!(
                    "the event is of partition {partition} ({}), and it {what}",
                    self.source
                )
            }
            None => format!(
                "the event names no partition ({}), and it {what}",
                self.source
            ),
        })
    }
}
