//! A lineup made ready to run: chains of code, the tables they see, and who handles what.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use foldhash::fast::FixedState;

use super::partitions::Partitions;
use super::schema_budget::SchemaBudget;
use super::schemas::PayloadSchema;
use crate::model::error::Problem;
use crate::model::layout::{Layouts, fits};
use crate::model::{
    Error, Event, Lineup, NewEvent, PluginName, PluginVersion, Result, TableLayout, TypeName,
    VersionDate, limits,
};
use crate::runtime::Code;

/// One lineup, resolved.
#[derive(Debug)]
pub struct Program {
    pub lineup: Lineup,
    /// `lineup` as text, as it is stamped on events.
    pub stamp: String,
    pub layouts: Arc<Layouts>,
    pub plugins: Vec<Plugin>,
    pub partitions: Partitions,
    handlers: Handlers,
    /// Who declares an event, newest first, with the schema that version knows.
    events: HashMap<TypeName, Vec<(Handler, PayloadSchema)>>,
    /// Who answers a command, newest first, with the schema that version asks for.
    commands: HashMap<TypeName, Vec<(Handler, PayloadSchema)>>,
    /// By each of the lineup's earlier versions: what is done for callers of its date, on the same tables.
    earlier: BTreeMap<PluginVersion, Arc<Program>>,
}

/// Who handles an event type, in order.
pub type Handlers = HashMap<TypeName, Vec<Handler>, FixedState>;

/// A plugin's version with the versions it extends.
#[derive(Debug)]
pub struct Plugin {
    pub name: PluginName,
    /// Newest first.
    pub chain: Vec<Link>,
}

/// One version in a chain, with its own view of the tables.
#[derive(Debug)]
pub struct Link {
    pub code: Arc<Code>,
    pub view: Arc<View>,
    materializes: BTreeSet<String>,
}

/// Which code answers: a plugin, and where in its chain.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Handler {
    pub plugin: usize,
    pub link: usize,
}

/// The tables as one component's manifest lists them.
#[derive(Debug)]
pub struct View {
    /// `bank@1994-01-01`: names the component in errors and tells SQL statements apart.
    pub version: PluginVersion,
    pub scope: String,
    pub tables: HashMap<String, ViewTable, FixedState>,
    pub sql_tables: Arc<BTreeSet<String>>,
    pub task_kinds: BTreeSet<String>,
}

#[derive(Debug)]
pub struct ViewTable {
    /// Position in the program's layouts.
    pub table: usize,
    /// For each of the component's columns its position in the layout.
    pub columns: Vec<usize>,
    /// The component's columns are the layout's, in the same order.
    pub identity: bool,
    pub writable: bool,
}

impl Program {
    /// Resolves a lineup; `code` finds a loaded version.
    pub fn resolve(
        lineup: &Lineup,
        mut code: impl FnMut(&PluginVersion) -> Result<Arc<Code>>,
    ) -> Result<Program> {
        let mut chains: Vec<Chain> = Vec::new();
        for version in lineup.iter() {
            chains.push((version.plugin.clone(), chain(&version, &mut code)?));
        }
        let mut earlier: Vec<(PluginVersion, Vec<Arc<Code>>)> = Vec::new();
        for version in lineup.iter_earlier() {
            let codes = chain(&version, &mut code)?;
            earlier.push((version, codes));
        }
        let mut tables = Vec::new();
        for (plugin, codes) in &chains {
            let beside = { earlier.iter() }
                .filter(|(version, _)| version.plugin == *plugin)
                .flat_map(|(_, codes)| codes);
            let mut all: Vec<Arc<Code>> = codes.iter().chain(beside).cloned().collect();
            all.sort_by_key(|code| std::cmp::Reverse(code.version.date));
            all.dedup_by_key(|code| code.digest);
            tables.extend(merged_tables(plugin, &all)?);
        }
        let layouts = Arc::new(Layouts::new(tables));
        let mut program = Self::on(lineup, chains.clone(), layouts.clone())?;
        for (version, codes) in earlier {
            check_writable(&codes, &layouts)?;
            let lineup = lineup.with(std::slice::from_ref(&version));
            let mut chains = chains.clone();
            let of_plugin = chains
                .iter_mut()
                .find(|(plugin, _)| *plugin == version.plugin);
            if let Some((_, chain)) = of_plugin {
                *chain = codes;
            }
            let then = Self::on(&lineup, chains, layouts.clone())?;
            program.earlier.insert(version, Arc::new(then));
        }
        Ok(program)
    }

