//! The manifest: what a version says of itself comes from its types and their comments.

use daybook_sdk::Plugin;
use daybook_sdk::prelude::*;
use insta::{assert_debug_snapshot, assert_snapshot};

/// How a transaction came about.
#[derive(Payload)]
#[serde(rename_all = "snake_case")]
pub enum Channel {
    /// At the counter.
    Counter,
    Online,
}

/// A transaction was posted.
///
/// Its amount is signed.
#[derive(Event)]
#[event(name = "TransactionPosted")]
pub struct Posted {
    pub account: i64,
    /// In cents.
    #[serde(rename = "amountCents")]
    pub amount: i64,
    pub date: Date,
    #[serde(default)]
    pub channel: Option<Channel>,
}

/// A rate was fixed elsewhere.
#[derive(Event)]
#[event(type = "rates.Fixed")]
pub struct RateFixed {
    pub currency: String,
}

/// Post a transaction.
#[derive(Command)]
pub struct Post {
    pub account: i64,
}

/// Only emitted.
#[derive(Event)]
pub struct Refused {}

/// Tell the holder.
#[derive(Task)]
pub struct HolderLetter {
    pub account: i64,
}

#[derive(Table)]
#[table(index(by_holder = [holder, opened]), unique(by_iban = [iban]))]
pub struct CurrentAccount {
    #[key]
    pub id: i64,
    pub holder: String,
    pub opened: Date,
    pub iban: Option<String>,
    #[column(default = "CZK")]
    pub currency: String,
    #[column(default = -1)]
    pub limit: i64,
    #[column(default = 0.5)]
    pub share: f64,
}

#[derive(Table)]
#[table(plugin = "rates", name = "rate")]
pub struct Rate {
    #[key]
    pub currency: String,
    pub cents: i64,
}

pub struct MyBank;

/// Accounts
/// and balances.
#[plugin(
    name = "bank",
    version = "1994-01-01",
    extends = "1993-01-01",
    changes = ["Rates are read.", "Letters are sent."],
    tables = [CurrentAccount],
    reads = [Rate],
    events = [Posted, Refused],
    tasks = [HolderLetter],
)]
impl MyBank {
    #[materialize]
    fn posted(_: &Event<Posted>) -> Done {
        Ok(())
    }

    #[materialize]
    fn rate_fixed(_: &Event<RateFixed>) -> Done {
        Ok(())
    }

    #[create]
    fn post(_: &Command<Post>) -> Decision {
        Ok(events![])
    }
}

#[test]
fn names_come_from_the_attribute_and_the_types() {
    let manifest = MyBank::manifest();
    assert_eq!((MyBank::NAME, MyBank::VERSION), ("bank", "1994-01-01"));
    assert_eq!(manifest.extends.as_deref(), Some("1993-01-01"));
    assert_eq!(manifest.description, "Accounts and balances.");
    assert_eq!(manifest.changes, ["Rates are read.", "Letters are sent."]);
    // Listed and handled is declared once; another plugin's event is handled and not declared.
    let events = manifest
        .events
        .iter()
        .map(|event| event.name.as_str())
        .collect::<Vec<_>>();
    assert_eq!(events, ["bank.TransactionPosted", "bank.Refused"]);
    assert_eq!(
        manifest.materializes,
        ["bank.TransactionPosted", "rates.Fixed"]
    );
    assert_eq!(manifest.commands[0].name, "bank.Post");
    assert_eq!(manifest.commands[0].description, "Post a transaction.");
    assert_eq!(
        manifest.events[0].description,
        "A transaction was posted.\nIts amount is signed."
    );
    assert_eq!(manifest.tasks[0].name, "holder_letter");
    assert_eq!(manifest.tasks[0].description, "Tell the holder.");
}

