//! Runs the `find` or the `get` that a payload describes and keeps what came back.
//!
//! - `findall.Put {table, row}` upserts a row, `findall.Removed {table, key}` deletes one;
//! - `findall.Happened {table, index, prefix, lower, upper, descending, limit}`, all but the table optional, with bounds
//!   as `{values, inclusive}`, finds; with `{table, key}` it gets. The rows go to `answer(id, text)` under the event's seq;
//! - `findall.Do` takes the same payload and puts the rows into the event `findall.Answered {text}`.
//!
//! Tables: `thing` with the indexes `by_n(n)` and `by_text_n(text, n)`, and `pair(a, b, c)` with the key (a, b).

#![cfg(target_arch = "wasm32")]

use daybook_guests::{
    json::{Json, quote},
    plugin::*,
};

fn index(name: &str, columns: &[&str]) -> Index {
    Index {
        name: name.into(),
        columns: columns.iter().map(|&column| column.into()).collect(),
        unique: false,
    }
}

fn tables() -> Vec<Table> {
    let thing = Table {
        indexes: vec![index("by_n", &["n"]), index("by_text_n", &["text", "n"])],
        ..thing()
    };
    let pair = Table {
        name: "pair".into(),
        columns: vec![
            column("a", ColumnKind::Text),
            column("b", ColumnKind::Integer),
            column("c", ColumnKind::Real),
        ],
        primary_key: vec!["a".into(), "b".into()],
        indexes: vec![],
    };
    let answer = Table {
        name: "answer".into(),
        columns: vec![
            column("id", ColumnKind::Integer),
            column("text", ColumnKind::Text),
        ],
        primary_key: vec!["id".into()],
        indexes: vec![],
    };
    vec![thing, pair, answer]
}

fn values(json: &Json) -> Vec<Value> {
    json.items().iter().map(value).collect()
}

fn bound(json: &Json) -> Option<Bound> {
    (json != &Json::Null).then(|| Bound {
        values: values(json.get("values")),
        inclusive: json.get("inclusive") == &Json::Boolean(true),
    })
}

fn find(payload: &Json) -> Find {
    Find {
        index: payload.get("index").text().map(str::to_owned),
        prefix: values(payload.get("prefix")),
        lower: bound(payload.get("lower")),
        upper: bound(payload.get("upper")),
        descending: payload.get("descending") == &Json::Boolean(true),
        limit: payload
            .get("limit")
            .integer()
            .map(|limit| limit.try_into().expect("a limit")),
    }
}

/// What came back, as `[[1,2,null],[3,4,"a"]]`.
fn read(
    payload: &Json,
    get: impl Fn(&str, &Key) -> Option<Row>,
    find_rows: impl Fn(&str, &Find) -> Vec<Row>,
) -> String {
    let table = payload.get("table").text().unwrap_or("thing");
    let rows = match payload.get("key") {
        Json::Null => find_rows(table, &find(payload)),
        key => get(table, &values(key)).into_iter().collect(),
    };
    rows_text(&rows)
}

struct FindAll;

impl Plugin for FindAll {
    fn manifest() -> Manifest {
        let names = ["Happened", "Put", "Removed"];
        let mut manifest = plain("findall");
        manifest.tables = tables();
        manifest.events = [&names[..], &["Answered"]]
            .concat()
            .iter()
            .map(|name| event_type("findall", name, "{}"))
            .collect();
        manifest.materializes = names.map(|name| format!("findall.{name}")).into();
        manifest.commands[0].schema = "{}".into();
        manifest
    }

    fn materialize(event: Event, cx: &Materialization) -> Result<(), Failure> {
        let payload = Json::parse(&event.data);
        let table = payload.get("table").text().unwrap_or("thing");
        let outcome = match event.event_type.as_str() {
            "findall.Put" => cx.upsert(table, &values(payload.get("row"))),
            "findall.Removed" => cx.delete(table, &values(payload.get("key"))),
            _ => {
                let text = read(
                    &payload,
                    |table, key| cx.get(table, key),
                    |table, find| cx.find(table, find),
                );
                cx.insert("answer", &[Value::Integer(id(&event)), Value::Text(text)])
            }
        };
        outcome.map_err(|error| Failure {
            code: "not-written".into(),
            message: format!("{error:?}"),
        })
    }

    fn create(command: Command, cx: &Creation) -> Result<Vec<NewEvent>, CreateError> {
        let text = read(
            &Json::parse(&command.data),
            |table, key| cx.get(table, key),
            |table, find| cx.find(table, find),
        );
        Ok(vec![NewEvent {
            event_type: "findall.Answered".into(),
            subject: None,
            data: format!("{{\"text\":{}}}", quote(&text)),
        }])
    }
}

export!(FindAll);
