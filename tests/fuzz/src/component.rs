//! Owns the targets that read what a plugin's author hands over: modules, components, manifests, schemas.

use daybook::engine::{PayloadSchema, SchemaBudget};
use daybook::model::Manifest;
use daybook::runtime::encode_component;

/// A module becomes a component or is refused in words, and a component stays what it is.
pub fn encode(bytes: &[u8]) {
    if let Ok(component) = encode_component(bytes) {
        let again = encode_component(&component).expect("a component stays one");
        assert_eq!(again, component);
    }
}

pub fn seeds() -> Vec<Vec<u8>> {
    ["rows-4", "materializer-only"]
        .map(|guest| daybook_tests::guest(guest).to_vec())
        .to_vec()
}

/// A manifest is refused in words, or has layouts for all its tables.
pub fn manifest(bytes: &[u8]) {
    let Ok(manifest) = serde_json::from_slice::<Manifest>(bytes) else {
        return;
    };
    if manifest.check().is_ok() {
        let version = manifest
            .identity()
            .expect("a checked manifest has a version");
        for table in &manifest.tables {
            table
                .layout(&version.plugin)
                .expect("a checked table has a layout");
        }
    }
}

pub fn manifest_seeds() -> Vec<Vec<u8>> {
    let runtime = daybook_tests::runtime();
    [
        "deposit@2020-01-01",
        "bank@1993-01-01",
        "festival@2020-01-01",
    ]
    .map(|version| {
        let bytes = daybook_tests::plugin(version);
        let (code, _) = daybook::versions::inspect(&runtime, bytes).expect("a plugin");
        serde_json::to_vec(&code.manifest).expect("JSON")
    })
    .to_vec()
}

/// A schema, a zero byte, a payload: the schema is refused in words, or the payload is checked within its bounds.
pub fn schema(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else {
        return;
    };
    let (schema, payload) = text.split_once('\0').unwrap_or((text, "{}"));
    if let Ok(schema) = PayloadSchema::new("fuzz.Payload", schema, &mut SchemaBudget::default()) {
        // Fitting or refused in words.
        let _ = schema.check(payload);
    }
}

pub fn schema_seeds() -> Vec<Vec<u8>> {
    let pairs = [
        (
            r#"{"type":"object","properties":{"n":{"type":"integer","minimum":1}},"required":["n"]}"#,
            r#"{"n":1}"#,
        ),
        (
            r##"{"$defs":{"a":{"anyOf":[{"type":"null"},{"$ref":"#/$defs/a"}]}},"properties":{"x":{"$ref":"#/$defs/a"}}}"##,
            r#"{"x":null}"#,
        ),
        (
            r#"{"properties":{"s":{"type":"string","pattern":"^[a-z]{1,5}$","format":"date-time"}},"additionalProperties":false}"#,
            r#"{"s":"abc"}"#,
        ),
        (
            r#"{"items":{"oneOf":[{"const":1},{"enum":["a",2]}]},"uniqueItems":true,"maxItems":3}"#,
            "[1,\"a\"]",
        ),
    ];
    pairs
        .map(|(schema, payload)| format!("{schema}\0{payload}").into_bytes())
        .to_vec()
}
