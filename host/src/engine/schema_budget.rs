//! What the JSON Schemas of one version may take: nodes once references are followed, and patterns once they are compiled.

use std::collections::{BTreeSet, HashMap};

use jsonschema::PatternOptions;
use serde_json::{Value as Json, json};

use crate::model::Error;
use crate::model::{Result, limits};

/// What is left for the schemas of a version.
#[derive(Debug)]
pub struct SchemaBudget {
    nodes: u64,
    patterns: usize,
    pattern_bytes: usize,
}

impl Default for SchemaBudget {
    fn default() -> Self {
        SchemaBudget {
            nodes: limits::SCHEMA_NODES_MAX,
            patterns: limits::SCHEMA_PATTERNS_MAX,
            pattern_bytes: limits::SCHEMA_PATTERN_BYTES_MAX,
        }
    }
}

/// Compiled bytes that a pattern is tried with, one after the other: it counts for the first that is enough.
const PATTERN_SIZES: [usize; 3] = [32 << 10, 256 << 10, 1 << 20];

/// Bytes that a thread may keep for going through a text with one pattern.
const PATTERN_CACHE_BYTES: usize = 256 << 10;

/// How patterns are compiled: in linear time, and not beyond this size.
pub fn pattern_options(bytes: usize) -> PatternOptions<jsonschema::Regex> {
    PatternOptions::regex()
        .size_limit(bytes)
        .dfa_size_limit(PATTERN_CACHE_BYTES)
}

/// The size of the largest pattern that is compiled.
pub const PATTERN_BYTES_MAX: usize = PATTERN_SIZES[PATTERN_SIZES.len() - 1];

impl SchemaBudget {
    /// Takes off what a schema needs; refused where that is not left.
    pub fn spend(&mut self, schema: &Json) -> Result<()> {
        let mut walk = Walk {
            root: schema,
            known: HashMap::new(),
            patterns: BTreeSet::new(),
        };
        let nodes = walk.count(schema);
        self.nodes = self.nodes.checked_sub(nodes).ok_or_else(|| {
            Error::refused(format!(
                "has {nodes} nodes once its references are followed; the schemas of a version may have {} together",
                limits::SCHEMA_NODES_MAX
            ))
        })?;
        for pattern in walk.patterns {
            self.spend_pattern(pattern)?;
        }
        Ok(())
    }

    fn spend_pattern(&mut self, pattern: &str) -> Result<()> {
        self.patterns = self.patterns.checked_sub(1).ok_or_else(|| {
            let most = limits::SCHEMA_PATTERNS_MAX;
            Error::refused(format!(
                "has more patterns than the {most} that a version may have"
            ))
        })?;
        let fits = |bytes: &&usize| {
            let options = jsonschema::options().with_pattern_options(pattern_options(**bytes));
            options.build(&json!({"pattern": pattern})).is_ok()
        };
        // What fits no size may be no pattern at all; then it is said where the schema is compiled.
        let bytes = PATTERN_SIZES.iter().find(fits).copied();
        let bytes = bytes.unwrap_or(PATTERN_BYTES_MAX);
        self.pattern_bytes = self.pattern_bytes.checked_sub(bytes).ok_or_else(|| {
            let most = limits::SCHEMA_PATTERN_BYTES_MAX;
            Error::refused(format!(
                "has patterns that take more than {most} bytes when they are compiled, with those of the version's other types"
            ))
        })?;
        Ok(())
    }
}

/// Through a schema and what it refers to.
struct Walk<'a> {
    root: &'a Json,
    /// What each place that is referred to came to; none while it is counted: a reference to itself is one node.
    known: HashMap<&'a str, Option<u64>>,
    patterns: BTreeSet<&'a str>,
}

impl<'a> Walk<'a> {
    fn count(&mut self, node: &'a Json) -> u64 {
        match node {
            Json::Array(items) => items
                .iter()
                .fold(1, |sum: u64, item| sum.saturating_add(self.count(item))),
            Json::Object(members) => {
                let mut sum: u64 = 1;
                for (name, value) in members {
                    let more = match (name.as_str(), value) {
                        ("$ref" | "$dynamicRef" | "$recursiveRef", Json::String(place)) => {
                            self.follow(place)
                        }
                        ("pattern", Json::String(pattern)) => {
                            self.patterns.insert(pattern);
                            1
                        }
                        ("patternProperties", Json::Object(patterns)) => {
                            self.patterns.extend(patterns.keys().map(String::as_str));
                            self.count(value)
                        }
                        _ => self.count(value),
                    };
                    sum = sum.saturating_add(more);
                }
                sum
            }
            _ => 1,
        }
    }

