//! Patterns of LIKE and GLOB as SQLite understands them, matched without recursion and charged as it goes.

/// Whose rules a pattern follows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Style {
    /// `%` and `_`, letters of ASCII in either case, and the character that takes away the next one's meaning.
    Like(Option<char>),
    /// `*`, `?` and `[…]`.
    Glob,
}

#[derive(Debug, Clone, PartialEq)]
enum Part {
    /// Any number of characters.
    Any,
    One,
    Just(char),
    /// Ranges, the ends included; true: anything but these.
    Set(Vec<(char, char)>, bool),
    /// Nothing is like it.
    Never,
}

/// A pattern, understood.
#[derive(Debug)]
pub struct Pattern {
    parts: Vec<Part>,
    folds_case: bool,
}

/// Characters that are compared between two charges.
const COMPARED: usize = 1_024;

/// Bytes that comparing a character is charged as: it takes as long as copying so many.
const BYTES_PER_COMPARISON: usize = 8;

impl Pattern {
    pub fn new(bytes: &[u8], style: Style) -> Pattern {
        let text = whole(bytes);
        let mut parts = Vec::new();
        let mut rest = text.chars();
        while let Some(next) = rest.next() {
            let part = match style {
                Style::Like(Some(escape)) if next == escape => match rest.next() {
                    Some(next) => Part::Just(next),
                    None => Part::Never,
                },
                Style::Like(_) if next == '%' => Part::Any,
                Style::Like(_) if next == '_' => Part::One,
                Style::Glob if next == '*' => Part::Any,
                Style::Glob if next == '?' => Part::One,
                Style::Glob if next == '[' => set(&mut rest),
                _ => Part::Just(next),
            };
            if part != Part::Any || parts.last() != Some(&Part::Any) {
                parts.push(part);
            }
        }
        Pattern {
            parts,
            folds_case: style != Style::Glob,
        }
    }

    /// True where all of a text is like the pattern. `charge` may end it with an error.
    pub fn matches<E>(
        &self,
        bytes: &[u8],
        mut charge: impl FnMut(usize) -> Result<(), E>,
    ) -> Result<bool, E> {
        let text = whole(bytes);
        let (mut part, mut at) = (0, 0);
        // Where the last `Any` is, and up to where it goes.
        let mut any: Option<(usize, usize)> = None;
        let mut compared = 0;
        loop {
            compared += 1;
            if compared % COMPARED == 0 {
                charge(COMPARED * BYTES_PER_COMPARISON)?;
            }
            let next = text[at..].chars().next();
            match (self.parts.get(part), next) {
                (Some(Part::Any), _) => {
                    any = Some((part, at));
                    part += 1;
                    // The rest may be anything.
                    if part == self.parts.len() {
                        return Ok(true);
                    }
                    continue;
                }
                (Some(wanted), Some(next)) if self.is_like(wanted, next) => {
                    part += 1;
                    at += next.len_utf8();
                    continue;
                }
                (None, None) => return Ok(true),
                _ => {}
            }
            // The last `Any` takes one more, which leaves less for what is behind it.
            let Some((place, to)) = any.filter(|_| next.is_some()) else {
                return Ok(false);
            };
            let Some(more) = text[to..].chars().next() else {
                return Ok(false);
            };
            let to = to + more.len_utf8();
            any = Some((place, to));
            (part, at) = (place + 1, to);
        }
    }

    fn is_like(&self, part: &Part, next: char) -> bool {
        match part {
            Part::One => true,
            Part::Just(wanted) if self.folds_case => wanted.eq_ignore_ascii_case(&next),
            Part::Just(wanted) => *wanted == next,
            Part::Set(ranges, but) => {
                { ranges.iter() }.any(|(first, last)| (*first..=*last).contains(&next)) != *but
            }
            Part::Any | Part::Never => false,
        }
    }
}

/// As far as SQLite looks: to the first zero.
fn whole(bytes: &[u8]) -> std::borrow::Cow<'_, str> {
    let end = memchr::memchr(0, bytes).unwrap_or(bytes.len());
    String::from_utf8_lossy(&bytes[..end])
}

/// What follows a `[`.
fn set(rest: &mut std::str::Chars<'_>) -> Part {
    let mut ranges = Vec::new();
    let mut next = rest.next();
    let but = next == Some('^');
    if but {
        next = rest.next();
    }
    if next == Some(']') {
        ranges.push((']', ']'));
        next = rest.next();
    }
    // The character before, if a range can begin with it.
    let mut first = None;
    loop {
        match next {
            None => return Part::Never,
            Some(']') => return Part::Set(ranges, but),
            Some('-') if first.is_some() && !matches!(rest.clone().next(), None | Some(']')) => {
                ranges.extend(first.take().zip(rest.next()));
            }
            Some(only) => {
                ranges.push((only, only));
                first = Some(only);
            }
        }
        next = rest.next();
    }
}
