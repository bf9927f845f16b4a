//! JSON rewritten leaf by leaf. What is not replaced keeps its text, its order and its numbers to the last digit; only the
//! blanks between tokens may go.

use std::fmt;

use serde::de::{MapAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;

/// What may be replaced.
#[derive(Debug, Clone, Copy)]
pub enum Leaf<'a> {
    /// The name of a member, to be replaced by another name.
    Name(&'a str),
    /// A string, number, `true`, `false` or `null` as it is written, to be replaced by another such text.
    Scalar(&'a str),
}

/// Members in their order.
struct Members<'a>(Vec<(String, &'a RawValue)>);

impl<'de: 'a, 'a> Deserialize<'de> for Members<'a> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Collect;
        impl<'de> Visitor<'de> for Collect {
            type Value = Members<'de>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Members<'de>, A::Error> {
                let mut members = Vec::new();
                while let Some(member) = map.next_entry::<String, &'de RawValue>()? {
                    members.push(member);
                }
                Ok(Members(members))
            }
        }
        from.deserialize_map(Collect)
    }
}

/// Asks for every name and scalar, with the JSON pointer of where it is, whether it is replaced. What is no JSON stays.
pub fn rewrite(raw: &str, ask: &mut dyn FnMut(&str, Leaf<'_>) -> Option<String>) -> String {
    let mut out = String::with_capacity(raw.len());
    walk(raw.trim(), &mut String::new(), ask, &mut out);
    out
}

fn walk(
    raw: &str,
    pointer: &mut String,
    ask: &mut dyn FnMut(&str, Leaf<'_>) -> Option<String>,
    out: &mut String,
) {
    let length = pointer.len();
    if let Some(members) = nested::<Members<'_>>(raw, '{') {
        out.push('{');
        for (at, (name, value)) in members.0.iter().enumerate() {
            if at > 0 {
                out.push(',');
            }
            pointer.push('/');
            pointer.push_str(&name.replace('~', "~0").replace('/', "~1"));
            let new = ask(pointer, Leaf::Name(name));
            let name = new.as_deref().unwrap_or(name);
            out.push_str(&serde_json::Value::from(name).to_string());
            out.push(':');
            walk(value.get(), pointer, ask, out);
            pointer.truncate(length);
        }
        out.push('}');
    } else if let Some(items) = nested::<Vec<&RawValue>>(raw, '[') {
        out.push('[');
        for (at, item) in items.iter().enumerate() {
            if at > 0 {
                out.push(',');
            }
            pointer.push_str(&format!("/{at}"));
            walk(item.get(), pointer, ask, out);
            pointer.truncate(length);
        }
        out.push(']');
    } else {
        match ask(pointer, Leaf::Scalar(raw)) {
            Some(new) => out.push_str(&new),
            None => out.push_str(raw),
        }
    }
}

/// What begins so, if it is that.
fn nested<'a, T: Deserialize<'a>>(raw: &'a str, begin: char) -> Option<T> {
    match raw.starts_with(begin) {
        true => serde_json::from_str(raw).ok(),
        false => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_leaf_is_asked_for_with_its_pointer_and_the_rest_stays() {
        let raw = "{ \"b/c\": [1.50, {\"x\": \"\\u00e9\"}], \"a\": -1e400, \"a\": null }";
        let mut asked = Vec::new();
        let out = rewrite(raw, &mut |at, leaf| {
            asked.push(format!("{at} {leaf:?}"));
            matches!(leaf, Leaf::Scalar("null")).then(|| "0".to_owned())
        });
        assert_eq!(out, r#"{"b/c":[1.50,{"x":"\u00e9"}],"a":-1e400,"a":0}"#);
        insta::assert_snapshot!(asked.join("\n"), @r#"
        /b~1c Name("b/c")
        /b~1c/0 Scalar("1.50")
        /b~1c/1/x Name("x")
        /b~1c/1/x Scalar("\"\\u00e9\"")
        /a Name("a")
        /a Scalar("-1e400")
        /a Name("a")
        /a Scalar("null")
        "#);
        assert_eq!(rewrite("no JSON", &mut |_, _| None), "no JSON");
    }
}
