//! Query strings and paths, read strictly: what is not percent-encoded UTF-8, comes twice or is not known is refused.

use axum::http::Uri;

use super::problem::Problem;
use crate::model::Seq;
use crate::model::error::shown;
use crate::study::{Moment, OtherState};

/// The earlier state that `as_of` or `as_of_event_time` names.
pub fn other_state(
    as_of: Option<String>,
    as_of_event_time: Option<String>,
    as_known: bool,
) -> Result<Option<OtherState>, Problem> {
    let moment = match (as_of, as_of_event_time) {
        (None, None) if as_known => {
            let text = "'as_known' says how an earlier state is shown, and 'as_of' names none";
            return Err(Problem::malformed(text));
        }
        (None, None) => return Ok(None),
        (Some(text), None) => text.parse().map_err(|_| {
            Problem::malformed("'as_of' is the seq of an event, or a time of RFC 3339")
        })?,
        (None, Some(text)) => Moment::happened(&text)
            .map_err(|_| Problem::malformed("'as_of_event_time' is a time of RFC 3339"))?,
        (Some(_), Some(_)) => {
            let text = "'as_of' and 'as_of_event_time' name two moments; one is enough";
            return Err(Problem::malformed(text));
        }
    };
    Ok(Some(OtherState::Past { moment, as_known }))
}

/// The parameters of a query string that nobody has taken yet.
#[derive(Debug, Default)]
pub struct Parameters(Vec<(String, String)>);

impl Parameters {
    pub fn of(uri: &Uri) -> Result<Parameters, Problem> {
        let pairs = uri.query().unwrap_or_default().split('&');
        let pairs = pairs.filter(|pair| !pair.is_empty()).map(|pair| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            Ok((decoded(name, true)?, decoded(value, true)?))
        });
        Ok(Parameters(pairs.collect::<Result<_, Problem>>()?))
    }

    /// The parameter with a name, which may be given once.
    pub fn take(&mut self, name: &str) -> Result<Option<String>, Problem> {
        let is = |(known, _): &(String, String)| known == name;
        let Some(at) = self.0.iter().position(is) else {
            return Ok(None);
        };
        let (_, value) = self.0.remove(at);
        match self.0.iter().any(is) {
            true => Err(Problem::malformed(format!("'{name}' is given twice"))),
            false => Ok(Some(value)),
        }
    }

    /// A list with commas between its items, of which there are at most `max`, none of them twice.
    pub fn take_list(&mut self, name: &str, max: usize) -> Result<Option<Vec<String>>, Problem> {
        let Some(text) = self.take(name)? else {
            return Ok(None);
        };
        let mut items = Vec::new();
        for item in text.split(',') {
            add_item(&mut items, name, item, max)?;
        }
        Ok(Some(items))
    }

    /// A whole number from 1 to `max`.
    pub fn take_limit(&mut self, default: usize, max: usize) -> Result<usize, Problem> {
        let Some(text) = self.take("limit")? else {
            return Ok(default);
        };
        text.parse()
            .ok()
            .filter(|limit| (1..=max).contains(limit))
            .ok_or_else(|| Problem::malformed(format!("'limit' is a number from 1 to {max}")))
    }

    /// A position in the log.
    pub fn take_seq(&mut self, name: &str) -> Result<Option<u64>, Problem> {
        let text = self.take(name)?;
        text.map(|text| seq(name, &text)).transpose()
    }

    /// `as_of`: a position in the log, or a time; or `as_of_event_time`: when events happened. With `as_known`, as the book
    /// showed it then.
    pub fn take_other_state(&mut self) -> Result<Option<OtherState>, Problem> {
        let (as_of, as_of_event_time) = (self.take("as_of")?, self.take("as_of_event_time")?);
        other_state(as_of, as_of_event_time, self.take_flag("as_known")?)
    }

    /// True or false; false where it is absent.
    pub fn take_flag(&mut self, name: &str) -> Result<bool, Problem> {
        self.take(name)?.map_or(Ok(false), |text| flag(name, &text))
    }

    /// The value of a parameter that may be given once, if it is there.
    pub fn last(&self, name: &str) -> Option<&str> {
        let is_it = |(known, _): &&(String, String)| known == name;
        self.0.iter().rfind(is_it).map(|(_, value)| value.as_str())
    }

    /// The values of a parameter that may be given several times.
    pub fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        let is_it = move |(known, _): &&(String, String)| known == name;
        self.0.iter().filter(is_it).map(|(_, value)| value.as_str())
    }

    /// Refuses a parameter whose name is none of these.
    pub fn check_known<'a>(
        &self,
        known: impl Iterator<Item = &'a str> + Clone,
    ) -> Result<(), Problem> {
        let is_unknown = |(name, _): &&(String, String)| known.clone().all(|known| known != name);
        match self.0.iter().find(is_unknown) {
            None => Ok(()),
            Some((name, _)) => Err(unknown(name, known)),
        }
    }

    /// Those that are left.
    pub fn rest(self) -> Vec<(String, String)> {
        self.0
    }
}

/// Puts another item into the list that a parameter gives: one that is new, where there is room.
pub fn add_item(
    items: &mut Vec<String>,
    name: &str,
    item: &str,
    max: usize,
) -> Result<(), Problem> {
    if items.iter().any(|known| known == item) {
        let text = format!("'{name}' names '{}' twice", shown(item));
        return Err(Problem::malformed(text));
    }
    if items.len() == max {
        return Err(Problem::malformed(format!("more than {max} of '{name}'")));
    }
    items.push(item.to_owned());
    Ok(())
}

/// A position in the log.
pub fn seq(name: &str, text: &str) -> Result<u64, Problem> {
    let seq = text.trim().parse::<Seq>();
    seq.map(|seq| seq.0).map_err(|error| {
        Problem::malformed(format!(
            "'{name}' is the seq of an event: {}",
            error.message
        ))
    })
}

/// True or false.
pub fn flag(name: &str, text: &str) -> Result<bool, Problem> {
    text.parse()
        .map_err(|_| Problem::malformed(format!("'{}' is true or false", shown(name))))
}

/// A parameter that nobody knows, with those that are known.
pub fn unknown<'a>(name: &str, known: impl Iterator<Item = &'a str>) -> Problem {
    let known: Vec<_> = known.collect();
    Problem::malformed(format!("there is no parameter '{}'", shown(name))).with("known", known)
}

/// The segment of a path at a place, as it was sent.
pub fn segment(uri: &Uri, at: usize) -> &str {
    uri.path().split('/').nth(at + 1).unwrap_or_default()
}

/// Percent-encoded UTF-8.
pub fn decoded(text: &str, plus_is_space: bool) -> Result<String, Problem> {
    let malformed =
        || Problem::malformed(format!("'{}' is not percent-encoded UTF-8", shown(text)));
    let hex = |digit: u8| char::from(digit).to_digit(16);
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, tail @ ..] = rest {
        rest = tail;
        match first {
            b'%' => {
                let [high, low, tail @ ..] = tail else {
                    return Err(malformed());
                };
                let (high, low) = hex(*high).zip(hex(*low)).ok_or_else(malformed)?;
                bytes.push((high * 16 + low) as u8);
                rest = tail;
            }
            b'+' if plus_is_space => bytes.push(b' '),
            byte => bytes.push(*byte),
        }
    }
    String::from_utf8(bytes).map_err(|_| malformed())
}
