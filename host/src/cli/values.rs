//! Values of rows as text, as JSON and as tab-separated cells.

use serde_json::json;

use super::table::clean;
use crate::model::value::hex;
use crate::model::{QueryColumn, Value};
use crate::wire::json_of;

/// A row as the text of a JSON object, in the order of its columns; two columns may have the same name.
pub fn json_line(columns: &[QueryColumn], row: &[Value]) -> String {
    let members = columns
        .iter()
        .zip(row)
        .map(|(column, value)| format!("{}:{}", json!(column.name), json_of(value)));
    format!("{{{}}}", members.collect::<Vec<_>>().join(","))
}

/// A value as a cell of a table.
pub fn plain(value: &Value) -> String {
    match value {
        Value::Null => "NULL".to_owned(),
        Value::Text(text) => clean(text),
        other => other.to_string(),
    }
}

/// A value as PostgreSQL's COPY writes it: `\N` for null, tabs and line ends escaped.
pub fn tab_separated(value: &Value) -> String {
    match value {
        Value::Null => "\\N".to_owned(),
        Value::Text(text) => text
            .replace('\\', "\\\\")
            .replace('\t', "\\t")
            .replace('\n', "\\n")
            .replace('\r', "\\r"),
        Value::Blob(bytes) => format!("\\\\x{}", hex(bytes)),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_kind_of_value_has_one_form_in_each_format() {
        let cases = [
            (Value::Null, "NULL", "\\N", "null"),
            (Value::Integer(-3), "-3", "-3", "-3"),
            (Value::Real(2.0), "2.0", "2.0", "2.0"),
            (
                Value::Text("a\tb\\".into()),
                "a\\tb\\",
                "a\\tb\\\\",
                r#""a\tb\\""#,
            ),
            (
                Value::Blob(vec![1, 255]),
                "x'01ff'",
                "\\\\x01ff",
                r#"{"blob":"01ff"}"#,
            ),
        ];
        for (value, text, tabs, json) in cases {
            assert_eq!(plain(&value), text);
            assert_eq!(tab_separated(&value), tabs);
            assert_eq!(json_of(&value).to_string(), json);
        }
    }
}
