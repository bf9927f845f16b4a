//! Recorded hands of no-limit hold'em as events of the `poker` plugin, one event a hand.
//!
//! A hand's number is its line in the recording. The finishing stacks that were published with it are not
//! passed on: the plugin has to find them by playing the hand. Nothing is known of the poker plugin here but
//! its payload's JSON.

use std::io::{self, BufRead, Write};
use std::path::PathBuf;

use serde::{Deserialize, Serialize};
use thiserror::Error;

/// Where every imported event says it comes from.
pub const SOURCE: &str = "/pluribus";

/// The recording has no times: every hand is dated to the day on which it was published.
pub const TIME: &str = "2019-07-11T00:00:00Z";

/// Why the recording could not be turned into events.
#[derive(Debug, Error)]
pub enum ImportError {
    /// A file cannot be opened, or made.
    #[error("{}: {source}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The recording breaks off or is not gzip-compressed text.
    #[error("cannot read the recording after line {line}: {source}")]
    Read {
        /// The last line that could be read.
        line: u64,
        /// What went wrong.
        source: io::Error,
    },
    /// A line is not a hand.
    #[error("line {line}: {source}")]
    Hand {
        /// The hand's line, from 1.
        line: u64,
        /// What is wrong with it.
        source: serde_json::Error,
    },
    /// Another game than no-limit hold'em.
    #[error("line {line}: variant `{variant}`, expected NT (no-limit hold'em)")]
    Variant {
        /// The hand's line, from 1.
        line: u64,
        /// The game as PHH abbreviates it.
        variant: String,
    },
    /// The events could not be written.
    #[error("cannot write events: {0}")]
    Write(io::Error),
}

/// What is taken from a line of the recording.
#[derive(Deserialize)]
struct Recorded {
    variant: String,
    file: String,
    players: Vec<String>,
    antes: Vec<i64>,
    blinds_or_straddles: Vec<i64>,
    min_bet: i64,
    starting_stacks: Vec<i64>,
    actions: Vec<String>,
}

/// The payload of `poker.HandPlayed`.
#[derive(Serialize)]
struct HandPlayed {
    hand: u64,
    players: Vec<String>,
    antes: Vec<i64>,
    blinds: Vec<i64>,
    min_bet: i64,
    starting_stacks: Vec<i64>,
    actions: Vec<String>,
}

/// The structured JSON form of CloudEvents 1.0.
#[derive(Serialize)]
struct CloudEvent {
    specversion: &'static str,
    id: String,
    source: &'static str,
    r#type: &'static str,
    subject: String,
    time: &'static str,
    data: HandPlayed,
}

/// Writes one event a line for each hand of the (uncompressed) recording, in its order, and says how many.
pub fn convert(recording: impl BufRead, out: &mut impl Write) -> Result<u64, ImportError> {
    let mut hand = 0;
    for line in recording.lines() {
        let text = line.map_err(|source| ImportError::Read { line: hand, source })?;
        hand += 1;
        let event = event(hand, &text)?;
        serde_json::to_writer(&mut *out, &event)
            .map_err(|error| ImportError::Write(error.into()))?;
        out.write_all(b"\n").map_err(ImportError::Write)?;
    }
    Ok(hand)
}

fn event(hand: u64, text: &str) -> Result<CloudEvent, ImportError> {
    let recorded: Recorded =
        serde_json::from_str(text).map_err(|source| ImportError::Hand { line: hand, source })?;
    if recorded.variant != "NT" {
        return Err(ImportError::Variant {
            line: hand,
            variant: recorded.variant,
        });
    }
    Ok(CloudEvent {
        specversion: "1.0",
        id: format!("hand-{}", recorded.file.trim_end_matches(".phh")),
        source: SOURCE,
        r#type: "poker.HandPlayed",
        subject: format!("hand/{hand}"),
        time: TIME,
        data: HandPlayed {
            hand,
            players: recorded.players,
            antes: recorded.antes,
            blinds: recorded.blinds_or_straddles,
            min_bet: recorded.min_bet,
            starting_stacks: recorded.starting_stacks,
            actions: recorded.actions,
        },
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const HAND: &str = r#"{"variant":"NT","ante_trimming_status":true,"antes":[0,0,0],"blinds_or_straddles":[50,100,0],"min_bet":100,"starting_stacks":[10000,10000,10000],"actions":["d dh p1 3c9s","p3 f","p1 f"],"hand":7,"players":["A","B","C"],"finishing_stacks":[9950,10050,10000],"file":"30/7.phh"}"#;

    fn converted(recording: &str) -> Result<String, String> {
        let mut out = Vec::new();
        convert(recording.as_bytes(), &mut out).map_err(|error| error.to_string())?;
        Ok(String::from_utf8(out).expect("JSON is text"))
    }

    #[test]
    fn a_hand_becomes_an_event_without_its_published_outcome() {
        assert_eq!(
            converted(HAND).unwrap(),
            concat!(
                r#"{"specversion":"1.0","id":"hand-30/7","source":"/pluribus","type":"poker.HandPlayed","subject":"hand/1","#,
                r#""time":"2019-07-11T00:00:00Z","data":{"hand":1,"players":["A","B","C"],"antes":[0,0,0],"blinds":[50,100,0],"#,
                r#""min_bet":100,"starting_stacks":[10000,10000,10000],"actions":["d dh p1 3c9s","p3 f","p1 f"]}}"#,
                "\n"
            )
        );
    }

    #[test]
    fn what_is_not_a_hand_of_holdem_is_refused_with_its_line() {
        let omaha = HAND.replace("NT", "PO");
        assert_eq!(
            converted(&format!("{HAND}\n{omaha}\n")).unwrap_err(),
            "line 2: variant `PO`, expected NT (no-limit hold'em)"
        );
        let error = converted(&format!("{HAND}\n{HAND}\n{{}}\n")).unwrap_err();
        assert!(
            error.starts_with("line 3: missing field `variant`"),
            "{error}"
        );
    }
}
