//! Functions of SQL that could take long over little, in a form that takes time in proportion to their arguments and is
//! charged for it: searching, replacing, trimming, matching and formatting. Their results are SQLite's.

use std::borrow::Cow;
use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError};

use memchr::memmem;
use rusqlite::functions::{Context, FunctionFlags, SqlFnOutput, SubType};
use rusqlite::types::{ToSqlOutput, Value, ValueRef};
use rusqlite::{Connection, params_from_iter};

use super::matching::{Pattern, Style};
use super::meter::Meter;
use super::{schema, sqlite};
use crate::model::Result;

/// What a function gives.
enum Given {
    Null,
    Number(i64),
    Text(Vec<u8>),
    /// A text that other functions take for JSON.
    Json(Vec<u8>),
}

impl SqlFnOutput for Given {
    fn to_sql(&self) -> rusqlite::Result<(ToSqlOutput<'_>, SubType)> {
        /// As SQLite marks JSON.
        const JSON: u32 = 74;
        let (value, subtype) = match self {
            Given::Null => (ValueRef::Null, None),
            Given::Number(number) => (ValueRef::Integer(*number), None),
            Given::Text(bytes) => (ValueRef::Text(bytes), None),
            Given::Json(bytes) => (ValueRef::Text(bytes), Some(JSON)),
        };
        Ok((ToSqlOutput::Borrowed(value), subtype))
    }
}

type Answer<T> = rusqlite::Result<T>;

/// Puts them in the place of SQLite's own.
pub fn install(connection: &Connection, meter: &Meter) -> Result<()> {
    let builtin = Builtin::default();
    let add = |name: &str, arguments: i32, function: Function| -> Answer<()> {
        let (meter, builtin) = (meter.clone(), builtin.clone());
        let flags = FunctionFlags::SQLITE_UTF8
            | FunctionFlags::SQLITE_DETERMINISTIC
            | FunctionFlags::SQLITE_INNOCUOUS
            | FunctionFlags::SQLITE_RESULT_SUBTYPE;
        connection.create_scalar_function(name, arguments, flags, move |context| {
            let call = Call {
                context,
                meter: &meter,
                builtin: &builtin,
            };
            call.charge_all()?;
            function(&call)
        })
    };
    let all: [(&str, i32, Function); 14] = [
        ("instr", 2, instr),
        ("replace", 3, replace),
        ("trim", 1, |call| trim(call, true, true)),
        ("trim", 2, |call| trim(call, true, true)),
        ("ltrim", 1, |call| trim(call, true, false)),
        ("ltrim", 2, |call| trim(call, true, false)),
        ("rtrim", 1, |call| trim(call, false, true)),
        ("rtrim", 2, |call| trim(call, false, true)),
        ("like", 2, |call| matches(call, Style::Like(None))),
        ("like", 3, like_with_escape),
        ("glob", 2, |call| matches(call, Style::Glob)),
        ("printf", -1, |call| format(call, "printf")),
        ("format", -1, |call| format(call, "format")),
        ("json_patch", 2, json_patch),
    ];
    for (name, arguments, function) in all {
        let added = add(name, arguments, function);
        added.map_err(|error| sqlite("bounding a function of SQL", error))?;
    }
    Ok(())
}

type Function = fn(&Call<'_>) -> Answer<Given>;

/// One call of a function.
struct Call<'a> {
    context: &'a Context<'a>,
    meter: &'a Meter,
    builtin: &'a Builtin,
}

impl Call<'_> {
    /// Charges with the arguments.
    fn charge_all(&self) -> Answer<()> {
        let bytes = |at| match self.context.get_raw(at) {
            ValueRef::Text(bytes) | ValueRef::Blob(bytes) => bytes.len(),
            _ => 8,
        };
        self.meter.charge((0..self.context.len()).map(bytes).sum())
    }

    /// An argument as text; none: it is null.
    fn text(&self, at: usize) -> Answer<Option<Cow<'_, [u8]>>> {
        Ok(match self.context.get_raw(at) {
            ValueRef::Null => None,
            ValueRef::Text(bytes) | ValueRef::Blob(bytes) => Some(Cow::Borrowed(bytes)),
            ValueRef::Integer(number) => Some(Cow::Owned(number.to_string().into_bytes())),
            real @ ValueRef::Real(_) => {
                match self
                    .builtin
                    .ask("SELECT CAST(?1 AS TEXT)", &[owned(real)])?
                {
                    Value::Text(text) => Some(Cow::Owned(text.into_bytes())),
                    _ => None,
                }
            }
        })
    }
}