    /// Chains of code on tables that are there for them.
    fn on(lineup: &Lineup, chains: Vec<Chain>, layouts: Arc<Layouts>) -> Result<Program> {
        let mut plugins = Vec::new();
        for (name, codes) in chains {
            let links = codes
                .iter()
                .enumerate()
                .map(|(at, code)| {
                    Ok(Link {
                        view: Arc::new(view(code, &codes[at..], &layouts, lineup)?),
                        materializes: code.manifest.materializes.iter().cloned().collect(),
                        code: code.clone(),
                    })
                })
                .collect::<Result<Vec<_>>>()?;
            plugins.push(Plugin { name, chain: links });
        }
        let mut program = Program {
            lineup: lineup.clone(),
            stamp: lineup.to_string(),
            layouts,
            plugins,
            partitions: Partitions::default(),
            handlers: HashMap::default(),
            events: HashMap::new(),
            commands: HashMap::new(),
            earlier: BTreeMap::new(),
        };
        program.index()?;
        Ok(program)
    }

    /// What an event is handled by: this, or what its own plugin's version of then is, where that serves its callers still.
    pub fn of_event<'a>(self: &'a Arc<Self>, event: &Event) -> &'a Arc<Program> {
        self.of_version(event.event_type.plugin(), event.version)
    }

    /// This, or what an earlier version of a plugin serves its callers with.
    pub fn of_version<'a>(
        self: &'a Arc<Self>,
        plugin: &str,
        date: Option<VersionDate>,
    ) -> &'a Arc<Program> {
        let Some(date) = date.filter(|_| !self.earlier.is_empty()) else {
            return self;
        };
        let mut known = self.earlier.iter();
        let found = known.find(|(it, _)| it.date == date && it.plugin.as_str() == plugin);
        found.map_or(self, |(_, program)| program)
    }

    /// True where callers of several dates are served.
    pub fn is_stamped(&self) -> bool {
        !self.earlier.is_empty()
    }

    fn index(&mut self) -> Result<()> {
        for (plugin, active) in self.plugins.iter().enumerate() {
            for (link, version) in active.chain.iter().enumerate() {
                let handler = Handler { plugin, link };
                let mut budget = SchemaBudget::default();
                let manifest = &version.code.manifest;
                for name in &manifest.materializes {
                    let handlers = self.handlers.entry(TypeName::new(name)?).or_default();
                    // Newest first: the first version in the chain that names a type handles it.
                    if handlers
                        .last()
                        .is_none_or(|last: &Handler| last.plugin != plugin)
                    {
                        handlers.push(handler);
                    }
                }
                for event in &manifest.events {
                    let name = TypeName::new(&event.name)?;
                    let schema = PayloadSchema::new(&event.name, &event.schema, &mut budget)?;
                    self.events.entry(name).or_default().push((handler, schema));
                }
                for command in &manifest.commands {
                    let name = TypeName::new(&command.name)?;
                    let schema = PayloadSchema::new(&command.name, &command.schema, &mut budget)?;
                    self.commands
                        .entry(name)
                        .or_default()
                        .push((handler, schema));
                }
            }
        }
        for active in &self.plugins {
            for name in active.chain.iter().flat_map(|link| &link.materializes) {
                let name = TypeName::new(name)?;
                if name.plugin() == active.name.as_str() && !self.events.contains_key(&name) {
                    return Err(Error::refused(format!(
                        "{} says that it materializes '{name}', which it does not declare",
                        active.chain[0].code.version
                    )));
                }
            }
        }
        // Owner first, then by name; `plugins` is in the order of names already.
        for (name, handlers) in &mut self.handlers {
            handlers.sort_by_key(|handler| {
                let plugin = &self.plugins[handler.plugin].name;
                (plugin.as_str() != name.plugin(), handler.plugin)
            });
        }
        self.partitions = Partitions::of(&self.plugins, &self.layouts, &self.handlers)?;
        Ok(())
    }

    /// Who handles an event type, in order.
    pub fn handlers(&self, event_type: &str) -> &[Handler] {
        self.handlers.get(event_type).map_or(&[], Vec::as_slice)
    }

    /// Event types that somebody handles.
    pub fn handled(&self) -> impl Iterator<Item = &TypeName> {
        self.handlers.keys()
    }

    /// Who handles an event type below a link of the chain.
    pub fn below(&self, handler: Handler, event_type: &str) -> Option<Handler> {
        let chain = &self.plugins[handler.plugin].chain;
        (handler.link + 1..chain.len())
            .find(|&link| chain[link].materializes.contains(event_type))
            .map(|link| Handler { link, ..handler })
    }

    /// Who answers a command below a link of the chain, with the schema of its payload.
    pub fn creator_below(&self, handler: Handler, name: &str) -> Option<(Handler, &PayloadSchema)> {
        let answering = self.commands.get(name)?;
        { answering.iter() }
            .find(|(below, _)| below.plugin == handler.plugin && below.link > handler.link)
            .map(|(below, schema)| (*below, schema))
    }

    pub fn link(&self, handler: Handler) -> &Link {
        &self.plugins[handler.plugin].chain[handler.link]
    }

    /// The schema of an event type, or that nobody declares it.
    pub fn event_schema(&self, name: &str) -> Result<&PayloadSchema> {
        { self.events.get(name) }
            .and_then(|declared| declared.first())
            .map(|(_, schema)| schema)
            .ok_or_else(|| self.unknown("event", name, self.events.keys()))
    }

    /// The types of what a creator asks for; or what is wrong with it, for the version that is to blame. They are its own
    /// plugin's, and fit the newest schema that the chain has from this link on.
    pub fn check_asked(
        &self,
        from: Handler,
        events: &[NewEvent],
    ) -> std::result::Result<Vec<TypeName>, String> {
        if events.len() > limits::EVENTS_PER_REQUEST_MAX {
            return Err(format!(
                "it asks for {} events; {} at most",
                events.len(),
                limits::EVENTS_PER_REQUEST_MAX
            ));
        }
        let check = |event: &NewEvent| {
            let name = TypeName::new(&event.event_type).map_err(|error| error.message)?;
            if name.plugin() != self.plugins[from.plugin].name.as_str() {
                return Err(format!("it asks for '{name}', another plugin's event"));
            }
            let declared = self.events.get(&name).map_or(&[][..], Vec::as_slice);
            let known = declared.iter().find(|(at, _)| at.link >= from.link);
            let (_, schema) = known.ok_or_else(|| {
                format!("it asks for '{name}', which its manifest does not declare")
            })?;
            schema.check(&event.data).map_err(|error| error.message)?;
            Ok(name)
        };
        events.iter().map(check).collect()
    }

    /// Who answers a command, and the schema of its payload: the newest version that is not after the pin.
    pub fn creator(
        &self,
        name: &str,
        pin: Option<VersionDate>,
    ) -> Result<(Handler, &PayloadSchema)> {
        let answering = self
            .commands
            .get(name)
            .ok_or_else(|| self.unknown("command", name, self.commands.keys()))?;
        let date = |handler: Handler| self.link(handler).code.version.date;
        let found = answering
            .iter()
            .find(|(handler, _)| pin.is_none_or(|pin| date(*handler) <= pin));
        match (found, pin, answering.last()) {
            (Some((handler, schema)), _, _) => Ok((*handler, schema)),
            (None, Some(pin), Some((oldest, _))) => Err(Error::refused(format!(
                "no version of {pin} or before answers '{}'; the oldest that does is {}",
                name.escape_debug(),
                date(*oldest)
            ))
            .problem(Problem::Unknown)),
            _ => Err(Error::internal(format!("nobody answers command '{name}'"))),
        }
    }

    /// Names and schemas of what may be asked for: event types and command types.
    pub fn types(&self) -> (Vec<&TypeName>, Vec<&TypeName>) {
        let sorted = |mut names: Vec<_>| {
            names.sort_unstable();
            names
        };
        (
            sorted(self.events.keys().collect()),
            sorted(self.commands.keys().collect()),
        )
    }

    fn unknown<'a>(
        &self,
        what: &str,
        name: &str,
        known: impl Iterator<Item = &'a TypeName>,
    ) -> Error {
        let mut known: Vec<_> = known.map(TypeName::as_str).collect();
        known.sort_unstable();
        let error = Error::refused(format!(
            "{what} type '{}' is not known to this book",
            name.escape_debug()
        ))
        .problem(Problem::Unknown);
        if known.is_empty() {
            error.hint("no version is active: daybook load BOOK FILE.wasm, then daybook activate BOOK PLUGIN@DATE")
        } else {
            error.hint(format!("known {what} types: {}", known.join(", ")))
        }
    }
}

