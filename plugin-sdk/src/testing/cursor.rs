//! Where a search goes on: the values that say where its last row stands, as bytes that mean nothing to anybody else.

use super::state::fault;
use crate::contract::types::Value;

pub(crate) fn write<'a>(values: impl Iterator<Item = &'a Value>) -> Vec<u8> {
    let mut bytes = Vec::new();
    for value in values {
        let (kind, content) = match value {
            Value::Null => (0, Vec::new()),
            Value::Integer(number) => (1, number.to_le_bytes().to_vec()),
            Value::Real(number) => (2, number.to_le_bytes().to_vec()),
            Value::Text(text) => (3, text.clone().into_bytes()),
            Value::Blob(content) => (4, content.clone()),
        };
        bytes.push(kind);
        bytes.extend((content.len() as u64).to_le_bytes());
        bytes.extend(content);
    }
    bytes
}

pub(crate) fn read(mut bytes: &[u8]) -> Vec<Value> {
    let mut values = Vec::new();
    while !bytes.is_empty() {
        let Some(value) = one(&mut bytes) else {
            fault("a search goes on after a cursor that no search gave")
        };
        values.push(value);
    }
    values
}

fn one(bytes: &mut &[u8]) -> Option<Value> {
    let (kind, rest) = bytes.split_first()?;
    let (length, rest) = rest.split_at_checked(8)?;
    let length = u64::from_le_bytes(length.try_into().ok()?);
    let (content, rest) = rest.split_at_checked(usize::try_from(length).ok()?)?;
    *bytes = rest;
    Some(match kind {
        0 => Value::Null,
        1 => Value::Integer(i64::from_le_bytes(content.try_into().ok()?)),
        2 => Value::Real(f64::from_le_bytes(content.try_into().ok()?)),
        3 => Value::Text(String::from_utf8(content.to_vec()).ok()?),
        4 => Value::Blob(content.to_vec()),
        _ => return None,
    })
}
