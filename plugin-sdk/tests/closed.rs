//! What a command's schema says of members that its type does not name.

use daybook_sdk::Plugin;
use daybook_sdk::prelude::*;
use serde_json::{Value as Json, json};

/// Where something is.
#[derive(Payload)]
pub struct Place {
    pub shelf: i64,
}

/// How something is paid.
#[derive(Payload)]
#[serde(tag = "by", rename_all = "snake_case")]
pub enum Payment {
    Cash { amount: i64 },
    Card { number: String },
}

/// Put things away.
#[derive(Command)]
pub struct Put {
    pub places: Vec<Place>,
    pub payment: Payment,
    pub labels: std::collections::BTreeMap<String, Place>,
}

/// Pay, with a note.
#[derive(Command)]
pub struct Pay {
    pub note: String,
    #[serde(flatten)]
    pub payment: Payment,
}

/// Whatever it is.
#[derive(Command)]
#[command(open)]
pub struct Note {
    pub text: String,
}

/// Something happened.
#[derive(Event)]
pub struct Happened {
    pub place: Place,
}

struct Things;

#[plugin(version = "2024-01-01", events = [Happened])]
impl Things {
    #[create]
    fn put(_: &Command<Put>) -> Decision {
        Ok(events![])
    }

    #[create]
    fn pay(_: &Command<Pay>) -> Decision {
        Ok(events![])
    }

    #[create]
    fn note(_: &Command<Note>) -> Decision {
        Ok(events![])
    }
}

fn schema(command: &str) -> Json {
    let manifest = Things::manifest();
    let found = { manifest.commands.iter() }.find(|it| it.name == command);
    serde_json::from_str(&found.unwrap().schema).unwrap()
}

#[test]
fn a_command_has_no_member_that_its_type_does_not_name_at_any_depth() {
    let put = schema("things.Put");
    let closed = Some(&json!(false));
    assert_eq!(put.get("additionalProperties"), closed, "{put:#}");
    assert_eq!(
        put.pointer("/$defs/Place/additionalProperties"),
        closed,
        "{put:#}"
    );
    // What says itself which others there may be.
    let labels = put.pointer("/properties/labels/additionalProperties");
    assert_eq!(labels, Some(&json!({"$ref": "#/$defs/Place"})), "{put:#}");
    for choice in put
        .pointer("/$defs/Payment/oneOf")
        .unwrap()
        .as_array()
        .unwrap()
    {
        assert_eq!(choice.get("additionalProperties"), closed, "{put:#}");
    }
}

#[test]
fn parts_that_describe_one_object_together_are_closed_together() {
    let pay = schema("things.Pay");
    assert_eq!(
        pay.get("unevaluatedProperties"),
        Some(&json!(false)),
        "{pay:#}"
    );
    assert_eq!(pay.get("additionalProperties"), None, "{pay:#}");
    for choice in pay["oneOf"].as_array().unwrap() {
        assert_eq!(choice.get("additionalProperties"), None, "{pay:#}");
    }
}

#[test]
fn an_author_may_let_other_members_through_and_events_have_them_anyway() {
    assert_eq!(schema("things.Note").get("additionalProperties"), None);
    let event = Things::manifest().events[0].schema.clone();
    assert!(!event.contains("false"), "{event}");
}