/// A plugin with its version's chain.
type Chain = (PluginName, Vec<Arc<Code>>);

/// Refuses tables into which an earlier version could not insert its rows: they have a column that it does not know and that
/// has no default, or one that must not be null any more.
fn check_writable(codes: &[Arc<Code>], layouts: &Layouts) -> Result<()> {
    for code in codes {
        for declared in &code.manifest.tables {
            let older = declared.layout(&code.version.plugin)?;
            let Some(at) = layouts.position(&older.sql_name) else {
                continue;
            };
            let table = &layouts.tables[at];
            for (at, column) in table.columns.iter().enumerate() {
                let missing = match older.column(&column.name) {
                    Some(known) => older.columns[known].nullable && !column.nullable,
                    None => !fits(&table.missing(at), column),
                };
                if missing {
                    return Err(Error::refused(format!(
                        "{} cannot write rows of '{}' beside its later version: column '{}' must be filled, and it does not know how",
                        code.version, table.name(), column.name
                    ))
                    .hint("give the column a default, or let it be null; or retire the version, where nobody needs it"));
                }
            }
        }
    }
    Ok(())
}

/// A version and those it extends, newest first.
fn chain(
    version: &PluginVersion,
    code: &mut impl FnMut(&PluginVersion) -> Result<Arc<Code>>,
) -> Result<Vec<Arc<Code>>> {
    let mut codes = vec![code(version)?];
    while let Some(below) = codes[codes.len() - 1].manifest.extends()? {
        if codes.len() == limits::CASCADE_DEPTH_MAX {
            return Err(Error::refused(format!(
                "{version} stands on more than {} versions",
                limits::CASCADE_DEPTH_MAX
            )));
        }
        let next = PluginVersion {
            plugin: version.plugin.clone(),
            date: below,
        };
        codes.push(code(&next).map_err(|error| {
            error
                .context(format!("{version} extends {next}"))
                .hint(format!("load {next} first"))
        })?);
    }
    Ok(codes)
}

