//! What changes from one version of a plugin to the next: its own words, and the differences of what it declares, each
//! with whether it breaks what was valid before.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value as Json;

use super::manifest::{Manifest, PayloadType, Table};

/// Everything a version changes against the one before it by date.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct VersionChanges {
    /// In the order events, commands, tables; by name in each.
    pub changes: Vec<Change>,
}

/// One difference of two declarations.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// `event`, `command` or `table`.
    pub kind: &'static str,
    /// `bank.Deposit`, `account`.
    pub name: String,
    /// Where in it, a JSON pointer into the schema or a column; empty for the whole.
    pub place: String,
    /// `added`, `removed` or `changed`.
    pub what: &'static str,
    pub detail: String,
    pub breaking: Breaking,
}

/// Does what was valid before stay valid?
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Breaking {
    No,
    Yes,
    /// A keyword that is not weighed here changed.
    Maybe,
}

impl Breaking {
    pub fn as_str(self) -> &'static str {
        match self {
            Breaking::No => "no",
            Breaking::Yes => "breaking",
            Breaking::Maybe => "maybe",
        }
    }
}

/// What a version serves together with those it extends, newest first: of each name the newest declaration.
#[derive(Debug, Clone, Default)]
pub struct Declared<'a> {
    events: BTreeMap<&'a str, &'a PayloadType>,
    commands: BTreeMap<&'a str, &'a PayloadType>,
    tables: BTreeMap<&'a str, &'a Table>,
}

impl<'a> Declared<'a> {
    pub fn of(chain: &[&'a Manifest]) -> Declared<'a> {
        let mut declared = Declared::default();
        for manifest in chain {
            for event in &manifest.events {
                declared.events.entry(&event.name).or_insert(event);
            }
            for command in &manifest.commands {
                declared.commands.entry(&command.name).or_insert(command);
            }
            for table in &manifest.tables {
                declared.tables.entry(&table.name).or_insert(table);
            }
        }
        declared
    }
}

/// Compares what two versions serve.
pub fn compare(old: &Declared<'_>, new: &Declared<'_>) -> VersionChanges {
    let mut found = Vec::new();
    payloads("event", &old.events, &new.events, &mut found);
    payloads("command", &old.commands, &new.commands, &mut found);
    for (name, before, after) in pairs(&old.tables, &new.tables) {
        match (before, after) {
            (Some(before), Some(after)) => table(before, after, &mut found),
            (before, _) => found.push(whole("table", name, before.is_some())),
        }
    }
    VersionChanges { changes: found }
}

/// Everything with a name on either side, by name.
fn pairs<'a, 'b, T: ?Sized>(
    old: &'b BTreeMap<&'a str, &'a T>,
    new: &'b BTreeMap<&'a str, &'a T>,
) -> impl Iterator<Item = (&'a str, Option<&'a T>, Option<&'a T>)> {
    let names: BTreeSet<&'a str> = old.keys().chain(new.keys()).copied().collect();
    names
        .into_iter()
        .map(|name| (name, old.get(name).copied(), new.get(name).copied()))
}

fn whole(kind: &'static str, name: &str, is_gone: bool) -> Change {
    Change {
        kind,
        name: name.to_owned(),
        place: String::new(),
        what: if is_gone { "removed" } else { "added" },
        detail: String::new(),
        breaking: if is_gone { Breaking::Yes } else { Breaking::No },
    }
}

fn payloads(
    kind: &'static str,
    old: &BTreeMap<&str, &PayloadType>,
    new: &BTreeMap<&str, &PayloadType>,
    found: &mut Vec<Change>,
) {
    for (name, before, after) in pairs(old, new) {
        match (before, after) {
            (Some(before), Some(after)) => {
                let parse = |text: &str| serde_json::from_str(text).unwrap_or(Json::Null);
                let (before, after): (Json, Json) = (parse(&before.schema), parse(&after.schema));
                let mut walk = Walk { kind, name, found };
                walk.schema("", &before, &after);
            }
            (before, _) => found.push(whole(kind, name, before.is_some())),
        }
    }
}

/// Keywords that say something to people and nothing about what is valid.
const WORDS: [&str; 6] = [
    "title",
    "description",
    "$schema",
    "$comment",
    "examples",
    "default",
];
/// Keywords whose value is a limit: higher allows more, or less.
const UPPER: [&str; 5] = [
    "maximum",
    "exclusiveMaximum",
    "maxLength",
    "maxItems",
    "maxProperties",
];
const LOWER: [&str; 5] = [
    "minimum",
    "exclusiveMinimum",
    "minLength",
    "minItems",
    "minProperties",
];

struct Walk<'a> {
    kind: &'static str,
    name: &'a str,
    found: &'a mut Vec<Change>,
}

impl Walk<'_> {
    fn push(&mut self, place: &str, what: &'static str, detail: String, breaking: Breaking) {
        self.found.push(Change {
            kind: self.kind,
            name: self.name.to_owned(),
            place: place.to_owned(),
            what,
            detail,
            breaking,
        });
    }

