//! How what follows the log beside the live state is shown: a shadow and its differences, the standby.

use super::output::{Output, count, thousands};
use super::table::{number, table, text};
use crate::model::{Result, Schedule};
use crate::wire::Track;

/// One status for people: a line, then a table of what differs.
pub fn show(status: &Track, out: &mut Output) -> Result<()> {
    let lag = match status.lag {
        0 => "current".to_owned(),
        lag => format!("{} behind", count(lag, "event")),
    };
    out.line(format_args!(
        "{}  at event {}, {lag}",
        status.name, status.position
    ))?;
    let schedule: Schedule = status.schedule.parse()?;
    for (from, lineup) in &schedule.0 {
        out.line(format_args!("  from {from:>6}  {lineup}"))?;
    }
    if let Some(doom) = &status.doom {
        out.line(format_args!("  stopped by an event of doom: {doom}"))?;
    }
    let Some(tally) = &status.differences else {
        return Ok(());
    };
    out.line(format_args!(
        "  {} of {} differ from the live state's; {} unexpected",
        thousands(tally.differing),
        count(tally.events, "event"),
        count(tally.unexpected, "difference"),
    ))?;
    if tally.lines.is_empty() {
        return Ok(());
    }
    let mut rows = table([
        "EVENT",
        "DIFFERS IN",
        "TIMES",
        "UNEXPECTED",
        "FIRST AT",
        "WHERE",
        "LIVE",
        "SHADOW",
    ]);
    for line in &tally.lines {
        rows.add_row([
            text(&line.event),
            text(&line.what),
            number(thousands(line.differences)),
            number(thousands(line.unexpected)),
            number(line.first.seq),
            text(&line.first.place),
            text(&line.first.base),
            text(&line.first.candidate),
        ]);
    }
    out.line(rows)
}