#[test]
fn a_payloads_schema_is_its_shape_in_json() {
    let schema = MyBank::manifest().events[0].schema.clone();
    let schema = serde_json::from_str::<serde_json::Value>(&schema).unwrap();
    assert_snapshot!(serde_json::to_string_pretty(&schema).unwrap(), @r##"
    {
      "$defs": {
        "Channel": {
          "description": "How a transaction came about.",
          "oneOf": [
            {
              "enum": [
                "online"
              ],
              "type": "string"
            },
            {
              "const": "counter",
              "description": "At the counter.",
              "type": "string"
            }
          ]
        }
      },
      "$schema": "https://json-schema.org/draft/2020-12/schema",
      "description": "A transaction was posted.\n\nIts amount is signed.",
      "properties": {
        "account": {
          "format": "int64",
          "type": "integer"
        },
        "amountCents": {
          "description": "In cents.",
          "format": "int64",
          "type": "integer"
        },
        "channel": {
          "anyOf": [
            {
              "$ref": "#/$defs/Channel"
            },
            {
              "type": "null"
            }
          ],
          "default": null
        },
        "date": {
          "format": "date",
          "type": "string"
        }
      },
      "required": [
        "account",
        "amountCents",
        "date"
      ],
      "title": "Posted",
      "type": "object"
    }
    "##);
}

#[test]
fn a_tables_definition_is_its_struct() {
    let manifest = MyBank::manifest();
    assert_debug_snapshot!(manifest.tables[0], @r#"
    Table {
        name: "current_account",
        columns: [
            Column {
                name: "id",
                kind: Integer,
                format: None,
                nullable: false,
                default_value: None,
            },
            Column {
                name: "holder",
                kind: Text,
                format: None,
                nullable: false,
                default_value: None,
            },
            Column {
                name: "opened",
                kind: Text,
                format: Some(
                    "date",
                ),
                nullable: false,
                default_value: None,
            },
            Column {
                name: "iban",
                kind: Text,
                format: None,
                nullable: true,
                default_value: None,
            },
            Column {
                name: "currency",
                kind: Text,
                format: None,
                nullable: false,
                default_value: Some(
                    Text(
                        "CZK",
                    ),
                ),
            },
            Column {
                name: "limit",
                kind: Integer,
                format: None,
                nullable: false,
                default_value: Some(
                    Integer(
                        -1,
                    ),
                ),
            },
            Column {
                name: "share",
                kind: Real,
                format: None,
                nullable: false,
                default_value: Some(
                    Real(
                        0.5,
                    ),
                ),
            },
        ],
        primary_key: [
            "id",
        ],
        indexes: [
            Index {
                name: "by_holder",
                columns: [
                    "holder",
                    "opened",
                ],
                unique: false,
            },
            Index {
                name: "by_iban",
                columns: [
                    "iban",
                ],
                unique: true,
            },
        ],
    }
    "#);
    assert_debug_snapshot!(manifest.reads, @r#"
    [
        ForeignTable {
            plugin: "rates",
            table: "rate",
            columns: [
                "currency",
                "cents",
            ],
        },
    ]
    "#);
}

/// Money came in.
#[derive(Event)]
pub struct Deposited {
    pub account: i64,
}

/// An account is no more.
#[derive(Event)]
pub struct Closed {}

#[derive(Table)]
pub struct Kept {
    #[key]
    pub account: i64,
    #[key]
    pub r#type: String,
}

pub struct Parts;

#[plugin(
    version = "2024-01-01",
    tables = [Kept],
    event_partitions = [Deposited.account, Closed("account/")],
    table_partitions = [Kept.account]
)]
impl Parts {
    #[materialize]
    fn deposited(_: &Event<Deposited>) -> Done {
        Ok(())
    }

    #[materialize]
    fn closed(_: &Event<Closed>) -> Done {
        Ok(())
    }
}

#[test]
fn partitions_are_fields_what_follows_in_subjects_and_columns() {
    assert_debug_snapshot!(Parts::partitions(), @r#"
    Partitioning {
        events: [
            EventPartition {
                event_type: "parts.Deposited",
                source: Field(
                    "account",
                ),
            },
            EventPartition {
                event_type: "parts.Closed",
                source: Subject(
                    "account/",
                ),
            },
        ],
        tables: [
            TablePartition {
                table: "kept",
                column: "account",
            },
        ],
    }
    "#);
}

#[test]
fn a_manifest_crosses_the_contract_as_a_document() {
    let text = daybook_sdk::contract::document::write(&MyBank::manifest(), &MyBank::partitions());
    let document: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert_eq!(document["format"], 1);
    assert_eq!(document["plugin"], MyBank::NAME);
    let columns = &document["tables"][0]["columns"];
    assert_eq!(
        (&columns[2]["format"], &columns[4]["default"]),
        (&"date".into(), &"CZK".into())
    );
    // A schema is part of the document, not a text in it.
    assert!(document["events"][0]["schema"].is_object());
    assert!(document.get("partitions").is_none());
}
