//! Pseudonyms in the place of values that must not leave a book: equal values get equal ones, of the same kind, under a key
//! that is made for one export and thrown away with it.
//!
//! First every value that must not leave is told (`hide`), then names are given (`seal`), then rows, payloads and envelopes
//! are rewritten. A value is replaced wherever it stands, not only where it was hidden: a replay would carry it on otherwise.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::str::FromStr;

use serde_json::value::RawValue;
use uuid::Uuid;

use super::json::{Leaf, rewrite};
use crate::model::{Digest, Error, PluginName, Result, TypeName, Value, clock, is_identifier};

/// What must not leave a book.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Mask {
    /// A column: `bank.owner.name`.
    Column {
        /// `plugin.table`
        table: String,
        column: String,
    },
    /// A part of a type's payloads: `bank.OwnerMoved/address/street`.
    Field {
        event_type: TypeName,
        /// A JSON pointer.
        pointer: String,
    },
}

impl FromStr for Mask {
    type Err = Error;

    fn from_str(text: &str) -> Result<Mask> {
        let hint = "bank.owner.name is a column, bank.OwnerMoved/address/street a part of payloads";
        if let Some((event_type, pointer)) = text.split_once('/') {
            return Ok(Mask::Field {
                event_type: TypeName::new(event_type).map_err(|error| error.hint(hint))?,
                pointer: format!("/{pointer}"),
            });
        }
        let parts: Vec<&str> = text.split('.').collect();
        match parts.as_slice() {
            [plugin, table, column]
                if PluginName::new(plugin).is_ok()
                    && is_identifier(table)
                    && is_identifier(column) =>
            {
                Ok(Mask::Column {
                    table: format!("{plugin}.{table}"),
                    column: (*column).to_owned(),
                })
            }
            _ => Err(Error::usage(format!(
                "'{}' is neither plugin.table.column nor a type with a JSON pointer",
                text.escape_debug()
            ))
            .hint(hint)),
        }
    }
}

/// A value that is hidden, or the one in its place. A real is told by its bits.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum Secret {
    Integer(i64),
    Real(u64),
    Text(String),
    Blob(Vec<u8>),
}

impl Secret {
    fn of(value: &Value) -> Option<Secret> {
        match value {
            Value::Null => None,
            Value::Integer(number) => Some(Secret::Integer(*number)),
            Value::Real(number) => Some(Secret::Real(number.to_bits())),
            Value::Text(text) if text.is_empty() => None,
            Value::Text(text) => Some(Secret::Text(text.clone())),
            Value::Blob(bytes) => Some(Secret::Blob(bytes.clone())),
        }
    }

    /// A scalar of JSON, as it is written.
    fn of_json(raw: &str) -> Option<Secret> {
        match raw.as_bytes().first()? {
            b'"' => {
                let text: String = serde_json::from_str(raw).ok()?;
                Secret::of(&Value::Text(text))
            }
            b'-' | b'0'..=b'9' => match raw.parse::<i64>() {
                Ok(number) => Some(Secret::Integer(number)),
                Err(_) => Some(Secret::Real(raw.parse::<f64>().ok()?.to_bits())),
            },
            _ => None,
        }
    }

    fn value(&self) -> Value {
        match self {
            Secret::Integer(number) => Value::Integer(*number),
            Secret::Real(bits) => Value::Real(f64::from_bits(*bits)),
            Secret::Text(text) => Value::Text(text.clone()),
            Secret::Blob(bytes) => Value::Blob(bytes.clone()),
        }
    }

    fn json(&self) -> String {
        match self {
            Secret::Integer(number) => number.to_string(),
            Secret::Real(bits) => format!("{:?}", f64::from_bits(*bits)),
            Secret::Text(text) => quoted(text),
            Secret::Blob(_) => "null".to_owned(),
        }
    }
}