    fn schema(&mut self, place: &str, old: &Json, new: &Json) {
        if old == new {
            return;
        }
        let (Json::Object(before), Json::Object(after)) = (old, new) else {
            self.push(place, "changed", format!("{old} → {new}"), Breaking::Maybe);
            return;
        };
        let keywords: BTreeSet<&String> = before.keys().chain(after.keys()).collect();
        let closed = before.get("additionalProperties") == Some(&Json::Bool(false));
        for keyword in keywords {
            let (old, new) = (before.get(keyword), after.get(keyword));
            if old == new || WORDS.contains(&keyword.as_str()) {
                continue;
            }
            match keyword.as_str() {
                "properties" => {
                    let closes = after.get("additionalProperties") == Some(&Json::Bool(false));
                    self.members(&format!("{place}/properties"), old, new, closes, closed);
                }
                "$defs" | "definitions" => {
                    self.members(&format!("{place}/{keyword}"), old, new, false, false);
                }
                "required" => self.required(place, old, new),
                "enum" => self.allowed(place, old, new),
                "type" => self.kinds(place, old, new),
                "items" | "additionalProperties" => {
                    let any = Json::Bool(true);
                    let (old, new) = (old.unwrap_or(&any), new.unwrap_or(&any));
                    match (old, new) {
                        (Json::Object(_), Json::Object(_)) => {
                            self.schema(&format!("{place}/{keyword}"), old, new);
                        }
                        (_, Json::Bool(true)) => {
                            self.keyword(place, keyword, old, new, Breaking::No)
                        }
                        _ => self.keyword(place, keyword, old, new, Breaking::Yes),
                    }
                }
                name => {
                    let breaking = limit(name, old, new);
                    let none = Json::Null;
                    self.keyword(
                        place,
                        name,
                        old.unwrap_or(&none),
                        new.unwrap_or(&none),
                        breaking,
                    );
                }
            }
        }
    }

    fn keyword(&mut self, place: &str, name: &str, old: &Json, new: &Json, breaking: Breaking) {
        let what = match (old, new) {
            (Json::Null, _) => "added",
            (_, Json::Null) => "removed",
            _ => "changed",
        };
        let detail = match what {
            "added" => new.to_string(),
            "removed" => old.to_string(),
            _ => format!("{old} → {new}"),
        };
        self.push(&format!("{place}/{name}"), what, detail, breaking);
    }

    /// Named schemas below one. `closes`: what has no name there is refused now; `closed`: it was before.
    fn members(
        &mut self,
        place: &str,
        old: Option<&Json>,
        new: Option<&Json>,
        closes: bool,
        closed: bool,
    ) {
        let empty = serde_json::Map::new();
        let members = |side: Option<&'_ Json>| side.and_then(Json::as_object).cloned();
        let (old, new) = (
            members(old).unwrap_or(empty.clone()),
            members(new).unwrap_or(empty),
        );
        let names: BTreeSet<&String> = old.keys().chain(new.keys()).collect();
        for name in names {
            let place = format!("{place}/{name}");
            match (old.get(name), new.get(name)) {
                (Some(before), Some(after)) => self.schema(&place, before, after),
                (Some(_), None) => {
                    let breaking = if closes { Breaking::Yes } else { Breaking::No };
                    self.push(&place, "removed", String::new(), breaking);
                }
                (None, after) => {
                    // An open schema let anything stand under this name.
                    let anything = closed || after == Some(&Json::Bool(true));
                    let breaking = if anything {
                        Breaking::No
                    } else {
                        Breaking::Maybe
                    };
                    let breaking = match place.contains("/properties/") {
                        true => breaking,
                        false => Breaking::No,
                    };
                    self.push(&place, "added", String::new(), breaking);
                }
            }
        }
    }

