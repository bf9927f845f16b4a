//! What a redaction erases: one event, or all that are about somebody; and what stands in the place of each payload.

use std::collections::BTreeMap;

use serde_json::Value as Json;

use super::redact::RedactRequest;
use crate::book::Book;
use crate::history::PayloadHistory;
use crate::model::error::Problem;
use crate::model::{Error, Event, Result, Seq, limits};

/// All events about somebody, to be erased in one act.
#[derive(Debug, Clone, Default)]
pub struct RedactAllRequest {
    /// Events about one of these subjects,
    pub subjects: Vec<String>,
    /// and those whose payload has one of these values in a field (`patient`, `address.city`; in lists, in any item).
    pub fields: Vec<(String, String)>,
    pub reason: String,
    /// JSON text: what stands in the place of payloads, by event type. In it `"$name"` is the event's own field. Types that it
    /// does not name have nothing in their place.
    pub replacements: Option<String>,
    pub actor: Option<String>,
}

impl Book {
    /// The events that a request is about, each with what stands in its place; in the order of the log.
    pub(super) fn about_all(&mut self, request: &RedactAllRequest) -> Result<Vec<RedactRequest>> {
        self.check_current()?;
        if request.subjects.is_empty() && request.fields.is_empty() {
            return Err(
                Error::usage("no subject and no field says what is to be erased")
                    .hint("name a subject, or a field and its value"),
            );
        }
        let templates = Templates::parse(request.replacements.as_deref())?;
        let past = PayloadHistory::read(&self.history.log)?;
        let undone = self.undone_with_rows()?;
        let mut found = Vec::new();
        let events = self.history.log.events(Seq(1)..=self.head());
        // Subjects have an index; a value in a payload is found by looking at every one.
        let events = match request.fields.is_empty() {
            true => events.only(&[], &request.subjects),
            false => events,
        };
        for piece in events {
            for event in piece? {
                if event.is_system() || !request.names(&event, &past) {
                    continue;
                }
                // What was erased already has nothing left to erase.
                if event.is_withheld() && past.amended(event.seq).is_none() {
                    continue;
                }
                if found.len() == limits::REDACTED_AT_ONCE_MAX {
                    return Err(Error::refused(format!(
                        "more than {} events are named",
                        limits::REDACTED_AT_ONCE_MAX
                    ))
                    .hint("name fewer subjects, or fields that fewer events have"));
                }
                // An event that was undone stays without effects: a replacement would come to life again.
                let replacement = match undone.contains_key(&event.seq) {
                    false => templates.fill(&event)?,
                    true => None,
                };
                found.push(RedactRequest {
                    seq: event.seq,
                    reason: request.reason.clone(),
                    replacement,
                    actor: request.actor.clone(),
                });
            }
        }
        templates.check_used()?;
        match found.is_empty() {
            false => Ok(found),
            true => {
                Err(Error::refused("no event with a payload is about it").problem(Problem::Unknown))
            }
        }
    }
}

impl RedactAllRequest {
    /// True of an event that is to be erased. What it was before an amendment is of it too.
    fn names(&self, event: &Event, past: &PayloadHistory) -> bool {
        let is_about = { event.subject.as_ref() }.is_some_and(|it| self.subjects.contains(it));
        is_about || {
            let amended = { past.amendments.iter() }.filter(|it| it.event == event.seq);
            let mut payloads =
                { amended.filter_map(|it| it.replaced.as_deref()) }.chain([event.data.as_str()]);
            !self.fields.is_empty() && payloads.any(|data| self.matches(data))
        }
    }

    fn matches(&self, data: &str) -> bool {
        let Ok(data) = serde_json::from_str::<Json>(data) else {
            return false;
        };
        { self.fields.iter() }.any(|(path, value)| {
            let path: Vec<&str> = path.split('.').collect();
            has(&data, &path, value)
        })
    }
}

/// True where a value stands at a path, as text or as JSON writes it.
fn has(data: &Json, path: &[&str], value: &str) -> bool {
    match (data, path) {
        (Json::Array(items), _) => items.iter().any(|item| has(item, path, value)),
        (Json::Object(members), [name, rest @ ..]) => members
            .get(*name)
            .is_some_and(|member| has(member, rest, value)),
        (Json::String(text), []) => text == value,
        (Json::Object(_) | Json::Null, []) => false,
        (Json::Bool(is), []) => (if *is { "true" } else { "false" }) == value,
        (Json::Number(number), []) => number.to_string().as_str() == value,
        _ => false,
    }
}