/// Characters from which on a hidden text is also replaced inside of longer ones, as a word or words.
const WORD_CHARS_MIN: usize = 4;
/// How often a number of the same length is tried before a longer one.
const TRIES_PER_LENGTH: u32 = 64;

/// Hides values, and rewrites what holds them.
pub struct Masker {
    key: [u8; 32],
    masks: Vec<Mask>,
    hidden: BTreeSet<Secret>,
    pseudonyms: BTreeMap<Secret, Secret>,
    /// Bytes that hidden texts of some length have, longest first.
    word_bytes: Vec<usize>,
}

impl Masker {
    pub fn new(masks: &[Mask]) -> Masker {
        let mut key = [0; 32];
        key[..16].copy_from_slice(Uuid::new_v4().as_bytes());
        key[16..].copy_from_slice(Uuid::new_v4().as_bytes());
        Masker {
            key,
            masks: masks.to_vec(),
            hidden: BTreeSet::new(),
            pseudonyms: BTreeMap::new(),
            word_bytes: Vec::new(),
        }
    }

    /// True where nothing is to be hidden.
    pub fn is_idle(&self) -> bool {
        self.masks.is_empty()
    }

    /// Values that have a pseudonym.
    pub fn count(&self) -> u64 {
        self.pseudonyms.len() as u64
    }

    /// The columns of a table that must not leave.
    pub fn columns<'m>(&'m self, table: &'m str) -> impl Iterator<Item = &'m str> {
        self.masks.iter().filter_map(move |mask| match mask {
            Mask::Column {
                table: named,
                column,
            } if named == table => Some(column.as_str()),
            _ => None,
        })
    }

    /// This value must not leave.
    pub fn hide(&mut self, value: &Value) {
        self.hidden.extend(Secret::of(value));
    }

    /// Nor must these parts of a payload, whatever is in them; and of an envelope who did it.
    pub fn hide_in(&mut self, event_type: &TypeName, data: &str, extensions: Option<&str>) {
        let pointers: Vec<&str> = { self.masks.iter() }
            .filter_map(|mask| match mask {
                Mask::Field {
                    event_type: named,
                    pointer,
                } if named == event_type => Some(pointer.as_str()),
                _ => None,
            })
            .collect();
        let mut found = Vec::new();
        if !pointers.is_empty() {
            rewrite(data, &mut |at, leaf| {
                let is_in = |pointer: &&str| {
                    at.strip_prefix(*pointer)
                        .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
                };
                if let Leaf::Scalar(raw) = leaf
                    && pointers.iter().any(is_in)
                {
                    found.extend(Secret::of_json(raw));
                }
                None
            });
        }
        if let Some(extensions) = extensions {
            rewrite(extensions, &mut |at, leaf| {
                if let (Leaf::Scalar(raw), "/actor") = (leaf, at) {
                    found.extend(Secret::of_json(raw));
                }
                None
            });
        }
        self.hidden.extend(found);
    }

    /// Gives every hidden value its pseudonym: of its kind, and nobody else's.
    pub fn seal(&mut self) {
        let mut used: HashSet<Secret> = HashSet::new();
        for secret in &self.hidden {
            let mut attempt = 0;
            let name = loop {
                let name = self.pseudonym(secret, attempt);
                if !used.contains(&name) && !self.hidden.contains(&name) {
                    break name;
                }
                attempt += 1;
            };
            used.insert(name.clone());
            self.pseudonyms.insert(secret.clone(), name);
        }
        let words = self.hidden.iter().filter_map(|secret| match secret {
            Secret::Text(text) if text.chars().count() >= WORD_CHARS_MIN => Some(text.len()),
            _ => None,
        });
        let lengths: BTreeSet<usize> = words.collect();
        self.word_bytes = lengths.into_iter().rev().collect();
    }

