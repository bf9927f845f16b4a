//! What a column's values mean, beyond the kind in which they are kept: how people are shown them, and may ask for them.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::{Value as Json, json};

use super::clock;
use super::error::shown;
use super::json_text::JsonText;
use super::manifest::{Column, ColumnKind};
use super::value::Value;

/// Digits behind the point, of which a 64-bit number can have no more.
const SCALE_MAX: u8 = 18;

/// Written `money(CZK,2)`, `decimal(12,4)`, `percent(2)`, `bool`, `date`, `instant`, `duration`, `json`, `uuid`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ColumnFormat {
    /// Whole numbers of the currency's smallest part that is kept: with scale 2, 1250 is 12.50.
    Money { currency: String, scale: u8 },
    /// Whole numbers of the last decimal place.
    Decimal { precision: u8, scale: u8 },
    /// Whole numbers of the last decimal place of a percentage: with scale 2, 1250 is 12.50 %.
    Percent { scale: u8 },
    /// 0 or 1.
    Bool,
    /// A text, `2018-07-30`.
    Date,
    /// A text of RFC 3339, or whole nanoseconds since 1970.
    Moment,
    /// Whole nanoseconds.
    Duration,
    /// A text that is JSON.
    Json,
    /// A text, or 16 bytes.
    Uuid,
}

impl ColumnFormat {
    /// Reads a format for columns of a kind; or says what is wrong with it.
    pub fn parse(text: &str, kind: ColumnKind) -> Result<ColumnFormat, String> {
        let format: ColumnFormat = text.parse()?;
        match format.kinds().contains(&kind) {
            true => Ok(format),
            false => Err(format!(
                "format '{format}' is not for columns of kind {}",
                kind.sql().to_lowercase()
            )),
        }
    }

