//! JSON in its one form: what creators ask for is kept so, whichever language they are written in.
//!
//! It is that of RFC 8785: no spaces, members in the order of their names' UTF-16 code units, texts with no escape that is
//! not needed, fractions in their shortest form. Only whole numbers differ from it: they keep all their digits, where RFC
//! 8785 makes doubles of them.

use std::fmt::Write as _;

use serde::Deserialize;
use serde::de::{Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

use super::error::shown;

/// The canonical form of a JSON text; or why it has none: it is no JSON, a member is there twice, a number is beyond a
/// double's range.
pub fn canonical(text: &str) -> Result<String, String> {
    let raw: &RawValue = serde_json::from_str(text).map_err(|error| error.to_string())?;
    let mut out = String::with_capacity(text.len());
    write(raw, &mut out)?;
    Ok(out)
}

fn write(raw: &RawValue, out: &mut String) -> Result<(), String> {
    let text = raw.get();
    match text.as_bytes().first() {
        Some(b'{') => write_object(text, out),
        Some(b'[') => {
            let items: Vec<&RawValue> = read(text)?;
            out.push('[');
            for (at, item) in items.into_iter().enumerate() {
                if at > 0 {
                    out.push(',');
                }
                write(item, out)?;
            }
            out.push(']');
            Ok(())
        }
        Some(b'"') => {
            write_text(&read::<String>(text)?, out);
            Ok(())
        }
        Some(b'-' | b'0'..=b'9') => write_number(text, out),
        _ => {
            out.push_str(text);
            Ok(())
        }
    }
}

fn read<'a, T: Deserialize<'a>>(text: &'a str) -> Result<T, String> {
    serde_json::from_str(text).map_err(|error| error.to_string())
}

fn write_object(text: &str, out: &mut String) -> Result<(), String> {
    let Members(mut members) = read(text)?;
    members.sort_by(|(a, _), (b, _)| a.encode_utf16().cmp(b.encode_utf16()));
    if let Some(pair) = members.windows(2).find(|pair| pair[0].0 == pair[1].0) {
        return Err(format!("member '{}' is there twice", shown(&pair[0].0)));
    }
    out.push('{');
    for (at, (name, value)) in members.into_iter().enumerate() {
        if at > 0 {
            out.push(',');
        }
        write_text(&name, out);
        out.push(':');
        write(value, out)?;
    }
    out.push('}');
    Ok(())
}

/// An object's members as they stand.
struct Members<'a>(Vec<(String, &'a RawValue)>);

impl<'de> Deserialize<'de> for Members<'de> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct InOrder;
        impl<'de> Visitor<'de> for InOrder {
            type Value = Members<'de>;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Members<'de>, A::Error> {
                let mut members = Vec::new();
                while let Some(member) = map.next_entry()? {
                    members.push(member);
                }
                Ok(Members(members))
            }
        }
        from.deserialize_map(InOrder)
    }
}

