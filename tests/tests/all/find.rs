//! `find` and `get` answer as SQL with the same conditions and an ORDER BY would.

use daybook::model::Value;
use daybook_tests::{Random, TestBook, accepted, event};
use serde_json::{Value as Json, json};

/// A table with one of its orders: the columns of the key or index, and what SQL appends to make the order total.
struct Order {
    table: &'static str,
    index: Option<&'static str>,
    columns: &'static [&'static str],
    then: &'static [&'static str],
}

const ORDERS: &[Order] = &[
    Order {
        table: "thing",
        index: None,
        columns: &["id"],
        then: &[],
    },
    Order {
        table: "thing",
        index: Some("by_n"),
        columns: &["n"],
        then: &["id"],
    },
    Order {
        table: "thing",
        index: Some("by_text_n"),
        columns: &["text", "n"],
        then: &["id"],
    },
    Order {
        table: "pair",
        index: None,
        columns: &["a", "b"],
        then: &[],
    },
];

/// A value for a column, from few, so that equal ones and hits are common.
fn value(column: &str, random: &mut Random) -> Json {
    match column {
        "text" | "a" => json!(*random.pick(&["", "a", "aa", "b", "ä"])),
        _ => json!(random.between(-3, 12)),
    }
}

fn sql_value(value: &Json) -> String {
    value
        .as_str()
        .map_or_else(|| value.to_string(), |text| format!("'{text}'"))
}

fn tuple(columns: &[&str], values: &[Json], comparison: &str) -> String {
    let values: Vec<_> = values.iter().map(sql_value).collect();
    format!(
        "({}) {comparison} ({})",
        columns[..values.len()].join(", "),
        values.join(", ")
    )
}

/// A random find as the guest's payload, and the same question in SQL.
fn question(order: &Order, random: &mut Random) -> (Json, String) {
    let mut payload = json!({"table": order.table});
    let mut conditions = vec!["true".to_owned()];
    if let Some(index) = order.index {
        payload["index"] = json!(index);
    }
    let width = random.below(order.columns.len() as u64 + 1) as usize;
    let prefix: Vec<Json> = order.columns[..width]
        .iter()
        .map(|column| value(column, random))
        .collect();
    conditions.extend(
        order
            .columns
            .iter()
            .zip(&prefix)
            .map(|(column, value)| format!("{column} = {}", sql_value(value))),
    );
    payload["prefix"] = json!(prefix);
    let rest = &order.columns[width..];
    for (name, comparison) in [("lower", ">"), ("upper", "<")] {
        if rest.is_empty() || random.below(2) == 0 {
            continue;
        }
        let width = 1 + random.below(rest.len() as u64) as usize;
        let values: Vec<Json> = rest[..width]
            .iter()
            .map(|column| value(column, random))
            .collect();
        let inclusive = random.below(2) == 0;
        payload[name] = json!({"values": values, "inclusive": inclusive});
        conditions.push(tuple(
            rest,
            &values,
            &format!("{comparison}{}", if inclusive { "=" } else { "" }),
        ));
    }
    let descending = random.below(2) == 0;
    payload["descending"] = json!(descending);
    let direction = if descending { "DESC" } else { "ASC" };
    let by: Vec<_> = order
        .columns
        .iter()
        .chain(order.then)
        .map(|column| format!("{column} {direction}"))
        .collect();
    let mut sql = format!(
        "SELECT * FROM findall_{} WHERE {} ORDER BY {}",
        order.table,
        conditions.join(" AND "),
        by.join(", ")
    );
    if random.below(2) == 0 {
        let limit = random.below(5);
        payload["limit"] = json!(limit);
        sql.push_str(&format!(" LIMIT {limit}"));
    }
    (payload, sql)
}

/// Rows as the guest writes them: `[[1,2,null],[3,4,"a"]]`.
fn text(rows: &[Vec<Value>]) -> Json {
    let cell = |value: &Value| match value {
        Value::Null => Json::Null,
        Value::Integer(number) => json!(number),
        Value::Real(number) => json!(number),
        Value::Text(text) => json!(text),
        Value::Blob(_) => panic!("the guest has no blobs"),
    };
    rows.iter()
        .map(|row| row.iter().map(cell).collect::<Json>())
        .collect()
}

#[test]
fn a_find_answers_as_sql_would_in_materializers_and_creators() {
    let mut random = Random::announced("find");
    let mut book = TestBook::with_guests(&["find-all"]);
    let mut rows = Vec::new();
    for id in 0..12 {
        let label = if id % 4 == 0 {
            Json::Null
        } else {
            value("text", &mut random)
        };
        rows.push(event(
            "findall.Put",
            json!({"table": "thing", "row": [id, value("n", &mut random), label]}),
        ));
        let row = json!([
            value("a", &mut random),
            value("b", &mut random),
            id as f64 + 0.5
        ]);
        rows.push(event("findall.Put", json!({"table": "pair", "row": row})));
    }
    book.append(rows).unwrap();
    book.append_one(event(
        "findall.Removed",
        json!({"table": "thing", "key": [3]}),
    ))
    .unwrap();
    let mut found = 0;
    for _ in 0..150 {
        let (payload, sql) = question(random.pick(ORDERS), &mut random);
        let expected = text(&book.rows(&sql));
        let reply = accepted(book.command("findall.Do", payload.clone(), true).unwrap());
        let answered: Json = serde_json::from_str(&reply[0].event.data).unwrap();
        let answer = |text: &str| serde_json::from_str::<Json>(text).unwrap();
        assert_eq!(
            answer(answered["text"].as_str().unwrap()),
            expected,
            "{payload}\n{sql}"
        );
        let seq = book
            .append_one(event("findall.Happened", payload.clone()))
            .unwrap()
            .seq;
        let kept = book.texts(&format!("SELECT text FROM findall_answer WHERE id = {seq}"));
        assert_eq!(answer(&kept[0]), expected, "{payload}\n{sql}");
        found += expected.as_array().unwrap().len();
    }
    assert!(found > 100, "hardly anything was found");
    book.assert_verified();
}