    fn required(&mut self, place: &str, old: Option<&Json>, new: Option<&Json>) {
        let (old, new) = (texts(old), texts(new));
        for name in new.difference(&old) {
            let detail = format!("{name} is required now");
            self.push(&format!("{place}/required"), "added", detail, Breaking::Yes);
        }
        for name in old.difference(&new) {
            let detail = format!("{name} may be left out now");
            self.push(
                &format!("{place}/required"),
                "removed",
                detail,
                Breaking::No,
            );
        }
    }

    fn allowed(&mut self, place: &str, old: Option<&Json>, new: Option<&Json>) {
        let (before, after) = (texts(old), texts(new));
        let (gone, come): (Vec<_>, Vec<_>) = (
            before.difference(&after).cloned().collect(),
            after.difference(&before).cloned().collect(),
        );
        let breaking = match (old.is_some(), new.is_some(), gone.is_empty()) {
            (_, false, _) | (true, true, true) => Breaking::No,
            _ => Breaking::Yes,
        };
        let detail = format!("no more: {}; new: {}", words(&gone), words(&come));
        self.push(&format!("{place}/enum"), "changed", detail, breaking);
    }

    fn kinds(&mut self, place: &str, old: Option<&Json>, new: Option<&Json>) {
        let (before, after) = (texts(old), texts(new));
        let allowed =
            |kind: &String| after.contains(kind) || kind == "integer" && after.contains("number");
        let breaking = match new.is_none() || !before.is_empty() && before.iter().all(allowed) {
            true => Breaking::No,
            false => Breaking::Yes,
        };
        let shown = |side: &BTreeSet<String>| words(&side.iter().cloned().collect::<Vec<_>>());
        let detail = format!("{} → {}", shown(&before), shown(&after));
        self.push(&format!("{place}/type"), "changed", detail, breaking);
    }
}

/// Does a changed limit allow what it allowed?
fn limit(name: &str, old: Option<&Json>, new: Option<&Json>) -> Breaking {
    let number = |side: Option<&Json>| side.and_then(Json::as_f64);
    let is_limit = UPPER.contains(&name) || LOWER.contains(&name);
    match (is_limit, number(old), number(new)) {
        (true, _, None) => Breaking::No,
        (true, None, Some(_)) => Breaking::Yes,
        (true, Some(old), Some(new)) => {
            let allows_more = if UPPER.contains(&name) {
                new >= old
            } else {
                new <= old
            };
            if allows_more {
                Breaking::No
            } else {
                Breaking::Yes
            }
        }
        (false, ..) => Breaking::Maybe,
    }
}

/// The members of an array, or the one value, as texts.
fn texts(side: Option<&Json>) -> BTreeSet<String> {
    let text = |value: &Json| match value {
        Json::String(text) => text.clone(),
        other => other.to_string(),
    };
    match side {
        None => BTreeSet::new(),
        Some(Json::Array(values)) => values.iter().map(text).collect(),
        Some(value) => BTreeSet::from([text(value)]),
    }
}

fn words(names: &[String]) -> String {
    match names.is_empty() {
        true => "–".to_owned(),
        false => names.join(", "),
    }
}