fn write_text(text: &str, out: &mut String) {
    out.push('"');
    for letter in text.chars() {
        match letter {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\u{8}' => out.push_str("\\b"),
            '\u{c}' => out.push_str("\\f"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '\0'..'\u{20}' => {
                // A text takes whatever is written to it.
                let _ = write!(out, "\\u{:04x}", u32::from(letter));
            }
            letter => out.push(letter),
        }
    }
    out.push('"');
}

fn write_number(text: &str, out: &mut String) -> Result<(), String> {
    if text
        .bytes()
        .all(|byte| byte.is_ascii_digit() || byte == b'-')
    {
        out.push_str(if text == "-0" { "0" } else { text });
        return Ok(());
    }
    let number: f64 = read(text)?;
    if !number.is_finite() {
        return Err(format!("{} is beyond a double's range", shown(text)));
    }
    out.push_str(&ecmascript(number));
    Ok(())
}

/// A double as ECMAScript writes it: the shortest digits that give it back, plain between 10⁻⁷ and 10²¹.
fn ecmascript(number: f64) -> String {
    if number == 0.0 {
        return "0".to_owned();
    }
    let scientific = format!("{:e}", number.abs());
    let (mantissa, exponent) = scientific.split_once('e').unwrap_or((&scientific, "0"));
    let digits = mantissa.replace('.', "");
    // The point stands behind so many digits.
    let point: i32 = exponent.parse::<i32>().unwrap_or_default() + 1;
    let count = digits.len() as i32;
    let sign = if number < 0.0 { "-" } else { "" };
    let zeros = |count: i32| "0".repeat(usize::try_from(count).unwrap_or_default());
    let written = match point {
        1..=21 if count <= point => format!("{digits}{}", zeros(point - count)),
        1..=21 => {
            let (whole, part) = digits.split_at(point as usize);
            format!("{whole}.{part}")
        }
        -5..=0 => format!("0.{}{digits}", zeros(-point)),
        _ => {
            let (first, rest) = digits.split_at(1);
            let rest = if rest.is_empty() {
                String::new()
            } else {
                format!(".{rest}")
            };
            let sign = if point > 0 { "+" } else { "-" };
            format!("{first}{rest}e{sign}{}", (point - 1).abs())
        }
    };
    format!("{sign}{written}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_that_say_the_same_have_one_form() {
        for (text, form) in [
            (
                r#"{ "b" : 1, "a" : [ 1.50, -0, "x" ] }"#,
                r#"{"a":[1.5,0,"x"],"b":1}"#,
            ),
            (r#""\u0041\/\u001f\u20ac""#, "\"A/\\u001f€\""),
            ("1e3", "1000"),
            ("1.0", "1"),
            (
                "123456789012345678901234567890",
                "123456789012345678901234567890",
            ),
            ("9007199254740993", "9007199254740993"),
            ("-0.0", "0"),
            (r#"{"":1,"\u0000":2}"#, r#"{"":1,"\u0000":2}"#),
            ("null", "null"),
        ] {
            assert_eq!(canonical(text).unwrap(), form, "{text}");
            assert_eq!(canonical(form).unwrap(), form, "{text}");
        }
        for text in [r#"{"a":1,"a":2}"#, "1e999", "{", ""] {
            assert!(canonical(text).is_err(), "{text}");
        }
    }

    /// The samples of RFC 8785, appendix B, and its order of names.
    #[test]
    fn doubles_and_names_are_as_the_rfc_has_them() {
        for (bits, form) in [
            (0x0000_0000_0000_0001_u64, "5e-324"),
            (0x7fef_ffff_ffff_ffff, "1.7976931348623157e+308"),
            (0x4340_0000_0000_0000, "9007199254740992"),
            (0x4430_0000_0000_0000, "295147905179352830000"),
            (0x44b5_2d02_c7e1_4af5, "9.999999999999997e+22"),
            (0x44b5_2d02_c7e1_4af6, "1e+23"),
            (0x444b_1ae4_d6e2_ef4e, "999999999999999700000"),
            (0x444b_1ae4_d6e2_ef50, "1e+21"),
            (0x3eb0_c6f7_a0b5_ed8c, "9.999999999999997e-7"),
            (0x3eb0_c6f7_a0b5_ed8d, "0.000001"),
            (0x41b3_de43_5555_5553, "333333333.3333332"),
            (0xbecb_f647_612f_3696, "-0.0000033333333333333333"),
        ] {
            assert_eq!(ecmascript(f64::from_bits(bits)), form, "{bits:x}");
        }
        let names =
            r#"{"\u20ac":1,"\r":2,"\ufb33":3,"1":4,"\ud83d\ude00":5,"\u0080":6,"\u00f6":7}"#;
        let sorted = "{\"\\r\":2,\"1\":4,\"\u{80}\":6,\"ö\":7,\"€\":1,\"😀\":5,\"\u{fb33}\":3}";
        assert_eq!(canonical(names).unwrap(), sorted);
    }
}