    fn pseudonym(&self, secret: &Secret, attempt: u32) -> Secret {
        let mut bytes = self.key.to_vec();
        bytes.extend(attempt.to_be_bytes());
        bytes.extend(format!("{secret:?}").into_bytes());
        let digest = Digest::of(&bytes);
        let number = |at: usize| {
            let mut eight = [0; 8];
            eight.copy_from_slice(&digest.0[at..at + 8]);
            u64::from_be_bytes(eight)
        };
        match secret {
            Secret::Integer(given) => {
                let digits = given.unsigned_abs().to_string().len() as u32;
                let digits = (digits + attempt / TRIES_PER_LENGTH).min(18);
                let least = 10_u64.pow(digits - 1);
                let name = (least + number(0) % (9 * least)) as i64;
                Secret::Integer(if *given < 0 { -name } else { name })
            }
            Secret::Real(bits) => {
                let given = f64::from_bits(*bits);
                let share = 1.0 + (number(0) >> 12) as f64 / (1_u64 << 52) as f64;
                let size = given
                    .abs()
                    .max(f64::MIN_POSITIVE)
                    .log2()
                    .floor()
                    .min(1_000.0);
                Secret::Real((size.exp2() * share).copysign(given).to_bits())
            }
            Secret::Text(text) if clock::is_date(text) => Secret::Text(date(number(0), attempt)),
            Secret::Text(text) if clock::is_rfc3339(text) => {
                let seconds = number(8) % 86_400;
                let (hour, minute, second) = (seconds / 3_600, seconds / 60 % 60, seconds % 60);
                let day = date(number(0), attempt);
                Secret::Text(format!("{day}T{hour:02}:{minute:02}:{second:02}Z"))
            }
            Secret::Text(text) if Uuid::parse_str(text).is_ok() => {
                let bytes = u128::from(number(0)) << 64 | u128::from(number(8));
                let uuid = uuid::Builder::from_random_bytes(bytes.to_be_bytes()).into_uuid();
                Secret::Text(uuid.to_string())
            }
            Secret::Text(_) => Secret::Text(format!("masked-{:016x}", number(0))),
            Secret::Blob(given) => {
                let length = given.len().max(8);
                Secret::Blob(digest.0.iter().copied().cycle().take(length).collect())
            }
        }
    }

    fn name(&self, secret: &Secret) -> Option<&Secret> {
        self.pseudonyms.get(secret)
    }

    /// A value of a row, as it may leave.
    pub fn value(&self, value: &Value) -> Value {
        if self.is_idle() {
            return value.clone();
        }
        let name = Secret::of(value).and_then(|secret| self.name(&secret).map(Secret::value));
        match (name, value) {
            (Some(name), _) => name,
            (None, Value::Text(text)) => Value::Text(self.text(text)),
            (None, value) => value.clone(),
        }
    }

    pub fn row(&self, row: &[Value]) -> Vec<Value> {
        row.iter().map(|value| self.value(value)).collect()
    }

    /// A text, as it may leave: hidden as a whole; JSON, leaf by leaf; or with hidden words in it.
    pub fn text(&self, text: &str) -> String {
        if self.is_idle() {
            return text.to_owned();
        }
        match self.whole(text) {
            Some(name) => name,
            None if text.starts_with(['{', '[']) && is_json(text) => self.json(text),
            None => self.words(text),
        }
    }

    fn whole(&self, text: &str) -> Option<String> {
        match self.name(&Secret::Text(text.to_owned())) {
            Some(Secret::Text(name)) => Some(name.clone()),
            _ => {
                let number = text.parse::<i64>().ok()?;
                match self.name(&Secret::Integer(number))? {
                    // `007` is another text than `7`.
                    Secret::Integer(name) if number.to_string() == text => Some(name.to_string()),
                    _ => None,
                }
            }
        }
    }

    /// A subject: hidden parts between its slashes too, `account/2177`.
    pub fn subject(&self, subject: &str) -> String {
        match self.whole(subject) {
            Some(name) => name,
            None => { subject.split('/') }
                .map(|part| self.text(part))
                .collect::<Vec<_>>()
                .join("/"),
        }
    }