    fn kinds(&self) -> &'static [ColumnKind] {
        match self {
            ColumnFormat::Money { .. }
            | ColumnFormat::Decimal { .. }
            | ColumnFormat::Percent { .. }
            | ColumnFormat::Bool
            | ColumnFormat::Duration => &[ColumnKind::Integer],
            ColumnFormat::Date | ColumnFormat::Json => &[ColumnKind::Text],
            ColumnFormat::Moment => &[ColumnKind::Text, ColumnKind::Integer],
            ColumnFormat::Uuid => &[ColumnKind::Text, ColumnKind::Blob],
        }
    }

    /// Places behind the point of numbers that are kept whole.
    fn scale(&self) -> Option<u8> {
        match self {
            ColumnFormat::Money { scale, .. }
            | ColumnFormat::Decimal { scale, .. }
            | ColumnFormat::Percent { scale } => Some(*scale),
            _ => None,
        }
    }

    /// A value for people; none where it is shown as it is kept.
    pub fn show(&self, value: &Value) -> Option<String> {
        match (self, value) {
            (ColumnFormat::Bool, Value::Integer(0)) => Some("false".to_owned()),
            (ColumnFormat::Bool, Value::Integer(1)) => Some("true".to_owned()),
            (ColumnFormat::Moment, Value::Integer(nanoseconds)) => clock::text_of_instant(
                nanoseconds.div_euclid(1_000_000_000),
                nanoseconds.rem_euclid(1_000_000_000) as u32,
            ),
            (ColumnFormat::Duration, Value::Integer(nanoseconds)) => {
                Some(format!("{} s", seconds(*nanoseconds)))
            }
            (ColumnFormat::Uuid, Value::Blob(bytes)) => {
                Some(uuid::Uuid::from_slice(bytes).ok()?.to_string())
            }
            (ColumnFormat::Money { currency, scale }, Value::Integer(number)) => {
                Some(format!("{} {currency}", scaled(*number, *scale)))
            }
            (ColumnFormat::Percent { scale }, Value::Integer(number)) => {
                Some(format!("{} %", scaled(*number, *scale)))
            }
            (_, Value::Integer(number)) => Some(scaled(*number, self.scale()?)),
            _ => None,
        }
    }

    /// A value as JSON has it: truths are truths; numbers with decimal places are texts, exact and without their unit; JSON is
    /// itself. None where it is written as it is kept.
    pub fn json(&self, value: &Value) -> Option<JsonText<'static>> {
        let json = match (self, value) {
            (ColumnFormat::Bool, Value::Integer(number @ 0..=1)) => Json::Bool(*number == 1),
            (ColumnFormat::Duration, Value::Integer(nanoseconds)) => seconds(*nanoseconds).into(),
            (ColumnFormat::Json, Value::Text(text)) => {
                return Some(JsonText::of(text).into_owned());
            }
            (_, Value::Integer(number)) => match self.scale() {
                Some(scale) => scaled(*number, scale).into(),
                None => self.show(value)?.into(),
            },
            _ => self.show(value)?.into(),
        };
        Some(JsonText::from_value(&json))
    }

    /// Its values are counted with, or one of two: no pseudonym can stand for them.
    pub fn is_amount(&self) -> bool {
        self.scale().is_some() || matches!(self, ColumnFormat::Bool | ColumnFormat::Duration)
    }

    /// It is shown as a word or a time, though it may be kept as a number.
    pub fn is_word(&self) -> bool {
        matches!(self, ColumnFormat::Bool | ColumnFormat::Moment)
    }

    /// A value in the form in which `read` takes it.
    pub fn example(&self) -> &'static str {
        match self {
            ColumnFormat::Money { scale: 0, .. }
            | ColumnFormat::Decimal { scale: 0, .. }
            | ColumnFormat::Percent { scale: 0 } => "12",
            ColumnFormat::Money { .. }
            | ColumnFormat::Decimal { .. }
            | ColumnFormat::Percent { .. }
            | ColumnFormat::Duration => "12.5",
            ColumnFormat::Bool => "true",
            ColumnFormat::Date => "2018-07-30",
            ColumnFormat::Moment => "2018-07-30T12:00:00Z",
            ColumnFormat::Json => "{}",
            ColumnFormat::Uuid => "67e55044-10b1-426f-9247-bb680e5fe0c8",
        }
    }

    /// JSON Schema of what `json` gives.
    pub fn schema(&self) -> Json {
        match self {
            ColumnFormat::Money { .. }
            | ColumnFormat::Decimal { .. }
            | ColumnFormat::Percent { .. }
            | ColumnFormat::Duration => {
                json!({"type": "string", "pattern": "^-?[0-9]+(\\.[0-9]+)?$"})
            }
            ColumnFormat::Bool => json!({"type": "boolean"}),
            ColumnFormat::Date => json!({"type": "string", "format": "date"}),
            ColumnFormat::Moment => json!({"type": "string", "format": "date-time"}),
            ColumnFormat::Uuid => json!({"type": "string", "format": "uuid"}),
            ColumnFormat::Json => json!({}),
        }
    }

    /// The value that somebody asks for in the form in which it is shown, with or without its unit; none where it is not in
    /// that form.
    pub fn read(&self, text: &str, kind: ColumnKind) -> Option<Value> {
        let text = text.trim();
        let number = |unit: &str, scale| {
            let number = text.strip_suffix(unit).unwrap_or(text);
            unscaled(number.trim(), scale).map(Value::Integer)
        };
        match (self, kind) {
            (ColumnFormat::Bool, _) => match text {
                "false" => Some(Value::Integer(0)),
                "true" => Some(Value::Integer(1)),
                _ => None,
            },
            (ColumnFormat::Money { currency, scale }, _) => number(currency, *scale),
            (ColumnFormat::Percent { scale }, _) => number("%", *scale),
            (ColumnFormat::Decimal { scale, .. }, _) => number("", *scale),
            (ColumnFormat::Duration, _) => number("s", 9),
            (ColumnFormat::Moment, ColumnKind::Integer) => {
                let (seconds, nanoseconds) = clock::instant(text)?;
                let whole = seconds.checked_mul(1_000_000_000)?;
                Some(Value::Integer(whole.checked_add(nanoseconds.into())?))
            }
            (ColumnFormat::Uuid, ColumnKind::Blob) => {
                let uuid = uuid::Uuid::parse_str(text).ok()?;
                Some(Value::Blob(uuid.into_bytes().into()))
            }
            (ColumnFormat::Date, _) => clock::is_date(text).then(|| Value::Text(text.to_owned())),
            _ => (kind == ColumnKind::Text).then(|| Value::Text(text.to_owned())),
        }
    }
}

/// The formats of a table's columns by the columns' names: only of those that have one.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Formats(Arc<BTreeMap<String, ColumnFormat>>);

impl Formats {
    pub fn of(columns: &[Column]) -> Formats {
        let with_format = columns.iter();
        with_format
            .filter_map(|it| Some((it.name.clone(), it.format.clone()?)))
            .collect()
    }

    pub fn get(&self, column: &str) -> Option<&ColumnFormat> {
        self.0.get(column)
    }

