//! Whether what came is what is shown: `…` stands for anything, and what differs from run to run (ids, times, digests, how
//! long it took) for others of its kind.

/// True where the lines that came are those that are shown.
pub fn is_shown(shown: &[String], came: &[&str]) -> bool {
    let lines = |lines: Vec<String>| -> Vec<String> {
        let filled = lines.iter().rposition(|line| !line.is_empty());
        lines[..filled.map_or(0, |last| last + 1)].to_vec()
    };
    let shown = lines(shown.iter().map(|line| masked(line)).collect());
    let came = lines(came.iter().map(|line| masked(line)).collect());
    are_like(&shown, &came)
}

fn are_like(shown: &[String], came: &[String]) -> bool {
    match shown {
        [] => came.is_empty(),
        [any, rest @ ..] if any == "…" => {
            (0..=came.len()).any(|skipped| are_like(rest, &came[skipped..]))
        }
        [line, rest @ ..] => match came {
            [first, others @ ..] => is_like(line, first) && are_like(rest, others),
            [] => false,
        },
    }
}

fn is_like(shown: &str, came: &str) -> bool {
    match shown.split_once('…') {
        None => shown == came,
        Some((before, after)) => came.strip_prefix(before).is_some_and(|rest| {
            rest.char_indices()
                .map(|(at, _)| at)
                .chain([rest.len()])
                .any(|at| is_like(after, &rest[at..]))
        }),
    }
}

/// A line without what is another in every run, and without blanks at its end.
fn masked(line: &str) -> String {
    let mut text = String::new();
    let mut rest = line.trim_end();
    while !rest.is_empty() {
        let length = rest.find(|c: char| !is_of_a_word(c)).unwrap_or(rest.len());
        let (word, after) = rest.split_at(length);
        match kind(word, after) {
            Some((kind, further)) => {
                text.push_str(kind);
                rest = &after[further..];
            }
            None => {
                text.push_str(word);
                let next = after.chars().next();
                text.extend(next);
                rest = &after[next.map_or(0, char::len_utf8)..];
            }
        }
    }
    text
}

fn is_of_a_word(c: char) -> bool {
    c.is_ascii_alphanumeric() || "-:.µ".contains(c)
}

/// What a word is an instance of, and how many bytes of the text after it belong to it.
fn kind(word: &str, after: &str) -> Option<(&'static str, usize)> {
    let parts: Vec<usize> = word.split('-').map(str::len).collect();
    let is_hex = |text: &str| text.chars().all(|c| c.is_ascii_hexdigit());
    if parts == [8, 4, 4, 4, 12] && is_hex(&word.replace('-', "")) {
        return Some(("<id>", 0));
    }
    // A time of today; one of history is what a page is about.
    let is_dated = word.len() >= 19 && word.is_char_boundary(11) && word[..11].ends_with('T');
    if is_dated && ("2025".."3").contains(&word) && word.contains(':') {
        return Some(("<time>", 0));
    }
    if word.len() >= 12 && is_hex(word) && word.contains(|c: char| c.is_ascii_digit()) {
        return Some(("<digest>", 0));
    }
    let unit = [" ms", " µs", " s"].into_iter().find(|unit| {
        let rest = after.strip_prefix(unit);
        rest.is_some_and(|rest| !rest.starts_with(is_of_a_word) || rest.starts_with('.'))
    })?;
    let is_number = word.contains(|c: char| c.is_ascii_digit())
        && word.chars().all(|c| c.is_ascii_digit() || c == '.');
    is_number.then_some(("<duration>", unit.len()))
}

#[test]
fn what_differs_from_run_to_run_is_masked_and_nothing_else() {
    let cases = [
        (
            "id 01890a5d-ac96-7b4b-bcce-b302099a8057, of /commands",
            "id <id>, of /commands",
        ),
        ("at 2026-11-26T10:00:00.123Z,", "at <time>,"),
        (
            "1993-01-05T00:00:00Z is history",
            "1993-01-05T00:00:00Z is history",
        ),
        (
            "1993-01-05 is a day, 2024-01-01 too",
            "1993-01-05 is a day, 2024-01-01 too",
        ),
        ("sha256 0123456789abcdef", "sha256 <digest>"),
        ("balance 123456 and 65753.42", "balance 123456 and 65753.42"),
        (
            "in 12 ms, 0.4 s or 7 seconds",
            "in <duration>, <duration> or 7 seconds",
        ),
        ("  deposit   5 ", "  deposit   5"),
        ("12 steps", "12 steps"),
    ];
    for (line, expected) in cases {
        assert_eq!(masked(line), expected);
    }
}