    /// JSON, as it may leave; everything else of it keeps its text.
    pub fn json(&self, raw: &str) -> String {
        if self.is_idle() {
            return raw.to_owned();
        }
        rewrite(raw, &mut |_, leaf| match leaf {
            Leaf::Name(name) => Some(self.text(name)).filter(|new| new != name),
            Leaf::Scalar(scalar) => match Secret::of_json(scalar) {
                None => None,
                Some(secret) => match (self.name(&secret), &secret) {
                    (Some(name), _) => Some(name.json()),
                    (None, Secret::Text(text)) => Some(self.text(text))
                        .filter(|new| new != text)
                        .map(|new| quoted(&new)),
                    (None, _) => None,
                },
            },
        })
    }

    /// Replaces hidden texts that stand in a longer one as words.
    fn words(&self, text: &str) -> String {
        if self.word_bytes.is_empty() {
            return text.to_owned();
        }
        let is_word = |letter: Option<char>| letter.is_some_and(char::is_alphanumeric);
        let mut out = String::with_capacity(text.len());
        let mut at = 0;
        while at < text.len() {
            let begins = !is_word(text[..at].chars().next_back());
            let found = { self.word_bytes.iter() }
                .filter(|_| begins)
                .filter_map(|length| text.get(at..at + length))
                .filter(|part| !is_word(text[at + part.len()..].chars().next()))
                .find_map(|part| {
                    let name = self.name(&Secret::Text(part.to_owned()))?;
                    Some((part.len(), name))
                });
            match found {
                Some((length, Secret::Text(name))) => {
                    out.push_str(name);
                    at += length;
                }
                _ => {
                    let letter = text[at..].chars().next();
                    out.extend(letter);
                    at += letter.map_or(1, char::len_utf8);
                }
            }
        }
        out
    }
}

fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

fn is_json(text: &str) -> bool {
    serde_json::from_str::<&RawValue>(text).is_ok()
}