fn table(old: &Table, new: &Table, found: &mut Vec<Change>) {
    let mut push = |place: &str, what, detail: String, is_breaking: bool| {
        found.push(Change {
            kind: "table",
            name: new.name.clone(),
            place: place.to_owned(),
            what,
            detail,
            breaking: if is_breaking {
                Breaking::Yes
            } else {
                Breaking::No
            },
        });
    };
    if old.primary_key != new.primary_key {
        let detail = format!(
            "{} → {}",
            old.primary_key.join(", "),
            new.primary_key.join(", ")
        );
        push("primary key", "changed", detail, true);
    }
    for before in &old.columns {
        match new.columns.iter().find(|column| column.name == before.name) {
            None => push(&before.name, "removed", String::new(), true),
            Some(after) if after == before => {}
            Some(after) => {
                let shown = |column: &super::manifest::Column| {
                    let null = if column.nullable { "" } else { " not null" };
                    format!("{}{null}", column.kind.sql().to_lowercase())
                };
                let breaks = after.kind != before.kind || before.nullable && !after.nullable;
                let detail = format!("{} → {}", shown(before), shown(after));
                push(&before.name, "changed", detail, breaks);
            }
        }
    }
    for after in &new.columns {
        if old.columns.iter().all(|column| column.name != after.name) {
            // Rows that are there already need something to stand in it.
            let fillable = after.nullable || after.default.is_some();
            push(
                &after.name,
                "added",
                after.kind.sql().to_lowercase(),
                !fillable,
            );
        }
    }
    for index in &old.indexes {
        if !new.indexes.contains(index) {
            push(&index.name, "removed", "index".to_owned(), false);
        }
    }
    for index in &new.indexes {
        if !old.indexes.contains(index) {
            let word = if index.unique {
                "unique index"
            } else {
                "index"
            };
            push(&index.name, "added", word.to_owned(), index.unique);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    /// What changes between two schemas: `place what breaking`.
    fn check(old: Json, new: Json, expected: &[&str]) {
        let payload = |schema: Json| PayloadType {
            name: "a.B".into(),
            description: String::new(),
            schema: schema.to_string(),
        };
        let (old, new) = (payload(old), payload(new));
        let mut found = Vec::new();
        let (old, new) = (
            BTreeMap::from([("a.B", &old)]),
            BTreeMap::from([("a.B", &new)]),
        );
        payloads("event", &old, &new, &mut found);
        let found: Vec<_> = found
            .iter()
            .map(|it| format!("{} {} {}", it.place, it.what, it.breaking.as_str()))
            .collect();
        assert_eq!(found, expected);
    }

    #[test]
    fn each_change_of_a_schema_is_told_with_whether_it_breaks() {
        let open = |properties: Json| json!({"type": "object", "properties": properties});
        let n = json!({"type": "integer"});
        check(open(json!({"n": n})), open(json!({"n": n})), &[]);
        check(
            open(json!({"n": n})),
            json!({"type": "object", "properties": {"n": n}, "required": ["n"]}),
            &["/required added breaking"],
        );
        check(
            open(json!({"n": n})),
            open(json!({"n": {"type": "number"}})),
            &["/properties/n/type changed no"],
        );
        check(
            open(json!({"n": {"type": "number"}})),
            open(json!({"n": n})),
            &["/properties/n/type changed breaking"],
        );
        check(
            open(json!({"n": {"type": "integer", "maximum": 5}})),
            open(json!({"n": {"type": "integer", "maximum": 4, "description": "less"}})),
            &["/properties/n/maximum changed breaking"],
        );
        check(
            open(json!({"k": {"enum": ["a", "b"]}})),
            open(json!({"k": {"enum": ["a", "b", "c"]}})),
            &["/properties/k/enum changed no"],
        );
        check(
            json!({"type": "object", "properties": {"n": n}, "additionalProperties": false}),
            json!({"type": "object", "properties": {"n": n, "m": n}, "additionalProperties": false}),
            &["/properties/m added no"],
        );
        check(
            json!({"type": "object", "properties": {"n": n, "m": n}, "additionalProperties": false}),
            json!({"type": "object", "properties": {"n": n}, "additionalProperties": false}),
            &["/properties/m removed breaking"],
        );
        check(
            json!({"type": "object", "pattern": "a"}),
            json!({"type": "object", "pattern": "b"}),
            &["/pattern changed maybe"],
        );
    }
}
