//! Owns just enough JSON for the guests to read their payloads and to write text into them. It is not a general
//! parser: it assumes what the host has already checked, that a payload is well formed, and panics where it is not.

use std::{iter::Peekable, str::Chars};

/// One JSON value.
#[derive(Clone, Debug, PartialEq)]
pub enum Json {
    /// `null`
    Null,
    /// `true` or `false`
    Boolean(bool),
    /// A number without fraction and exponent that fits.
    Integer(i64),
    /// Any other number.
    Real(f64),
    /// A string, unescaped.
    Text(String),
    /// An array.
    List(Vec<Json>),
    /// An object's members in the order of the text.
    Object(Vec<(String, Json)>),
}

impl Json {
    /// Reads one value; what follows it is not looked at.
    pub fn parse(text: &str) -> Self {
        parse_value(&mut text.chars().peekable())
    }

    /// The member of this name; `Null` where there is none or this is not an object.
    pub fn get(&self, name: &str) -> &Json {
        match self {
            Json::Object(members) => members
                .iter()
                .find(|(member, _)| member == name)
                .map_or(&Json::Null, |(_, value)| value),
            _ => &Json::Null,
        }
    }

    /// This integer, if it is one.
    pub fn integer(&self) -> Option<i64> {
        match self {
            Json::Integer(integer) => Some(*integer),
            _ => None,
        }
    }

    /// This string, if it is one.
    pub fn text(&self) -> Option<&str> {
        match self {
            Json::Text(text) => Some(text),
            _ => None,
        }
    }

    /// This array's items; none where it is not an array.
    pub fn items(&self) -> &[Json] {
        match self {
            Json::List(items) => items,
            _ => &[],
        }
    }
}

/// `text` as a JSON string, with its quotes.
pub fn quote(text: &str) -> String {
    let mut quoted = String::from("\"");
    for character in text.chars() {
        match character {
            '"' => quoted.push_str("\\\""),
            '\\' => quoted.push_str("\\\\"),
            control if control < ' ' => {
                quoted.push_str(&format!("\\u{:04x}", u32::from(control)));
            }
            other => quoted.push(other),
        }
    }
    quoted.push('"');
    quoted
}

type Input<'a> = Peekable<Chars<'a>>;

fn skip_spaces(input: &mut Input) {
    while input.next_if(|next| next.is_ascii_whitespace()).is_some() {}
}

fn expect(input: &mut Input, wanted: char) {
    skip_spaces(input);
    let found = input.next();
    assert_eq!(found, Some(wanted), "malformed JSON");
}

/// True, and the character is taken, where it comes next.
fn comes(input: &mut Input, wanted: char) -> bool {
    skip_spaces(input);
    input.next_if_eq(&wanted).is_some()
}

fn parse_value(input: &mut Input) -> Json {
    skip_spaces(input);
    match input.peek().expect("JSON ends early") {
        '{' => parse_object(input),
        '[' => parse_list(input),
        '"' => Json::Text(parse_text(input)),
        _ => parse_word(input),
    }
}

fn parse_object(input: &mut Input) -> Json {
    expect(input, '{');
    let mut members = Vec::new();
    if comes(input, '}') {
        return Json::Object(members);
    }
    loop {
        skip_spaces(input);
        let name = parse_text(input);
        expect(input, ':');
        members.push((name, parse_value(input)));
        if !comes(input, ',') {
            expect(input, '}');
            return Json::Object(members);
        }
    }
}

fn parse_list(input: &mut Input) -> Json {
    expect(input, '[');
    let mut items = Vec::new();
    if comes(input, ']') {
        return Json::List(items);
    }
    loop {
        items.push(parse_value(input));
        if !comes(input, ',') {
            expect(input, ']');
            return Json::List(items);
        }
    }
}

fn parse_text(input: &mut Input) -> String {
    expect(input, '"');
    let mut units = Vec::new();
    loop {
        let character = match input.next().expect("JSON string ends early") {
            '"' => break,
            '\\' => match input.next().expect("JSON escape ends early") {
                'n' => '\n',
                't' => '\t',
                'r' => '\r',
                'b' => '\u{8}',
                'f' => '\u{c}',
                'u' => {
                    let digits: String = input.take(4).collect();
                    let unit = u16::from_str_radix(&digits, 16).expect("four hexadecimal digits");
                    units.push(unit);
                    continue;
                }
                other => other,
            },
            other => other,
        };
        units.extend_from_slice(character.encode_utf16(&mut [0; 2]));
    }
    // Collected in UTF-16 because that is what `\u` escapes are: a pair of them may be one character.
    String::from_utf16_lossy(&units)
}

fn parse_word(input: &mut Input) -> Json {
    let mut word = String::new();
    while let Some(next) =
        input.next_if(|next| next.is_ascii_alphanumeric() || matches!(next, '+' | '-' | '.'))
    {
        word.push(next);
    }
    match word.as_str() {
        "null" => Json::Null,
        "true" => Json::Boolean(true),
        "false" => Json::Boolean(false),
        number => number
            .parse()
            .map(Json::Integer)
            .or_else(|_| number.parse().map(Json::Real))
            .expect("malformed JSON number"),
    }
}

#[cfg(test)]
mod tests {
    use super::{Json, quote};

    #[test]
    fn a_payload_is_read_by_name() {
        let payload = Json::parse(r#" {"n" : -13, "x":1.5, "list":[1,"a",null,true,[]], "o":{}} "#);
        assert_eq!(payload.get("n").integer(), Some(-13));
        assert_eq!(payload.get("x"), &Json::Real(1.5));
        assert_eq!(
            payload.get("list").items(),
            [
                Json::Integer(1),
                Json::Text("a".into()),
                Json::Null,
                Json::Boolean(true),
                Json::List(vec![]),
            ]
        );
        assert_eq!(payload.get("o"), &Json::Object(vec![]));
        assert_eq!(payload.get("absent"), &Json::Null);
    }

    #[test]
    fn quoted_text_reads_back_as_it_was() {
        for text in ["", "a\"b\\c\n\t\u{1}/", "žluťoučký 🐎"] {
            assert_eq!(Json::parse(&quote(text)).text(), Some(text), "{text:?}");
        }
        assert_eq!(
            Json::parse(r#""\ud83d\udc0e\u0041""#).text(),
            Some("\u{1f40e}A")
        );
    }
}
