//! Partitions: which rows an event may touch, where its plugin says so.
//!
//! A partition is a text; a whole number stands for its decimal text. Events of different partitions touch different rows,
//! and so their order among each other does not matter to any of them.

use std::fmt;

use serde::de::{IgnoredAny, MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};

use super::event::Event;
use super::value::Value;

/// What a version says of its events' partitions.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Partitioning {
    pub events: Vec<EventPartition>,
    pub tables: Vec<TablePartition>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EventPartition {
    /// Full type, `plugin.Name`.
    pub event: String,
    #[serde(flatten)]
    pub source: PartitionSource,
}

/// Where an event's partition is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum PartitionSource {
    /// What follows this text in the subject.
    Subject(String),
    /// A field of the payload.
    Field(String),
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TablePartition {
    pub table: String,
    pub column: String,
}

impl Partitioning {
    pub fn is_empty(&self) -> bool {
        self.events.is_empty() && self.tables.is_empty()
    }

    /// Where the partition of an event type is, if it has one.
    pub fn source(&self, event_type: &str) -> Option<&PartitionSource> {
        { self.events.iter() }
            .find(|event| event.event == event_type)
            .map(|event| &event.source)
    }
}

/// `subject account/…`, `field 'account'`
impl fmt::Display for PartitionSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            PartitionSource::Subject(prefix) => write!(f, "subject {}…", prefix.escape_debug()),
            PartitionSource::Field(name) => write!(f, "field '{}'", name.escape_debug()),
        }
    }
}

impl PartitionSource {
    /// The partition of an event; none: the event does not name one, and may touch no row.
    pub fn of(&self, event: &Event) -> Option<Partition> {
        match self {
            PartitionSource::Subject(prefix) => {
                let rest = event.subject.as_deref()?.strip_prefix(prefix.as_str())?;
                Some(Partition::new(rest))
            }
            PartitionSource::Field(name) => field(&event.data, name),
        }
    }
}

/// One partition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Partition {
    text: String,
    /// The number that the text is of, if it is one's.
    number: Option<i64>,
}

impl Partition {
    pub fn new(text: &str) -> Partition {
        let number = { text.parse().ok() }.filter(|number: &i64| number.to_string() == text);
        Partition {
            text: text.to_owned(),
            number,
        }
    }

    fn of_number(number: i64) -> Partition {
        Partition {
            text: number.to_string(),
            number: Some(number),
        }
    }

    /// True of a value that is this partition's.
    pub fn holds(&self, value: &Value) -> bool {
        match value {
            Value::Integer(number) => self.number == Some(*number),
            Value::Text(text) => *text == self.text,
            Value::Null | Value::Real(_) | Value::Blob(_) => false,
        }
    }

    /// Which of so many shares it belongs to: the same on every machine.
    pub fn share(&self, shares: usize) -> usize {
        share_of(self.text.as_bytes(), shares)
    }
}

/// The share that the text for which a value of a column stands is of. FNV-1a of 64 bits, mixed at the end (as SplitMix64
/// does), since the last letters of short texts would not reach the bits that count.
pub fn share_of(text: &[u8], shares: usize) -> usize {
    let hash = text.iter().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3)
    });
    let mixed = (hash ^ (hash >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    ((mixed ^ (mixed >> 31)) >> 32) as usize % shares
}

impl fmt::Display for Partition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "'{}'", self.text.escape_debug())
    }
}

/// A field at the top of a JSON object, where it is a text or a whole number.
fn field(data: &str, name: &str) -> Option<Partition> {
    let mut deserializer = serde_json::Deserializer::from_str(data);
    (&mut deserializer).deserialize_map(FieldOf(name)).ok()?
}

struct FieldOf<'a>(&'a str);

impl<'de> Visitor<'de> for FieldOf<'_> {
    type Value = Option<Partition>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut found = None;
        while let Some(is_it) = map.next_key_seed(IsKey(self.0))? {
            match is_it {
                true => found = map.next_value::<Field>()?.0,
                false => drop(map.next_value::<IgnoredAny>()?),
            }
        }
        Ok(found)
    }
}

/// Compares a key without keeping it.
struct IsKey<'a>(&'a str);

impl<'de> serde::de::DeserializeSeed<'de> for IsKey<'_> {
    type Value = bool;

    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<bool, D::Error> {
        from.deserialize_str(self)
    }
}

impl Visitor<'_> for IsKey<'_> {
    type Value = bool;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a key")
    }

    fn visit_str<E>(self, key: &str) -> Result<bool, E> {
        Ok(key == self.0)
    }
}

/// A field's value.
struct Field(Option<Partition>);

impl<'de> Deserialize<'de> for Field {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Field, D::Error> {
        from.deserialize_any(FieldVisitor).map(Field)
    }
}

struct FieldVisitor;

impl<'de> Visitor<'de> for FieldVisitor {
    type Value = Option<Partition>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
        Ok(Some(Partition::new(text)))
    }

    fn visit_i64<E>(self, number: i64) -> Result<Self::Value, E> {
        Ok(Some(Partition::of_number(number)))
    }

    fn visit_u64<E>(self, number: u64) -> Result<Self::Value, E> {
        Ok(Some(match i64::try_from(number) {
            Ok(number) => Partition::of_number(number),
            Err(_) => Partition::new(&number.to_string()),
        }))
    }

    fn visit_bool<E>(self, _: bool) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_f64<E>(self, _: f64) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_unit<E>(self) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_seq<A: serde::de::SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
        while seq.next_element::<IgnoredAny>()?.is_some() {}
        Ok(None)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(None)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_field_at_the_top_gives_the_partition_where_it_is_a_text_or_a_whole_number() {
        let of = |data: &str| field(data, "account").map(|it| it.to_string());
        let told = |text: &str| Some(text.to_owned());
        assert_eq!(of(r#"{"a":{"account":1},"account":17}"#), told("'17'"));
        assert_eq!(of(r#"{"account":"17"}"#), told("'17'"));
        assert_eq!(of(r#"{"\u0061ccount":"x"}"#), told("'x'"));
        assert_eq!(
            of(r#"{"account":18446744073709551615}"#),
            told("'18446744073709551615'")
        );
        for data in [
            "",
            "[1]",
            r#"{"account":1.5}"#,
            r#"{"account":null}"#,
            r#"{"account":[1]}"#,
            r#"{"account":{"id":1}}"#,
            r#"{"accounts":1}"#,
        ] {
            assert_eq!(of(data), None, "{data}");
        }
    }

    #[test]
    fn a_number_and_its_text_are_one_partition_and_nothing_else_is() {
        let five = Partition::new("5");
        assert_eq!(five, Partition::of_number(5));
        assert!(five.holds(&Value::Integer(5)) && five.holds(&Value::Text("5".into())));
        assert!(!five.holds(&Value::Text("05".into())) && !five.holds(&Value::Real(5.0)));
        assert!(!Partition::new("05").holds(&Value::Integer(5)));
        assert_eq!(five.share(7), share_of(b"5", 7));
        let mut counts = [0; 4];
        for number in 0..4_000 {
            counts[Partition::of_number(number).share(4)] += 1;
        }
        assert!(
            counts.iter().all(|it| (900..1_100).contains(it)),
            "{counts:?}"
        );
    }
}
