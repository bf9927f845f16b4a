//! Text with `{member}` in it, filled from a task's JSON. Numbers stand there as the task has them, to the last digit.

use std::collections::HashMap;

use serde_json::value::RawValue;

/// `{member}` and `{member.of.it}` become what the data has there; text as it is, other values as JSON. `{{` is a brace.
/// The error names a member that is not there. `id` is filled in with the task's, where it is given.
pub fn fill(template: &str, data: &str, id: Option<&str>) -> Result<String, String> {
    fill_with(template, data, id, |text| text)
}

/// As `fill`, for an address: what the data has stands in it as one part of a path or of a query, whatever it is.
pub fn fill_encoded(template: &str, data: &str) -> Result<String, String> {
    fill_with(template, data, None, |text| {
        let encode = |byte: u8| match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'~' => {
                char::from(byte).to_string()
            }
            // A dot too: two of them would lead up.
            _ => format!("%{byte:02X}"),
        };
        text.bytes().map(encode).collect()
    })
}

fn fill_with(
    template: &str,
    data: &str,
    id: Option<&str>,
    form: impl Fn(String) -> String,
) -> Result<String, String> {
    let mut filled = String::with_capacity(template.len());
    let mut rest = template;
    while let Some(at) = rest.find(['{', '}']) {
        filled.push_str(&rest[..at]);
        let brace = &rest[at..=at];
        rest = &rest[at + 1..];
        if let Some(more) = rest.strip_prefix(brace) {
            filled.push_str(brace);
            rest = more;
            continue;
        }
        let end = rest.find('}').filter(|_| brace == "{");
        let Some(end) = end else {
            return Err(format!("'{template}' has a lone {brace}"));
        };
        match (&rest[..end], id) {
            ("id", Some(id)) => filled.push_str(id),
            (path, _) => filled.push_str(&form(text(raw(data, path)?)?)),
        }
        rest = &rest[end + 1..];
    }
    filled.push_str(rest);
    Ok(filled)
}

/// What the data has at a path of members.
pub fn member(data: &str, path: &str) -> Result<String, String> {
    text(raw(data, path)?)
}

/// The texts of a member that is a list; none where it is none.
pub fn list(data: &str, path: &str) -> Option<Vec<String>> {
    let items: Vec<&RawValue> = serde_json::from_str(raw(data, path).ok()?.get()).ok()?;
    items.into_iter().map(|item| text(item).ok()).collect()
}

fn raw<'a>(data: &'a str, path: &str) -> Result<&'a RawValue, String> {
    let missing = || format!("the task's data has no '{}'", path.escape_debug());
    let mut found: &'a RawValue = serde_json::from_str(data).map_err(|error| error.to_string())?;
    for name in path.split('.') {
        let members: Result<HashMap<String, &'a RawValue>, _> = serde_json::from_str(found.get());
        let member = members
            .ok()
            .and_then(|members| members.get(name.trim()).copied());
        found = member.ok_or_else(missing)?;
    }
    match found.get() {
        "null" => Err(missing()),
        _ => Ok(found),
    }
}

fn text(raw: &RawValue) -> Result<String, String> {
    match raw.get().starts_with('"') {
        true => serde_json::from_str(raw.get()).map_err(|error| error.to_string()),
        false => Ok(raw.get().to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn members_stand_where_the_template_names_them() {
        let data = r#"{"name": "Ana", "to": {"mail": "a@example.com"}, "n": 3, "none": null,
                       "sum": 123456789012345678901234567890.50, "all": ["a", "b"]}"#;
        let filled = |template| fill(template, data, None);
        assert_eq!(filled("{name} <{to.mail}>").unwrap(), "Ana <a@example.com>");
        assert_eq!(filled("no. {n}, {{name}}").unwrap(), "no. 3, {name}");
        assert_eq!(
            filled("{sum}").unwrap(),
            "123456789012345678901234567890.50"
        );
        assert_eq!(filled("").unwrap(), "");
        assert_eq!(fill("{id}", data, Some("t")).unwrap(), "t");
        for bad in [
            "{nobody}",
            "{none}",
            "{to.nobody}",
            "{name",
            "name}",
            "{}",
            "{id}",
        ] {
            assert!(filled(bad).is_err(), "{bad}");
        }
        assert_eq!(list(data, "all").unwrap(), ["a", "b"]);
        assert_eq!(list(data, "name"), None);
        let odd = r#"{"of": "../a b?c=d&e", "year": 2020, "dots": ".."}"#;
        assert_eq!(
            fill_encoded("https://a.example/{year}/{of}?x={dots}", odd).unwrap(),
            "https://a.example/2020/%2E%2E%2Fa%20b%3Fc%3Dd%26e?x=%2E%2E"
        );
    }
}