    pub fn iter(&self) -> impl Iterator<Item = (&str, &ColumnFormat)> {
        self.0.iter().map(|(name, format)| (&**name, format))
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// A value for people; none where it is shown as it is kept.
    pub fn show(&self, column: &str, value: &Value) -> Option<String> {
        self.get(column)?.show(value)
    }

    /// A value for people: by its column's format, or as it is kept.
    pub fn words(&self, column: &str, value: &Value) -> String {
        let shown = self.show(column, value);
        shown.unwrap_or_else(|| value.to_string())
    }
}

impl FromIterator<(String, ColumnFormat)> for Formats {
    fn from_iter<I: IntoIterator<Item = (String, ColumnFormat)>>(formats: I) -> Formats {
        Formats(Arc::new(formats.into_iter().collect()))
    }
}

impl Serialize for Formats {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_map(self.iter())
    }
}

impl<'de> Deserialize<'de> for Formats {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Formats, D::Error> {
        BTreeMap::deserialize(from).map(|formats| Formats(Arc::new(formats)))
    }
}

/// A column of what a SELECT gave.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QueryColumn {
    pub name: String,
    /// Where it is a table's own column that has one.
    pub format: Option<ColumnFormat>,
}

/// Nanoseconds as seconds, without the zeros at the end.
fn seconds(nanoseconds: i64) -> String {
    let text = scaled(nanoseconds, 9);
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// A number with a point before its last places: (-1205, 2) is -12.05.
fn scaled(number: i64, scale: u8) -> String {
    let digits = format!(
        "{:0width$}",
        number.unsigned_abs(),
        width = usize::from(scale) + 1
    );
    let (whole, part) = digits.split_at(digits.len() - usize::from(scale));
    let sign = if number < 0 { "-" } else { "" };
    match part.is_empty() {
        true => format!("{sign}{whole}"),
        false => format!("{sign}{whole}.{part}"),
    }
}

/// The other way round. A text with more places than there are is none.
fn unscaled(text: &str, scale: u8) -> Option<i64> {
    let (sign, digits) = match text.strip_prefix('-') {
        Some(digits) => ("-", digits),
        None => ("", text),
    };
    let (whole, part) = digits.split_once('.').unwrap_or((digits, ""));
    let is_number = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if whole.is_empty() || !is_number(whole) || !is_number(part) || part.len() > usize::from(scale)
    {
        return None;
    }
    format!("{sign}{whole}{part:0<width$}", width = usize::from(scale))
        .parse()
        .ok()
}

impl FromStr for ColumnFormat {
    type Err = String;

    fn from_str(text: &str) -> Result<ColumnFormat, String> {
        let (name, inside) = match text.strip_suffix(')').and_then(|it| it.split_once('(')) {
            Some((name, inside)) => (name, inside),
            None => (text, ""),
        };
        let parts: Vec<&str> = match inside {
            "" => Vec::new(),
            inside => inside.split(',').map(str::trim).collect(),
        };
        let number = |text: &str| text.parse::<u8>().ok().filter(|it| *it <= SCALE_MAX);
        let unknown = || {
            format!(
                "'{}' is no format; there are money(CURRENCY,SCALE), decimal(PRECISION,SCALE), percent(SCALE), bool, date, \
                 instant, duration, json and uuid, with scales up to {SCALE_MAX}",
                shown(text)
            )
        };
        let format = match (name, &parts[..]) {
            ("money", [currency, scale]) => {
                let is_code = (1..=8).contains(&currency.len())
                    && currency.bytes().all(|byte| byte.is_ascii_uppercase());
                let scale = number(scale).filter(|_| is_code);
                scale.map(|scale| ColumnFormat::Money {
                    currency: (*currency).to_owned(),
                    scale,
                })
            }
            ("decimal", [precision, scale]) => match (precision.parse::<u8>(), number(scale)) {
                (Ok(precision @ 1..=19), Some(scale)) if scale <= precision => {
                    Some(ColumnFormat::Decimal { precision, scale })
                }
                _ => None,
            },
            ("percent", []) => Some(ColumnFormat::Percent { scale: 0 }),
            ("percent", [scale]) => number(scale).map(|scale| ColumnFormat::Percent { scale }),
            ("bool", []) => Some(ColumnFormat::Bool),
            ("date", []) => Some(ColumnFormat::Date),
            ("instant", []) => Some(ColumnFormat::Moment),
            ("duration", []) => Some(ColumnFormat::Duration),
            ("json", []) => Some(ColumnFormat::Json),
            ("uuid", []) => Some(ColumnFormat::Uuid),
            _ => None,
        };
        format.ok_or_else(unknown)
    }
}

impl fmt::Display for ColumnFormat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ColumnFormat::Money { currency, scale } => write!(f, "money({currency},{scale})"),
            ColumnFormat::Decimal { precision, scale } => write!(f, "decimal({precision},{scale})"),
            ColumnFormat::Percent { scale } => write!(f, "percent({scale})"),
            ColumnFormat::Bool => f.write_str("bool"),
            ColumnFormat::Date => f.write_str("date"),
            ColumnFormat::Moment => f.write_str("instant"),
            ColumnFormat::Duration => f.write_str("duration"),
            ColumnFormat::Json => f.write_str("json"),
            ColumnFormat::Uuid => f.write_str("uuid"),
        }
    }
}

