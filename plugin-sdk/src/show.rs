//! Values and rows as people read them, in failures and test messages: close to JSON.

use std::fmt::Write as _;

use crate::contract::types::Value;

/// One value: `17`, `"text"`, `null`, `x'0a1b'`.
pub(crate) fn value(value: &Value) -> String {
    match value {
        Value::Null => "null".to_owned(),
        Value::Integer(number) => number.to_string(),
        Value::Real(number) => format!("{number:?}"),
        Value::Text(text) => crate::payload::encode(text),
        Value::Blob(bytes) => {
            let mut text = "x'".to_owned();
            for byte in bytes {
                let _ = write!(text, "{byte:02x}");
            }
            text.push('\'');
            text
        }
    }
}

/// A key: `17`, or `(17, "a")` where it has several columns.
pub(crate) fn key<'a>(values: impl ExactSizeIterator<Item = &'a Value>) -> String {
    let several = values.len() != 1;
    let shown = values.map(value).collect::<Vec<_>>().join(", ");
    if several { format!("({shown})") } else { shown }
}
