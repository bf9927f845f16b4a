//! Values and rows, and their canonical bytes.

use std::fmt;
use std::sync::Arc;

/// One column of a row; the kinds of a SQLite STRICT table. A `Real` is finite and never `-0.0`.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    Null,
    Integer(i64),
    Real(f64),
    Text(String),
    Blob(Vec<u8>),
}

/// A row in the column order of its table's layout. Shared between caches and effects, hence counted.
pub type Row = Arc<[Value]>;

/// A row as somebody looked it up: position of the table, key, and the row if there is one.
pub type SuppliedRow = (usize, Vec<Value>, Option<Row>);

/// A row's key in a map. One integer is by far the most common key.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum RowKey {
    Integer(i64),
    Bytes(Box<[u8]>),
}

impl RowKey {
    pub fn new<'a>(mut values: impl ExactSizeIterator<Item = &'a Value>) -> RowKey {
        if values.len() == 1 {
            match values.next() {
                Some(Value::Integer(number)) => return RowKey::Integer(*number),
                Some(value) => return RowKey::Bytes(encode(std::iter::once(value))),
                None => {}
            }
        }
        RowKey::Bytes(encode(values))
    }
}

fn encode<'a>(values: impl Iterator<Item = &'a Value>) -> Box<[u8]> {
    let mut bytes = Vec::with_capacity(24);
    values.for_each(|value| value.encode(&mut bytes));
    bytes.into()
}

impl Value {
    /// What the value is called in messages.
    pub fn kind_name(&self) -> &'static str {
        match self {
            Value::Null => "null",
            Value::Integer(_) => "integer",
            Value::Real(_) => "real",
            Value::Text(_) => "text",
            Value::Blob(_) => "blob",
        }
    }

    /// Bytes the value weighs against limits: its content, 8 for numbers.
    pub fn weight(&self) -> usize {
        match self {
            Value::Null => 1,
            Value::Integer(_) | Value::Real(_) => 8,
            Value::Text(text) => text.len(),
            Value::Blob(bytes) => bytes.len(),
        }
    }

    /// Appends the canonical bytes: one tag, then the content, lengths as varints.
    pub fn encode(&self, out: &mut Vec<u8>) {
        match self {
            Value::Null => out.push(0),
            Value::Integer(number) => {
                out.push(1);
                put_varint(out, zigzag(*number));
            }
            Value::Real(number) => {
                out.push(2);
                out.extend_from_slice(&number.to_bits().to_be_bytes());
            }
            Value::Text(text) => {
                out.push(3);
                put_bytes(out, text.as_bytes());
            }
            Value::Blob(bytes) => {
                out.push(4);
                put_bytes(out, bytes);
            }
        }
    }

    /// Reads what `encode` wrote. None: not canonical bytes.
    pub fn decode(input: &mut &[u8]) -> Option<Value> {
        Some(match take(input, 1)?[0] {
            0 => Value::Null,
            1 => Value::Integer(unzigzag(take_varint(input)?)),
            2 => Value::Real(f64::from_bits(u64::from_be_bytes(
                take(input, 8)?.try_into().ok()?,
            ))),
            3 => Value::Text(take_text(input)?),
            4 => Value::Blob(take_bytes(input)?.to_vec()),
            _ => return None,
        })
    }
}

/// For people: text in quotes, blobs as `x'…'`.
impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Value::Null => f.write_str("null"),
            Value::Integer(number) => number.fmt(f),
            Value::Real(number) => write!(f, "{number:?}"),
            Value::Text(text) => write!(f, "{text:?}"),
            Value::Blob(bytes) => {
                f.write_str("x'")?;
                for byte in bytes {
                    write!(f, "{byte:02x}")?;
                }
                f.write_str("'")
            }
        }
    }
}

fn zigzag(number: i64) -> u64 {
    ((number << 1) ^ (number >> 63)) as u64
}

fn unzigzag(number: u64) -> i64 {
    ((number >> 1) as i64) ^ -((number & 1) as i64)
}

pub fn put_varint(out: &mut Vec<u8>, mut number: u64) {
    while number >= 0x80 {
        out.push(number as u8 | 0x80);
        number >>= 7;
    }
    out.push(number as u8);
}

pub fn put_bytes(out: &mut Vec<u8>, bytes: &[u8]) {
    put_varint(out, bytes.len() as u64);
    out.extend_from_slice(bytes);
}

pub fn put_optional(out: &mut Vec<u8>, text: Option<&str>) {
    match text {
        None => out.push(0),
        Some(text) => {
            out.push(1);
            put_bytes(out, text.as_bytes());
        }
    }
}

pub fn take<'a>(input: &mut &'a [u8], count: usize) -> Option<&'a [u8]> {
    let (head, tail) = input.split_at_checked(count)?;
    *input = tail;
    Some(head)
}

pub fn take_varint(input: &mut &[u8]) -> Option<u64> {
    let mut number = 0u64;
    for shift in (0..64).step_by(7) {
        let byte = take(input, 1)?[0];
        if shift == 63 && byte > 1 {
            return None;
        }
        number |= u64::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            return Some(number);
        }
    }
    None
}

pub fn take_bytes<'a>(input: &mut &'a [u8]) -> Option<&'a [u8]> {
    let length = usize::try_from(take_varint(input)?).ok()?;
    take(input, length)
}

pub fn take_text(input: &mut &[u8]) -> Option<String> {
    String::from_utf8(take_bytes(input)?.to_vec()).ok()
}

pub fn take_optional(input: &mut &[u8]) -> Option<Option<String>> {
    match take(input, 1)?[0] {
        0 => Some(None),
        1 => Some(Some(take_text(input)?)),
        _ => None,
    }
}

/// Bytes as lower-case digits, two for each.
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The bytes of such digits; none where they are none.
pub fn bytes_of_hex(digits: &str) -> Option<Vec<u8>> {
    if !digits.len().is_multiple_of(2) || !digits.is_ascii() {
        return None;
    }
    let pairs = digits.as_bytes().chunks(2);
    pairs
        .map(|pair| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    pub fn any_value() -> impl Strategy<Value = Value> {
        prop_oneof![
            Just(Value::Null),
            any::<i64>().prop_map(Value::Integer),
            any::<f64>()
                .prop_filter("finite", |x| x.is_finite())
                .prop_map(Value::Real),
            ".{0,20}".prop_map(Value::Text),
            proptest::collection::vec(any::<u8>(), 0..20).prop_map(Value::Blob),
        ]
    }

    proptest! {
        #[test]
        fn canonical_bytes_come_back_as_the_value(value in any_value()) {
            let mut bytes = Vec::new();
            value.encode(&mut bytes);
            let mut rest = bytes.as_slice();
            prop_assert_eq!(Value::decode(&mut rest), Some(value));
            prop_assert!(rest.is_empty());
        }

        #[test]
        fn decoding_arbitrary_bytes_never_panics(bytes in proptest::collection::vec(any::<u8>(), 0..64)) {
            let mut rest = bytes.as_slice();
            while let Some(value) = Value::decode(&mut rest) {
                let mut again = Vec::new();
                value.encode(&mut again);
                prop_assert!(!again.is_empty());
            }
        }
    }
}
