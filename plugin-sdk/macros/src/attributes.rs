//! What the derives share: doc comments, names, and their rules.

use proc_macro2::Span;
use syn::{Attribute, Expr, ExprLit, Ident, Lit, LitStr, Meta};

/// The doc comment as one text: lines joined, paragraphs kept apart.
pub fn doc_comment(attributes: &[Attribute]) -> String {
    let mut text = String::new();
    for attribute in attributes {
        let Meta::NameValue(pair) = &attribute.meta else {
            continue;
        };
        let Expr::Lit(ExprLit {
            lit: Lit::Str(line),
            ..
        }) = &pair.value
        else {
            continue;
        };
        if !pair.path.is_ident("doc") {
            continue;
        }
        let line = line.value();
        let line = line.trim();
        if line.is_empty() {
            text.push('\n');
        } else {
            if !text.is_empty() && !text.ends_with('\n') {
                text.push(' ');
            }
            text.push_str(line);
        }
    }
    text.trim().to_owned()
}

/// `AccountHolder` → `account_holder`
pub fn snake_case(name: &str) -> String {
    let mut text = String::new();
    let mut previous_is_lower = false;
    for letter in name.chars() {
        if letter.is_uppercase() && previous_is_lower {
            text.push('_');
        }
        previous_is_lower = letter.is_lowercase() || letter.is_ascii_digit();
        text.extend(letter.to_lowercase());
    }
    text
}

/// A Rust identifier as a name outside Rust: `r#type` → `type`.
pub fn plain_name(ident: &Ident) -> String {
    let text = ident.to_string();
    text.strip_prefix("r#").map_or(text.clone(), str::to_owned)
}

/// Checks the name of a table, column or index.
pub fn check_name(what: &str, name: &str, span: Span) -> syn::Result<()> {
    let fits = name.starts_with(|c: char| c.is_ascii_lowercase())
        && name
            .chars()
            .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_');
    if fits {
        return Ok(());
    }
    let rule = "a lower-case letter, then lower-case letters, digits and `_`";
    Err(syn::Error::new(
        span,
        format!("`{name}` cannot name a {what}: it takes {rule}"),
    ))
}

/// Checks the name of a plugin.
pub fn check_plugin_name(name: &str, span: Span) -> syn::Result<()> {
    let fits = name.starts_with(|c: char| c.is_ascii_lowercase())
        && name
            .chars()
            .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit());
    if fits {
        return Ok(());
    }
    let rule = "a lower-case letter, then lower-case letters and digits";
    Err(syn::Error::new(
        span,
        format!("`{name}` cannot name a plugin: it takes {rule}"),
    ))
}

/// Checks the name of an event or command type, without the plugin.
pub fn check_type_name(name: &str, span: Span) -> syn::Result<()> {
    let fits = name.starts_with(|c: char| c.is_ascii_alphabetic())
        && name.chars().all(|c| c.is_ascii_alphanumeric());
    if fits {
        return Ok(());
    }
    let rule = "a letter, then letters and digits";
    Err(syn::Error::new(
        span,
        format!("`{name}` cannot name a type: it takes {rule}"),
    ))
}

/// Checks that a version is a day of the calendar, written `2018-07-30`.
pub fn check_version(version: &LitStr) -> syn::Result<()> {
    if is_date(&version.value()) {
        return Ok(());
    }
    let message = format!(
        "`{}` is not a calendar date: a version is written like \"2018-07-30\"",
        version.value()
    );
    Err(syn::Error::new(version.span(), message))
}

fn is_date(text: &str) -> bool {
    let shape = text.len() == 10
        && text.bytes().enumerate().all(|(index, byte)| match index {
            4 | 7 => byte == b'-',
            _ => byte.is_ascii_digit(),
        });
    if !shape {
        return false;
    }
    let number = |range: std::ops::Range<usize>| text[range].parse::<u32>().unwrap_or(0);
    let (year, month, day) = (number(0..4), number(5..7), number(8..10));
    let is_leap = year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
    let days = match month {
        1 | 3 | 5 | 7 | 8 | 10 | 12 => 31,
        4 | 6 | 9 | 11 => 30,
        2 if is_leap => 29,
        2 => 28,
        _ => 0,
    };
    (1..=days).contains(&day)
}