    /// References into the document itself; others are not expanded.
    fn follow(&mut self, place: &'a str) -> u64 {
        if let Some(known) = self.known.get(place) {
            return known.unwrap_or(1);
        }
        let target = { place.strip_prefix('#') }.and_then(|pointer| self.root.pointer(pointer));
        let Some(target) = target else {
            return 1;
        };
        self.known.insert(place, None);
        let count = self.count(target);
        self.known.insert(place, Some(count));
        count
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::schemas::PayloadSchema;
    use crate::model::clock::Stopwatch;

    fn made(schema: &Json) -> Result<PayloadSchema> {
        PayloadSchema::new("a.B", &schema.to_string(), &mut SchemaBudget::default())
    }

    /// The fault of a schema, in the time that it may take.
    #[track_caller]
    fn refused(schema: &Json, says: &str) {
        let clock = Stopwatch::start();
        let error = made(schema).unwrap_err();
        assert!(error.message.contains(says), "{error}");
        assert!(clock.seconds() < 10.0, "{} s", clock.seconds());
    }

    #[test]
    fn references_are_counted_after_they_are_followed() {
        let doubling = |depth: usize| {
            let mut places = serde_json::Map::new();
            for at in 0..depth {
                let below = json!({"$ref": format!("#/$defs/a{}", at + 1)});
                places.insert(format!("a{at}"), json!({"allOf": [below.clone(), below]}));
            }
            places.insert(format!("a{depth}"), json!({"type": "object"}));
            json!({"$ref": "#/$defs/a0", "$defs": places})
        };
        made(&doubling(8)).unwrap();
        refused(&doubling(40), "nodes once its references are followed");
        refused(&doubling(400), "nodes once its references are followed");
        let tree = json!({
            "type": "object", "properties": {"below": {"type": "array", "items": {"$ref": "#"}}, "n": {"type": "integer"}}
        });
        let schema = made(&tree).unwrap();
        schema
            .check(r#"{"n": 1, "below": [{"n": 2}, {"below": []}]}"#)
            .unwrap();
        let error = schema
            .check(r#"{"below": [{"n": 2}, {"n": "x"}]}"#)
            .unwrap_err();
        assert!(error.message.contains("'/below/1/n'"), "{error}");
    }

    #[test]
    fn patterns_are_counted_by_what_they_come_to() {
        let patterns = |count: usize, pattern: &str| {
            let members = (0..count).map(|at| {
                (
                    format!("p{at}"),
                    json!({"pattern": format!("{pattern}{at}$")}),
                )
            });
            json!({"type": "object", "properties": members.collect::<serde_json::Map<_, _>>()})
        };
        made(&patterns(60, "^[A-Z]{3}-[0-9]+")).unwrap();
        made(&patterns(2, r"^[\p{L} ]{1,20}")).unwrap();
        refused(&patterns(400, r"^([\p{L}\p{N}]{1,100})"), "patterns");
        refused(&patterns(400, "^a"), "more patterns than");
        refused(&json!({"pattern": r"^(\p{L}{1,1000}){1,1000}$"}), "");
        let mut names = patterns(20, r"^([\p{L}\p{N}]{1,100})")["properties"].take();
        let names: serde_json::Map<_, _> = names
            .as_object_mut()
            .unwrap()
            .values()
            .map(|schema| (schema["pattern"].as_str().unwrap().to_owned(), json!(true)))
            .collect();
        refused(&json!({"patternProperties": names}), "patterns");
    }

    #[test]
    fn the_schemas_of_one_version_share_a_budget() {
        let wide: serde_json::Map<_, _> =
            (0..9_000).map(|at| (format!("p{at}"), json!({}))).collect();
        let wide = json!({"properties": wide}).to_string();
        let mut budget = SchemaBudget::default();
        let made = (0..100).take_while(|_| PayloadSchema::new("a.B", &wide, &mut budget).is_ok());
        assert!((1..20).contains(&made.count()));
    }

    #[test]
    fn a_recursive_choice_over_a_deep_payload_ends_after_counted_steps() {
        let schema = json!({"$ref": "#/$defs/t", "$defs": {"t": {"anyOf": [
            {"type": "object", "required": ["c"], "properties": {"c": {"$ref": "#/$defs/t"}, "x": {"type": "string"}}},
            {"type": "object", "required": ["c"], "properties": {"c": {"$ref": "#/$defs/t"}, "y": {"type": "string"}}},
            {"const": 1},
        ]}}});
        let schema = made(&schema).unwrap();
        for depth in [1, 16, 20, 60] {
            let payload =
                |end: &str| format!("{}{end}{}", r#"{"c":"#.repeat(depth), "}".repeat(depth));
            schema.check(&payload("1")).unwrap();
            let clock = Stopwatch::start();
            let error = schema.check(&payload("2")).unwrap_err();
            assert!(
                error
                    .message
                    .starts_with("payload of 'a.B' does not fit its schema"),
                "{error}"
            );
            assert!(error.message.len() < 1_000, "{error}");
            assert!(
                clock.seconds() < 5.0,
                "depth {depth}: {} s",
                clock.seconds()
            );
        }
    }

    #[test]
    fn much_work_for_each_of_many_items_ends_too() {
        let mut choices: Vec<_> = (0..9_000)
            .map(|at| json!({"type": "object", "required": [format!("r{at}")]}))
            .collect();
        // Only the last one takes them.
        choices.push(json!({"type": "object"}));
        let schema = made(&json!({"items": {"anyOf": choices}})).unwrap();
        let clock = Stopwatch::start();
        let payload = format!("[{}{{}}]", "{},".repeat(300_000));
        let error = schema.check(&payload).unwrap_err();
        assert!(error.message.contains("steps"), "{error}");
        assert!(clock.seconds() < 10.0, "{} s", clock.seconds());
    }
}
