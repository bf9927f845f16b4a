//! The report for programs: JSON Lines, one object a line, written as they are found. The keys of an object come in
//! the order given here, and a later release may add keys but not take any away.
//!
//! ```text
//! {"kind":"event","seq":7,"type":"bank.TransactionPosted","subject":"A1","time":"…","cause":"direct"|"inherited",
//!  "differences":[DIFFERENCE, …]}                  in the order of the log; without subject: no such key
//! {"kind":"final_row","table":"bank.account","key":[VALUE, …],"change":"added"|"removed"|"changed",
//!  "columns":[COLUMN, …],"unexpected":false}       after all events; all columns of a row that one side lacks
//! {"kind":"summary", …}                            the last line; see below
//!
//! DIFFERENCE  {"kind":"column","table":…,"key":[…],COLUMN's keys,"before":false,"cause":…,"unexpected":true}
//!             {"kind":"row","table":…,"key":[…],"base":"insert"|"update"|"delete","candidate":…,"cause":…,"unexpected":…}
//!             {"kind":"task","ordinal":0,"base":TASK,"candidate":TASK,"cause":…,"unexpected":…}
//!             {"kind":"doom","base":"why it failed","candidate":"why it failed","cause":…,"unexpected":…}
//! COLUMN      {"column":"interest","base":VALUE,"candidate":VALUE}
//! VALUE       null, a number, a string, or {"blob":"00ff"}. An integer has no fraction, a real always has one
//! TASK        {"kind":"mail","key":"A1","data":"JSON text as the plugin gave it","not_before":"…"}
//! ```
//!
//! `base` or `candidate` is missing where that side has no such row, column, task or doom; a column that is there and
//! null is `null`. `before` tells of a column that both sides met with other values and left alike. The summary:
//!
//! ```text
//! "base","candidate"     what was compared
//! "from","to","events"   the range, and how many events of it both ran
//! "direct","inherited"   differing events by cause
//! "layout"               [{"table","column","only":"base"|"candidate","default":VALUE}]   columns that one side has;
//!                        rows with the default there do not differ; without one: no such key
//! "first"                position of the first event with an unexpected difference, else of the first that differs, or null
//! "types"                [{"type","direct","inherited"}]
//! "columns"              [{"table","column","direct","inherited"}]
//! "rows"                 [{"table","direct","inherited"}]   rows that only one side changes, or in other ways
//! "tasks"                [{"kind","appear","vanish","change"}]
//! "dooms"                {"base","candidate"}
//! "final_rows"           [{"table","added","removed","changed","columns":[{"column","rows"}]}]
//! "unexpected"           differences and final rows that no expectation names
//! "missing"              differences that expectations ask for and that did not appear
//! "expectations"         [{"reason","met","count","missing","names"}]   without `count`: no such key
//! "cost"                 {"base":COST,"candidate":COST}     COST {"fuel","host_calls","rows_read","rows_written","seconds"}
//! "seconds"              of the whole comparison
//! ```

mod record;

use std::io::Write;

use self::record::Line;
use super::{EventDiff, FinalRow, Sink, Summary};
use crate::model::{Error, Result};

/// A `Sink` that writes JSON Lines.
pub struct JsonlReport<W: Write> {
    out: W,
    /// A line is written in one piece: the serializer would write each of its marks alone.
    buffer: Vec<u8>,
}

impl<W: Write> JsonlReport<W> {
    /// Writes a line at a time; flushes at the end.
    pub fn new(out: W) -> Self {
        JsonlReport {
            out,
            buffer: Vec::new(),
        }
    }

    fn line(&mut self, line: &Line<'_>) -> Result<()> {
        self.buffer.clear();
        serde_json::to_writer(&mut self.buffer, line)
            .map_err(std::io::Error::from)
            .map_err(failed)?;
        self.buffer.push(b'\n');
        self.out.write_all(&self.buffer).map_err(failed)
    }
}

fn failed(error: std::io::Error) -> Error {
    Error::io("writing the report", error)
}

impl<W: Write> Sink for JsonlReport<W> {
    fn event(&mut self, diff: &EventDiff, unexpected: &[bool]) -> Result<()> {
        self.line(&Line::event(diff, unexpected))
    }

    fn final_row(&mut self, row: &FinalRow, unexpected: bool) -> Result<()> {
        self.line(&Line::final_row(row, unexpected))
    }