/// SQLite's own functions, for arguments that were looked at: on a connection without a file, made when it is needed.
#[derive(Clone, Default)]
struct Builtin(Arc<Mutex<Option<Connection>>>);

impl Builtin {
    /// The only value that a statement gives for these.
    fn ask(&self, text: &str, values: &[Value]) -> Answer<Value> {
        let mut connection = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let connection = match &mut *connection {
            Some(connection) => connection,
            none => {
                let opened = Connection::open_in_memory()?;
                schema::limit_values(&opened, true).map_err(|error| failed(error.message))?;
                none.insert(opened)
            }
        };
        let mut statement = connection.prepare_cached(text)?;
        statement.query_row(params_from_iter(values), |row| row.get(0))
    }
}

fn failed(what: String) -> rusqlite::Error {
    rusqlite::Error::UserFunctionError(what.into())
}

/// A byte that goes on with a character of UTF-8.
fn goes_on(byte: u8) -> bool {
    byte & 0xc0 == 0x80
}

/// Characters, or in two blobs bytes, up to where the second is in the first; 0 where it is not.
fn instr(call: &Call<'_>) -> Answer<Given> {
    let is_blob = |at| matches!(call.context.get_raw(at), ValueRef::Blob(_));
    let (Some(within), Some(wanted)) = (call.text(0)?, call.text(1)?) else {
        return Ok(Given::Null);
    };
    let Some(at) = memmem::find(&within, &wanted) else {
        return Ok(Given::Number(0));
    };
    let before = match is_blob(0) && is_blob(1) {
        true => at,
        false => { within[..at].iter() }
            .filter(|byte| !goes_on(**byte))
            .count(),
    };
    Ok(Given::Number(before as i64 + 1))
}

fn replace(call: &Call<'_>) -> Answer<Given> {
    let (Some(within), Some(wanted)) = (call.text(0)?, call.text(1)?) else {
        return Ok(Given::Null);
    };
    if wanted.first().is_none_or(|first| *first == 0) {
        return Ok(Given::Text(within.into_owned()));
    }
    let Some(new) = call.text(2)? else {
        return Ok(Given::Null);
    };
    let count = memmem::find_iter(&within, &*wanted).count();
    let bytes = within.len() - count * wanted.len() + count * new.len();
    if bytes > schema::VALUE_BYTES_MAX {
        return Err(failed("string or blob too big".to_owned()));
    }
    call.meter.charge(bytes)?;
    let (mut out, mut done) = (Vec::with_capacity(bytes), 0);
    for at in memmem::find_iter(&within, &*wanted) {
        out.extend_from_slice(&within[done..at]);
        out.extend_from_slice(&new);
        done = at + wanted.len();
    }
    out.extend_from_slice(&within[done..]);
    Ok(Given::Text(out))
}

/// Takes characters of a set, or spaces, off the ends.
fn trim(call: &Call<'_>, left: bool, right: bool) -> Answer<Given> {
    let Some(text) = call.text(0)? else {
        return Ok(Given::Null);
    };
    let set = match call.context.len() {
        1 => Some(Cow::Borrowed(&b" "[..])),
        _ => call.text(1)?,
    };
    let Some(set) = set else {
        return Ok(Given::Null);
    };
    // SQLite's set ends with its first zero.
    let set = set.split(|byte| *byte == 0).next().unwrap_or_default();
    let set: HashSet<&[u8]> = characters(set).collect();
    let mut rest = &*text;
    while left && !rest.is_empty() {
        let first = characters(rest).next().unwrap_or_default();
        match set.contains(first) {
            true => rest = &rest[first.len()..],
            false => break,
        }
    }
    while right && !rest.is_empty() {
        let start = { rest.iter() }
            .rposition(|byte| !goes_on(*byte))
            .unwrap_or(0);
        match set.contains(&rest[start..]) {
            true => rest = &rest[..start],
            false => break,
        }
    }
    Ok(Given::Text(rest.to_vec()))
}

/// Each character of a text in UTF-8.
fn characters(text: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut rest = text;
    std::iter::from_fn(move || {
        let (_, tail) = rest.split_first()?;
        let more = tail.iter().take_while(|byte| goes_on(**byte)).count();
        let (first, after) = rest.split_at(1 + more);
        rest = after;
        Some(first)
    })
}