/// What stands in the place of payloads, by event type.
struct Templates {
    by_type: BTreeMap<String, Json>,
    used: std::cell::RefCell<Vec<String>>,
}

impl Templates {
    fn parse(text: Option<&str>) -> Result<Templates> {
        let by_type: BTreeMap<String, Json> = match text {
            None => BTreeMap::new(),
            Some(text) => serde_json::from_str(text).map_err(|error| {
                Error::usage(format!("what stands in the place of payloads is no object: {error}"))
                    .hint(r#"by event type: {"clinic.Admitted": {"patient": "$patient", "name": "erased"}}"#)
            })?,
        };
        Ok(Templates {
            by_type,
            used: Default::default(),
        })
    }

    fn fill(&self, event: &Event) -> Result<Option<String>> {
        let name = event.event_type.as_str();
        let Some(template) = self.by_type.get(name) else {
            return Ok(None);
        };
        let mut used = self.used.borrow_mut();
        if !used.iter().any(|it| it == name) {
            used.push(name.to_owned());
        }
        let data: Json = serde_json::from_str(&event.data).unwrap_or(Json::Null);
        let filled = filled(template, &data).map_err(|field| {
            Error::refused(format!(
                "what stands in the place of {name} takes field '{}', which event {} has not",
                field.escape_debug(),
                event.seq
            ))
        })?;
        Ok(Some(filled.to_string()))
    }

    /// Refuses a type of which nothing is erased: it is misspelt sooner than meant.
    fn check_used(&self) -> Result<()> {
        let used = self.used.borrow();
        match self.by_type.keys().find(|name| !used.contains(name)) {
            None => Ok(()),
            Some(name) => Err(Error::usage(format!(
                "something is to stand in the place of '{}', and no event of that type is erased",
                name.escape_debug()
            ))),
        }
    }
}

/// A template with an event's own fields in the place of `"$name"`; `"$$"` at the front is a dollar. The error is the field
/// that there is not.
fn filled(template: &Json, data: &Json) -> Result<Json, String> {
    Ok(match template {
        Json::String(text) => match text.strip_prefix('$') {
            None => template.clone(),
            Some(rest) if rest.starts_with('$') => Json::String(rest.to_owned()),
            Some(name) => data.get(name).cloned().ok_or_else(|| name.to_owned())?,
        },
        Json::Array(items) => {
            let items = items.iter().map(|item| filled(item, data));
            Json::Array(items.collect::<Result<_, _>>()?)
        }
        Json::Object(members) => {
            let members = members
                .iter()
                .map(|(name, it)| Ok((name.clone(), filled(it, data)?)));
            Json::Object(members.collect::<Result<_, String>>()?)
        }
        other => other.clone(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_value_is_found_where_its_path_leads_and_nowhere_else() {
        let data = json!({"patient": "eva", "n": 17, "legs": [{"who": "bob"}, {"who": "eva"}], "on": true});
        for (path, value, is_there) in [
            ("patient", "eva", true),
            ("patient", "ev", false),
            ("n", "17", true),
            ("on", "true", true),
            ("legs.who", "eva", true),
            ("legs.who", "cid", false),
            ("legs", "eva", false),
            ("nobody", "eva", false),
            ("patient.name", "eva", false),
        ] {
            let path: Vec<&str> = path.split('.').collect();
            assert_eq!(has(&data, &path, value), is_there, "{path:?} {value}");
        }
    }

    #[test]
    fn a_template_takes_the_events_own_fields_with_their_kinds() {
        let data = json!({"patient": "eva", "grams": 60_000, "more": {"a": [1]}});
        let of = |template: Json| filled(&template, &data);
        assert_eq!(
            of(
                json!({"patient": "$patient", "name": "erased", "grams": "$grams", "l": ["$more", "$$5"]})
            ),
            Ok(
                json!({"patient": "eva", "name": "erased", "grams": 60_000, "l": [{"a": [1]}, "$5"]})
            )
        );
        assert_eq!(of(json!({"a": "$nothing"})), Err("nothing".to_owned()));
    }
}
