//! What a column's values mean, beyond the kind in which they are kept: how people are shown them, and may ask for them.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::clock;
use super::error::shown;
use super::manifest::ColumnKind;
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
                Some(format!("{} s", scaled(*nanoseconds, 9)))
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

    /// The value that somebody asks for in the form in which it is shown, with or without its unit; none where it is not in
    /// that form.
    pub fn read(&self, text: &str) -> Option<Value> {
        let text = text.trim();
        match self {
            ColumnFormat::Bool => match text {
                "false" => Some(Value::Integer(0)),
                "true" => Some(Value::Integer(1)),
                _ => None,
            },
            ColumnFormat::Money { currency, scale } => {
                let number = text.strip_suffix(currency.as_str()).unwrap_or(text);
                unscaled(number.trim(), *scale).map(Value::Integer)
            }
            ColumnFormat::Percent { scale } => {
                let number = text.strip_suffix('%').unwrap_or(text);
                unscaled(number.trim(), *scale).map(Value::Integer)
            }
            ColumnFormat::Decimal { scale, .. } => unscaled(text, *scale).map(Value::Integer),
            _ => None,
        }
    }
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

/// The other way round. A text with more places than there are is none, as is one without a point where there should be one:
/// it may be meant either way.
fn unscaled(text: &str, scale: u8) -> Option<i64> {
    let (sign, digits) = match text.strip_prefix('-') {
        Some(digits) => ("-", digits),
        None => ("", text),
    };
    let (whole, part) = match digits.split_once('.') {
        Some(parts) => parts,
        None if scale == 0 => (digits, ""),
        None => return None,
    };
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
        for (format, number, text) in [
            ("money(CZK,2)", 1250, "12.50 CZK"),
            ("money(JPY,0)", -7, "-7 JPY"),
            ("money(CZK,2)", -5, "-0.05 CZK"),
            ("decimal(12,4)", i64::MIN, "-922337203685477.5808"),
            ("percent(1)", 155, "15.5 %"),
            ("bool", 1, "true"),
        ] {
            let format: ColumnFormat = format.parse().unwrap();
            assert_eq!(format.show(&Value::Integer(number)).unwrap(), text);
            assert_eq!(format.read(text), Some(Value::Integer(number)), "{text}");
        }
        let money: ColumnFormat = "money(CZK,2)".parse().unwrap();
        assert_eq!(money.read("12.5"), Some(Value::Integer(1250)));
        for text in ["1250", "12.505", "twelve", "1 2.00", ""] {
            assert_eq!(money.read(text), None, "{text}");
        }
    }
}