fn like_with_escape(call: &Call<'_>) -> Answer<Given> {
    let Some(escape) = call.text(2)? else {
        return Ok(Given::Null);
    };
    let escape = String::from_utf8_lossy(&escape);
    let mut characters = escape.chars();
    match (characters.next(), characters.next()) {
        (Some(escape), None) => matches(call, Style::Like(Some(escape))),
        _ => Err(failed(
            "ESCAPE expression must be a single character".to_owned(),
        )),
    }
}

/// The pattern is the first argument.
fn matches(call: &Call<'_>, style: Style) -> Answer<Given> {
    let (Some(pattern), Some(text)) = (call.text(0)?, call.text(1)?) else {
        return Ok(Given::Null);
    };
    if pattern.len() > schema::PATTERN_BYTES_MAX {
        return Err(failed("LIKE or GLOB pattern too complex".to_owned()));
    }
    // A pattern that stands in the statement is understood once.
    let understand = |_: ValueRef<'_>| -> Result<Pattern, std::convert::Infallible> {
        Ok(Pattern::new(&pattern, style))
    };
    let pattern = match style {
        Style::Like(Some(_)) => Arc::new(Pattern::new(&pattern, style)),
        _ => call.context.get_or_create_aux(0, understand)?,
    };
    let found = pattern.matches(&text, |bytes| call.meter.charge(bytes))?;
    Ok(Given::Number(i64::from(found)))
}

/// As `printf` of C: a width in it may make much of little.
fn format(call: &Call<'_>, name: &str) -> Answer<Given> {
    let count = call.context.len();
    if count == 0 {
        return Ok(Given::Null);
    }
    let values: Vec<Value> = { (0..count).map(|at| owned(call.context.get_raw(at))) }.collect();
    let marks = vec!["?"; count].join(",");
    let made = call
        .builtin
        .ask(&format!("SELECT {name}({marks})"), &values)?;
    Ok(match made {
        Value::Text(text) => {
            call.meter.charge(text.len())?;
            Given::Text(text.into_bytes())
        }
        _ => Given::Null,
    })
}

fn owned(value: ValueRef<'_>) -> Value {
    match value {
        ValueRef::Null => Value::Null,
        ValueRef::Integer(number) => Value::Integer(number),
        ValueRef::Real(number) => Value::Real(number),
        // What is no UTF-8 cannot be had as an owned text.
        ValueRef::Text(bytes) => Value::Text(String::from_utf8_lossy(bytes).into_owned()),
        ValueRef::Blob(bytes) => Value::Blob(bytes.to_vec()),
    }
}

/// Looks for each member of the patch among those of the target, so that it takes the product of both.
fn json_patch(call: &Call<'_>) -> Answer<Given> {
    /// Some tenths of a second.
    const PRODUCT_MAX: usize = 1 << 32;
    let values = [0, 1].map(|at| owned(call.context.get_raw(at)));
    let bytes = |value: &Value| match value {
        Value::Text(text) => text.len(),
        Value::Blob(bytes) => bytes.len(),
        _ => 1,
    };
    let product = bytes(&values[0]).saturating_mul(bytes(&values[1]));
    if product > PRODUCT_MAX {
        return Err(failed("json_patch: the documents are too large".to_owned()));
    }
    call.meter.charge(product / 2)?;
    let made = call.builtin.ask("SELECT json_patch(?1, ?2)", &values)?;
    Ok(match made {
        Value::Text(text) => Given::Json(text.into_bytes()),
        _ => Given::Null,
    })
}

#[cfg(test)]
mod tests {
    use super::super::meter::{Allowance, Stop};
    use super::*;

    fn bounded() -> (Connection, Meter) {
        let mut connection = Connection::open_in_memory().unwrap();
        let meter = Meter::install(&mut connection).unwrap();
        schema::limit_values(&connection, true).unwrap();
        install(&connection, &meter).unwrap();
        (connection, meter)
    }

    fn value(connection: &Connection, text: &str) -> Answer<Value> {
        connection.query_row(text, [], |row| row.get(0))
    }