    fn finish(&mut self, summary: &Summary) -> Result<()> {
        self.line(&Line::summary(summary))?;
        self.out.flush().map_err(failed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diff::samples::{run, same};
    use crate::model::ErrorKind;

    fn report(feed: fn(&mut dyn Sink, &str)) -> String {
        let mut out = Vec::new();
        feed(&mut JsonlReport::new(&mut out), "");
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn every_line_is_one_object_with_its_keys_in_the_documented_order() {
        // A character that turns the line's direction round has no place in a source file.
        let text = report(run).replace('\u{202e}', "RLO");
        insta::assert_snapshot!(text, @r#"
        {"kind":"event","seq":1204,"type":"bank.TransactionPosted","subject":"account 0","time":"1993-01-01T00:00:00Z","cause":"direct","differences":[{"kind":"column","table":"bank.account","key":[17],"column":"interest","base":120,"candidate":118,"before":false,"cause":"direct","unexpected":true}]}
        {"kind":"event","seq":1310,"type":"bank.TransactionPosted","subject":"account 1","time":"1993-01-23T00:00:00Z","cause":"inherited","differences":[{"kind":"column","table":"bank.account","key":[17],"column":"interest","base":3000,"candidate":2998,"before":false,"cause":"inherited","unexpected":true},{"kind":"row","table":"bank.statement","key":["A1",7],"base":"update","cause":"inherited","unexpected":true},{"kind":"column","table":"bank.account","key":[17],"column":"balance","candidate":2,"before":false,"cause":"inherited","unexpected":true},{"kind":"task","ordinal":0,"base":{"kind":"mail","key":"A1","data":"{\"to\":\"A1\"}"},"candidate":{"kind":"letter","key":"A1","data":"{\"to\":\"A1\"}"},"cause":"inherited","unexpected":true},{"kind":"task","ordinal":1,"candidate":{"kind":"mail","key":"A1","data":"{\"to\":\"A1\"}"},"cause":"inherited","unexpected":true}]}
        {"kind":"event","seq":1420,"type":"bank.InterestAccrued","subject":"</script><script>alert(1)</script>\u001b[31mRLO&\"'","time":"1993-01-21T00:00:00Z","cause":"direct","differences":[{"kind":"doom","candidate":"</script><script>alert(1)</script>\u001b[31mRLO&\"'","cause":"direct","unexpected":true}]}
        {"kind":"event","seq":9000,"type":"bank.TransactionPosted","subject":"account 5","time":"1993-01-13T00:00:00Z","cause":"inherited","differences":[{"kind":"column","table":"bank.account","key":[3],"column":"interest","base":-5,"candidate":5,"before":false,"cause":"inherited","unexpected":true}]}
        {"kind":"event","seq":9100,"type":"bank.TransactionPosted","subject":"account 0","time":"1993-01-01T00:00:00Z","cause":"inherited","differences":[{"kind":"column","table":"bank.account","key":[3],"column":"interest","base":-5,"candidate":5,"before":false,"cause":"inherited","unexpected":true}]}
        {"kind":"final_row","table":"bank.account","key":[3],"change":"changed","columns":[{"column":"interest","base":0,"candidate":100}],"unexpected":true}
        {"kind":"final_row","table":"bank.account","key":[17],"change":"changed","columns":[{"column":"interest","base":0,"candidate":100},{"column":"balance","base":1,"candidate":101}],"unexpected":true}
        {"kind":"final_row","table":"bank.statement","key":["A1",7],"change":"added","columns":[{"column":"account","candidate":"A1"},{"column":"line","candidate":7},{"column":"amount","candidate":-1.5},{"column":"scan","candidate":{"blob":"00ff"}}],"unexpected":true}
        {"kind":"summary","base":"bank@1993-01-01","candidate":"bank@1994-01-01","from":1,"to":46997,"events":46997,"direct":2,"inherited":3,"layout":[],"first":1204,"types":[{"type":"bank.InterestAccrued","direct":1,"inherited":0},{"type":"bank.TransactionPosted","direct":1,"inherited":3}],"columns":[{"table":"bank.account","column":"balance","direct":0,"inherited":1},{"table":"bank.account","column":"interest","direct":1,"inherited":3}],"rows":[{"table":"bank.statement","direct":0,"inherited":1}],"tasks":[{"kind":"letter","appear":1,"vanish":0,"change":0},{"kind":"mail","appear":1,"vanish":1,"change":0}],"dooms":{"base":0,"candidate":1},"final_rows":[{"table":"bank.account","added":0,"removed":0,"changed":2,"columns":[{"column":"balance","rows":1},{"column":"interest","rows":2}]},{"table":"bank.statement","added":1,"removed":0,"changed":0,"columns":[]}],"unexpected":12,"missing":0,"expectations":[],"cost":{"base":{"fuel":412000000,"host_calls":93994,"rows_read":46997,"rows_written":46997,"seconds":0.5,"dearest":{"bank.Posted":10300}},"candidate":{"fuel":515000000,"host_calls":93994,"rows_read":46997,"rows_written":46997,"seconds":0.75,"dearest":{"bank.Posted":12875}}},"seconds":0.8}
        "#);
        for line in text.lines() {
            let object: serde_json::Value = serde_json::from_str(line).unwrap();
            assert!(object["kind"].is_string(), "{line}");
        }
    }

    #[test]
    fn a_comparison_without_differences_is_its_summary() {
        insta::assert_snapshot!(report(same), @r#"{"kind":"summary","base":"bank@1993-01-01","candidate":"bank@1994-01-01","from":1,"to":46997,"events":46997,"direct":0,"inherited":0,"layout":[],"first":null,"types":[],"columns":[],"rows":[],"tasks":[],"dooms":{"base":0,"candidate":0},"final_rows":[],"unexpected":0,"missing":0,"expectations":[],"cost":{"base":{"fuel":412000000,"host_calls":93994,"rows_read":46997,"rows_written":46997,"seconds":0.5,"dearest":{"bank.Posted":10300}},"candidate":{"fuel":515000000,"host_calls":93994,"rows_read":46997,"rows_written":46997,"seconds":0.75,"dearest":{"bank.Posted":12875}}},"seconds":0.8}"#);
    }

    #[test]
    fn a_full_disk_is_an_error_of_the_operating_system() {
        let mut full = [0u8; 10];
        let mut report = JsonlReport::new(&mut full[..]);
        let error = report.finish(&Summary::default()).unwrap_err();
        assert_eq!(error.kind, ErrorKind::Io);
        assert!(error.message.starts_with("writing the report: "), "{error}");
    }
}