impl Serialize for ColumnFormat {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for ColumnFormat {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<ColumnFormat, D::Error> {
        let text = String::deserialize(from)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_format_is_read_as_it_is_written_and_fits_its_kinds_alone() {
        for text in [
            "money(CZK,2)",
            "decimal(12,4)",
            "percent(2)",
            "bool",
            "date",
            "instant",
            "duration",
            "json",
            "uuid",
        ] {
            let format: ColumnFormat = text.parse().unwrap();
            assert_eq!(format.to_string(), text);
            assert!(
                ColumnFormat::parse(text, ColumnKind::Real).is_err(),
                "{text}"
            );
        }
        for text in [
            "",
            "money",
            "money(czk,2)",
            "money(CZK,19)",
            "decimal(2,3)",
            "bool(1)",
            "Bool",
        ] {
            assert!(text.parse::<ColumnFormat>().is_err(), "{text}");
        }
    }

    #[test]
    fn what_is_shown_can_be_asked_for() {
        let uuid = vec![0x67; 16];
        for (format, value, text, json) in [
            (
                "money(CZK,2)",
                Value::Integer(1250),
                "12.50 CZK",
                "\"12.50\"",
            ),
            ("money(JPY,0)", Value::Integer(-7), "-7 JPY", "\"-7\""),
            ("money(CZK,2)", Value::Integer(-5), "-0.05 CZK", "\"-0.05\""),
            (
                "decimal(12,4)",
                Value::Integer(i64::MIN),
                "-922337203685477.5808",
                "\"-922337203685477.5808\"",
            ),
            ("percent(1)", Value::Integer(155), "15.5 %", "\"15.5\""),
            ("bool", Value::Integer(1), "true", "true"),
            (
                "duration",
                Value::Integer(1_500_000_000),
                "1.5 s",
                "\"1.5\"",
            ),
            (
                "duration",
                Value::Integer(-60_000_000_000),
                "-60 s",
                "\"-60\"",
            ),
            (
                "instant",
                Value::Integer(-1),
                "1969-12-31T23:59:59.999999999Z",
                "\"1969-12-31T23:59:59.999999999Z\"",
            ),
            (
                "uuid",
                Value::Blob(uuid),
                "67676767-6767-6767-6767-676767676767",
                "\"67676767-6767-6767-6767-676767676767\"",
            ),
        ] {
            let format: ColumnFormat = format.parse().unwrap();
            let kind = match value {
                Value::Integer(_) => ColumnKind::Integer,
                _ => ColumnKind::Blob,
            };
            assert_eq!(format.show(&value).unwrap(), text);
            assert_eq!(format.json(&value).unwrap().get(), json);
            assert_eq!(format.read(text, kind), Some(value.clone()), "{text}");
            let bare = json.trim_matches('"');
            assert_eq!(format.read(bare, kind), Some(value), "{bare}");
        }
        let read = |format: &str, text| {
            let format: ColumnFormat = format.parse().unwrap();
            format.read(text, ColumnKind::Integer)
        };
        assert_eq!(read("money(CZK,2)", "12.5"), Some(Value::Integer(1250)));
        assert_eq!(read("money(CZK,2)", "12"), Some(Value::Integer(1200)));
        for text in [
            "12.505",
            "twelve",
            "1 2.00",
            "",
            "12.50 EUR",
            "99999999999999999999",
        ] {
            assert_eq!(read("money(CZK,2)", text), None, "{text}");
        }
        assert_eq!(read("bool", "1"), None);
        let json: ColumnFormat = "json".parse().unwrap();
        let kept = Value::Text("{\"a\":1.0}".into());
        assert_eq!(json.json(&kept).unwrap().get(), "{\"a\":1.0}");
        assert_eq!(json.json(&Value::Text("{".into())).unwrap().get(), "\"{\"");
    }
}