    #[test]
    fn results_are_those_of_sqlite() {
        let (ours, _) = bounded();
        let theirs = Connection::open_in_memory().unwrap();
        let texts = [
            "NULL",
            "''",
            "'a'",
            "'ab'",
            "'aab'",
            "'Übung über Ü'",
            "'ü'",
            "x'c3bc'",
            "x'00ff00'",
            "12",
            "-1.5",
            "1e30",
            "'a_b%c'",
            "'%'",
            "'_'",
            "'a%'",
            "'%b'",
            "'*b'",
            "'?b'",
            "'[a-c]b'",
            "'[^a-c]*'",
            "'[]x]'",
            "'[a'",
            "'A%Ü'",
            "'%a%b%'",
            "'aXbXc'",
            "' a '",
            "'{\"a\":1,\"b\":2}'",
            "'{\"a\":null}'",
            "'nul' || char(0) || 'x'",
            "'\\'",
        ];
        let mut asked = 0;
        let mut check = |text: &str| {
            asked += 1;
            let (a, b) = (value(&ours, text), value(&theirs, text));
            match (a, b) {
                (Ok(a), Ok(b)) => assert_eq!(a, b, "{text}"),
                (Err(_), Err(_)) => {}
                (a, b) => panic!("{text}: {a:?}, and {b:?}"),
            }
        };
        for a in texts {
            for name in ["trim", "ltrim", "rtrim", "printf", "format"] {
                check(&format!("SELECT {name}({a})"));
            }
            for b in texts {
                for name in [
                    "instr",
                    "trim",
                    "ltrim",
                    "rtrim",
                    "like",
                    "glob",
                    "json_patch",
                ] {
                    check(&format!("SELECT {name}({a}, {b})"));
                    check(&format!("SELECT typeof({name}({a}, {b}))"));
                }
                check(&format!("SELECT json_array(json_patch({a}, {b}))"));
                check(&format!("SELECT {a} LIKE {b} ESCAPE '\\'"));
                check(&format!("SELECT {a} LIKE {b} ESCAPE '_'"));
                check(&format!("SELECT {a} LIKE {b} ESCAPE '%'"));
                check(&format!(
                    "SELECT printf('%s-%5d-%.2f-%.*c', {a}, {b}, {b}, 3, {a})"
                ));
                for c in ["'xyz'", "''", "NULL", "7"] {
                    check(&format!("SELECT replace({a}, {b}, {c})"));
                }
            }
        }
        assert!(asked > 20_000, "{asked}");
    }

    #[test]
    fn long_arguments_take_time_in_proportion_or_are_stopped() {
        let (connection, meter) = bounded();
        let linear = [
            "SELECT instr(zeroblob(1000000), CAST(zeroblob(500000) || x'01' AS BLOB))",
            "SELECT length(ltrim(printf('%.*c', 300000, 'a'), printf('%.*c', 300000, 'b') || 'a'))",
            "SELECT length(replace(printf('%.*c', 1000000, 'a'), printf('%.*c', 500000, 'a') || 'b', 'c'))",
        ];
        let heavy = [
            "SELECT printf('%.*c', 1000000, 'a') LIKE '%' || printf('%.*c', 20000, 'a') || 'b'",
            "SELECT printf('%.*c', 1000000, 'a') GLOB '*' || printf('%.*c', 900, 'a') || 'b'",
            "SELECT json_patch('{' || replace(printf('%.*c', 100000, '0'), '0', '\"a\":1,') || '\"b\":1}', '{\"c\":1}')",
        ];
        let allowance = || Allowance {
            steps: Some(10_000_000),
            ..Allowance::default()
        };
        for text in linear {
            meter.begin(allowance());
            value(&connection, text).unwrap();
            assert_eq!(meter.end(), None, "{text}");
        }
        let before = crate::model::clock::Stopwatch::start();
        for text in &heavy[..2] {
            meter.begin(allowance());
            value(&connection, text).unwrap_err();
            let too_long = text.contains("20000");
            assert_eq!(meter.end(), (!too_long).then_some(Stop::Work), "{text}");
        }
        meter.begin(allowance());
        value(&connection, heavy[2]).unwrap();
        assert_eq!(meter.end(), None);
        assert!(before.seconds() < 20.0, "{} s", before.seconds());
        for text in [
            "SELECT printf('%.*c', 60000000, 'a')",
            "SELECT replace(printf('%.*c', 1000000, 'a'), 'a', printf('%.*c', 1000000, 'a'))",
        ] {
            let error = value(&connection, text).unwrap_err();
            assert!(error.to_string().contains("too big"), "{text}: {error}");
        }
    }
}