/// The newest declaration of each table in a chain. An older version must find its columns in it.
fn merged_tables(plugin: &PluginName, codes: &[Arc<Code>]) -> Result<Vec<Arc<TableLayout>>> {
    let mut tables: BTreeMap<String, Arc<TableLayout>> = BTreeMap::new();
    for code in codes {
        for declared in &code.manifest.tables {
            let older = declared.layout(plugin)?;
            let Some(newest) = tables.get(&declared.name) else {
                tables.insert(declared.name.clone(), Arc::new(older));
                continue;
            };
            let same_key = older.key.len() == newest.key.len()
                && older
                    .key
                    .iter()
                    .zip(&newest.key)
                    .all(|(&old, &new)| older.columns[old].name == newest.columns[new].name);
            if !same_key {
                return Err(Error::refused(format!(
                    "table '{plugin}.{}' has another primary key than in {}, which still runs below",
                    declared.name, code.version
                )));
            }
            for column in &older.columns {
                let at = newest.column(&column.name);
                if at.is_none_or(|at| newest.columns[at].kind != column.kind) {
                    return Err(Error::refused(format!(
                        "table '{plugin}.{}' lacks column '{}' ({}) of {}, which still runs below",
                        declared.name,
                        column.name,
                        column.kind.sql(),
                        code.version
                    ))
                    .hint("keep the column, or write a version that extends nothing"));
                }
            }
        }
    }
    Ok(tables.into_values().collect())
}