/// A day between 1900 and 2099; at a later attempt, of a later century.
fn date(number: u64, attempt: u32) -> String {
    let years = 200 + 100 * u64::from(attempt / TRIES_PER_LENGTH).min(70);
    let (year, month, day) = (
        1900 + number % years,
        1 + number / years % 12,
        1 + number / years / 12 % 28,
    );
    format!("{year:04}-{month:02}-{day:02}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn masker(hidden: &[Value]) -> Masker {
        let mut masker = Masker::new(&["a.b.c".parse().unwrap()]);
        hidden.iter().for_each(|value| masker.hide(value));
        masker.seal();
        masker
    }

    fn text(text: &str) -> Value {
        Value::Text(text.into())
    }

    #[test]
    fn a_mask_is_a_column_or_a_part_of_a_payload_and_anything_else_is_told() {
        assert_eq!(
            "bank.owner.name".parse::<Mask>().unwrap(),
            Mask::Column {
                table: "bank.owner".into(),
                column: "name".into()
            }
        );
        assert!(matches!(
            "bank.Moved/to/street".parse::<Mask>().unwrap(),
            Mask::Field { pointer, .. } if pointer == "/to/street"
        ));
        for wrong in [
            "",
            "name",
            "bank.owner",
            "Bank.owner.name",
            "moved/to",
            "a.b.c.d",
        ] {
            assert!(wrong.parse::<Mask>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn equal_values_get_equal_pseudonyms_of_their_kind_and_others_get_others() {
        let numbers: Vec<Value> = (0..500).map(Value::Integer).collect();
        let names: Vec<Value> = (0..500).map(|at| text(&format!("name {at}"))).collect();
        let days = [
            text("1993-01-05"),
            text("1993-01-06"),
            text("1993-01-05T10:00:00Z"),
        ];
        let others = [
            Value::Real(-12.5),
            Value::Blob(vec![1]),
            Value::Integer(-70_000),
        ];
        let all = [&numbers[..], &names, &days, &others].concat();
        let masker = masker(&all);
        let new: Vec<Value> = all.iter().map(|value| masker.value(value)).collect();
        let mut distinct = HashSet::new();
        for (old, new) in all.iter().zip(&new) {
            assert_eq!(old.kind_name(), new.kind_name());
            assert_eq!(masker.value(old), *new);
            assert!(
                !all.contains(new),
                "{old} became {new}, which is hidden too"
            );
            assert!(
                distinct.insert(new.to_string()),
                "{new} stands for two values"
            );
        }
        assert!(matches!(&new[1_000], Value::Text(day) if clock::is_date(day)));
        assert!(matches!(&new[1_002], Value::Text(time) if clock::is_rfc3339(time)));
        assert!(matches!(&new[1_003], Value::Real(number) if (-16.0..=-8.0).contains(number)));
        assert!(
            matches!(&new[1_005], Value::Integer(number) if (-99_999..=-10_000).contains(number))
        );
        assert_eq!(masker.value(&Value::Null), Value::Null);
        let again = self::masker(&all);
        assert_ne!(
            again.value(&names[0]),
            new[500],
            "another export has another key"
        );
    }

    #[test]
    fn a_value_is_replaced_wherever_it_stands_and_the_rest_keeps_its_text() {
        let masker = masker(&[text("Ann Lee"), Value::Integer(2_177), text("Bo")]);
        let Value::Text(ann) = masker.value(&text("Ann Lee")) else {
            panic!("a text stays one");
        };
        let Value::Integer(id) = masker.value(&Value::Integer(2_177)) else {
            panic!("a number stays one");
        };
        let raw = r#"{"z":1.50,"to":"Ann Lee","Ann Lee":[2177, 21770,"2177"],"note":"for Ann Lee, not Ann Leeds","b":true}"#;
        let expected = format!(
            r#"{{"z":1.50,"to":"{ann}","{ann}":[{id},21770,"{id}"],"note":"for {ann}, not Ann Leeds","b":true}}"#
        );
        assert_eq!(masker.json(raw), expected);
        assert_eq!(masker.text(raw), expected, "JSON in a column of text too");
        assert_eq!(masker.subject("account/2177"), format!("account/{id}"));
        assert_eq!(masker.subject("owner/Ann Lee/x"), format!("owner/{ann}/x"));
        // Too short to be looked for inside of other texts.
        assert_eq!(masker.text("Bo and Ann"), "Bo and Ann");
        assert_ne!(masker.text("Bo"), "Bo");
    }

    #[test]
    fn parts_of_payloads_and_who_did_it_are_hidden() {
        let mut masker = Masker::new(&["a.Moved/to".parse().unwrap()]);
        let moved = TypeName::new("a.Moved").unwrap();
        let data = r#"{"to":{"street":"Long Lane","number":17},"town":"Ely","tone":"Long"}"#;
        masker.hide_in(
            &moved,
            data,
            Some(r#"{"actor":"ann@x","correlationid":"1"}"#),
        );
        masker.hide_in(&TypeName::new("a.Other").unwrap(), r#"{"to":"Bath"}"#, None);
        masker.seal();
        assert_eq!(masker.count(), 3);
        let out = masker.json(data);
        let json: serde_json::Value = serde_json::from_str(&out).unwrap();
        let street = json["to"]["street"].as_str().expect("a text stays one");
        let number = json["to"]["number"].as_i64().expect("a number stays one");
        assert!(street != "Long Lane" && number != 17, "{out}");
        assert!(out.contains(r#""town":"Ely","tone":"Long""#), "{out}");
        assert!(!masker.json(r#"{"actor":"ann@x"}"#).contains("ann@x"));
        assert_eq!(masker.text("Bath"), "Bath");
    }
}
