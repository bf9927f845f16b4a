//! Text with `{member}` in it, filled from a task's JSON.

use serde_json::Value as Json;

/// `{member}` and `{member.of.it}` become what the data has there; text as it is, other values as JSON. `{{` is a brace.
/// The error names a member that is not there.
pub fn fill(template: &str, data: &Json) -> Result<String, String> {
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
        filled.push_str(&member(data, &rest[..end])?);
        rest = &rest[end + 1..];
    }
    filled.push_str(rest);
    Ok(filled)
}

/// What the data has at a path of members.
pub fn member(data: &Json, path: &str) -> Result<String, String> {
    let found = path
        .split('.')
        .try_fold(data, |value, name| value.get(name.trim()));
    match found {
        None | Some(Json::Null) => Err(format!("the task's data has no '{}'", path.escape_debug())),
        Some(Json::String(text)) => Ok(text.clone()),
        Some(other) => Ok(other.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn members_stand_where_the_template_names_them() {
        let data = json!({"name": "Ana", "to": {"mail": "a@example.com"}, "n": 3, "none": null});
        let filled = |template| fill(template, &data);
        assert_eq!(filled("{name} <{to.mail}>").unwrap(), "Ana <a@example.com>");
        assert_eq!(filled("no. {n}, {{name}}").unwrap(), "no. 3, {name}");
        assert_eq!(filled("").unwrap(), "");
        for bad in ["{nobody}", "{none}", "{to.nobody}", "{name", "name}", "{}"] {
            assert!(filled(bad).is_err(), "{bad}");
        }
    }
}