fn view(code: &Code, chain: &[Arc<Code>], layouts: &Layouts, lineup: &Lineup) -> Result<View> {
    let mut tables = HashMap::default();
    let mut sql_tables = BTreeSet::new();
    let own = code.version.plugin.as_str();
    let position = |plugin: &str, table: &str| layouts.position(&format!("{plugin}_{table}"));
    for declared in &code.manifest.tables {
        let at = position(own, &declared.name)
            .ok_or_else(|| Error::internal(format!("table '{own}.{}' got lost", declared.name)))?;
        let names = declared.columns.iter().map(|column| &column.name);
        tables.insert(declared.name.clone(), view_table(layouts, at, names, true)?);
    }
    // A version sees the tables of those it extends without declaring them again.
    for below in chain.iter().flat_map(|code| &code.manifest.tables) {
        if let Some(at) = position(own, &below.name) {
            sql_tables.insert(layouts.tables[at].sql_name.clone());
            if !tables.contains_key(&below.name) {
                let names = below.columns.iter().map(|column| &column.name);
                tables.insert(below.name.clone(), view_table(layouts, at, names, true)?);
            }
        }
    }
    for foreign in &code.manifest.reads {
        let at = position(&foreign.plugin, &foreign.table).ok_or_else(|| {
            let error = Error::refused(format!(
                "{} reads table '{}.{}', which no active plugin has",
                code.version, foreign.plugin, foreign.table
            ));
            match lineup.version(&foreign.plugin) {
                None => error.hint(format!(
                    "activate a version of plugin '{}' first",
                    foreign.plugin
                )),
                Some(date) => error.hint(format!(
                    "{}@{date} is active and has no such table",
                    foreign.plugin
                )),
            }
        })?;
        let table = view_table(layouts, at, foreign.columns.iter(), false)
            .map_err(|error| error.context(&code.version))?;
        sql_tables.insert(layouts.tables[at].sql_name.clone());
        tables.insert(format!("{}.{}", foreign.plugin, foreign.table), table);
    }
    Ok(View {
        version: code.version.clone(),
        scope: code.version.to_string(),
        tables,
        sql_tables: Arc::new(sql_tables),
        task_kinds: chain
            .iter()
            .flat_map(|code| &code.manifest.tasks)
            .map(|task| task.name.clone())
            .collect(),
    })
}

fn view_table<'a>(
    layouts: &Layouts,
    table: usize,
    names: impl Iterator<Item = &'a String>,
    writable: bool,
) -> Result<ViewTable> {
    let layout = &layouts.tables[table];
    let columns: Vec<usize> = names
        .map(|name| {
            layout.column(name).ok_or_else(|| {
                Error::refused(format!(
                    "table '{}.{}' has no column '{}'",
                    layout.plugin, layout.table, name
                ))
            })
        })
        .collect::<Result<_>>()?;
    let identity = columns.iter().copied().eq(0..layout.columns.len());
    Ok(ViewTable {
        table,
        columns,
        identity,
        writable,
    })
}
