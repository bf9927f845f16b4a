//! The JSON Schemas of all messages, by name: the components of the OpenAPI document.

use schemars::generate::SchemaSettings;
use schemars::{JsonSchema, SchemaGenerator};
use serde_json::{Map, Value as Json};

use super::*;

/// Where components of an OpenAPI document stand.
const PLACE: &str = "/components/schemas";

/// A type's name, with its schema in a generator.
type Add = fn(&mut SchemaGenerator) -> String;

fn add<T: JsonSchema>(generator: &mut SchemaGenerator) -> String {
    generator.subschema_for::<T>();
    T::schema_name().into_owned()
}

/// Every message, a request or a reply. What they consist of comes along.
const MESSAGES: &[Add] = &[
    add::<Absent>,
    add::<ActivateRequest>,
    add::<Activated>,
    add::<AmendReply>,
    add::<AmendRequest>,
    add::<AnsweredCommand<'_>>,
    add::<Appended<'_>>,
    add::<AppendedFile>,
    add::<BisectRequest>,
    add::<Bisected<'_>>,
    add::<Certified>,
    add::<Changelog>,
    add::<CommandReply<'_>>,
    add::<CommandSchedule>,
    add::<CommandSchedules>,
    add::<Commands>,
    add::<CommandsDiff>,
    add::<CopyRequest>,
    add::<DiffRequest>,
    add::<Differs>,
    add::<Dooms>,
    add::<DoomsRequest>,
    add::<DroppedShadow>,
    add::<EditTask>,
    add::<Events<'_>>,
    add::<ExpectedRow>,
    add::<Exported>,
    add::<FollowedEvent<'_>>,
    add::<FollowedStep>,
    add::<GatewayKind>,
    add::<GatewayKinds>,
    add::<HandlerLog>,
    add::<HandlerLogLine>,
    add::<HistoryHashes>,
    add::<Index>,
    add::<Inspected>,
    add::<KindConfig>,
    add::<ListedEvents<'_>>,
    add::<LateTasks>,
    add::<LateTasksRequest>,
    add::<Loaded>,
    add::<Misfit>,
    add::<LogHead>,
    add::<Moved>,
    add::<Problem>,
    add::<PromoteRequest>,
    add::<Promoted>,
    add::<QueryReply>,
    add::<QueryRequest>,
    add::<Reason>,
    add::<ReconcileRequest>,
    add::<Reconciled>,
    add::<RecordedEvent<'_>>,
    add::<RedactReply>,
    add::<RedactAllRequest>,
    add::<RedactRequest>,
    add::<Rejected>,
    add::<RemedyReply>,
    add::<RemedyRequest>,
    add::<ReplayRequest>,
    add::<Replayed>,
    add::<RetireRequest>,
    add::<Retired>,
    add::<SameHistories>,
    add::<ShadowRequest>,
    add::<Sides>,
    add::<Snapshot>,
    add::<Snapshots>,
    add::<Stale>,
    add::<Subject<'_>>,
    add::<TablePage>,
    add::<TableRow>,
    add::<Tables>,
    add::<Task>,
    add::<TaskReason>,
    add::<Tasks>,
    add::<Token>,
    add::<Track>,
    add::<Tracks>,
    add::<UndoRequest>,
    add::<Undone<'_>>,
    add::<UnsetKind>,
    add::<Verified>,
    add::<Versions>,
    add::<WhyNot>,
];

/// The schema of every message and of what it consists of, by name, as components of an OpenAPI document.
pub fn schemas() -> Map<String, Json> {
    let settings = SchemaSettings::draft2020_12().with(|settings| {
        settings.definitions_path = PLACE.into();
        settings.meta_schema = None;
    });
    let mut generator = settings.into_generator();
    for message in MESSAGES {
        message(&mut generator);
    }
    generator.take_definitions(true)
}

/// What a request is to look like, for the message to somebody who sent something else: `{"version": …, "policy": …}`.
pub fn shape<T: JsonSchema>() -> String {
    let schema = SchemaGenerator::default().into_root_schema_for::<T>();
    let required = schema.get("required").and_then(Json::as_array);
    let is_required = |name: &String| {
        let mut required = required.into_iter().flatten();
        required.any(|known| known.as_str() == Some(name))
    };
    let members = schema.get("properties").and_then(Json::as_object);
    let members = members.into_iter().flatten().map(|(name, _)| {
        let mark = if is_required(name) { "" } else { "?" };
        format!("\"{name}\"{mark}: …")
    });
    format!("{{{}}}", members.collect::<Vec<_>>().join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_message_has_a_schema_of_its_own_name_that_says_something() {
        let all = schemas();
        let mut generator = SchemaGenerator::default();
        let mut names: Vec<String> = { MESSAGES.iter() }
            .map(|message| message(&mut generator))
            .collect();
        names.sort();
        let count = names.len();
        names.dedup();
        assert_eq!(names.len(), count, "two messages share a name");
        for name in names {
            let schema = &all[&name];
            let says = ["properties", "anyOf", "oneOf"]
                .iter()
                .any(|member| schema.get(*member).is_some());
            assert!(says, "{name}: {schema}");
        }
    }

    #[test]
    fn a_shape_names_the_members_and_which_may_be_left_out() {
        assert_eq!(shape::<ActivateRequest>(), r#"{"policy": …}"#);
        assert_eq!(shape::<Reason>(), r#"{"reason"?: …}"#);
    }
}
