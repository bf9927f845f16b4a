//! Addresses that hold a secret. They are stored, shown and logged, so they are refused, and never repeated.

use reqwest::Url;

use crate::model::{Error, Result};

/// Names of query parameters that hold a secret, or end with one of these.
const SECRETS: [&str; 16] = [
    "key",
    "apikey",
    "token",
    "secret",
    "password",
    "passwd",
    "passphrase",
    "pwd",
    "pass",
    "auth",
    "authorization",
    "sig",
    "signature",
    "credential",
    "jwt",
    "code",
];

/// Refuses an address with a password, with a user other than a mail server's, or with a parameter that says it is a
/// secret. What cannot be parsed is refused too, without its text where that could hold one.
pub fn check(kind: &str, address: &str) -> Result<()> {
    let refuse = |what: &str, hint: &str| {
        let kind = kind.escape_debug();
        Err(Error::usage(format!("kind '{kind}': the address {what}")).hint(hint))
    };
    let hint = "name what holds it: --secret-env NAME or --secret-file FILE";
    let Ok(url) = address.parse::<Url>() else {
        return match address.contains(['@', '?']) {
            true => refuse("cannot be read", "https://host/path"),
            false => Ok(()),
        };
    };
    let is_mail = matches!(url.scheme(), "smtp" | "smtps");
    if url.password().is_some() || (!is_mail && !url.username().is_empty()) {
        return refuse("holds a user or a password", hint);
    }
    let names = url.query_pairs().map(|(name, _)| name.into_owned());
    for name in names {
        let bare: String = { name.chars() }
            .filter(|it| it.is_ascii_alphanumeric())
            .collect();
        let bare = bare.to_ascii_lowercase();
        if SECRETS.iter().any(|secret| bare.ends_with(secret)) {
            let what = format!("holds a secret in '{}'", name.escape_debug());
            return refuse(&what, hint);
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_in_addresses_are_refused_in_any_scheme_and_not_repeated() {
        for address in [
            "https://anna:hunter2@a.example/hook",
            "https://hunter2@a.example/hook",
            "HTTP://hunter2@a.example/",
            "s3://hunter2:x@bucket/prefix",
            "file://hunter2@host/var",
            "smtp://anna:hunter2@a.example:25",
            "smtps://:hunter2@a.example",
            "https://a.example/hook?token=hunter2",
            "https://a.example/hook?x=1&API-Key=hunter2",
            "https://a.example/hook?access%5Ftoken=hunter2",
            "https://a.example/hook?X-Amz-Signature=hunter2",
            "https://anna:hunter2@[",
        ] {
            let error = check("note", address).expect_err(address);
            assert!(!format!("{error:?}").contains("hunter2"), "{error:?}");
        }
        for address in [
            "https://a.example/hook?tenant=7&monkeys=2",
            "smtp://anna@a.example:587?tls=required",
            "s3://bucket/prefix",
            "file:///var/out",
        ] {
            check("note", address).expect(address);
        }
    }
}
