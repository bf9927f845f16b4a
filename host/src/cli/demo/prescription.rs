//! A ward's story: one event causes work for others. It is seen before it happens, and when a rule is added, the difference
//! alone is performed.

use super::{Demo, Exit, quoted};
use crate::model::Result;

pub const DATES: [&str; 2] = ["2018-03-01", "2019-09-01"];

const FIRST: &str = "prescription@2018-03-01";
const SECOND: &str = "prescription@2019-09-01";

const PATIENTS: [&str; 3] = [
    r#"{"patient": "eva", "name": "Eva Nova", "weight_grams": 50500}"#,
    r#"{"patient": "jan", "name": "Jan Maly", "weight_grams": 81000}"#,
    r#"{"patient": "ota", "name": "Ota Stary", "weight_grams": 74200}"#,
];

const FOR_EVA: &str = r#"{"patient": "eva", "drug": "amoxicillin", "class": "antibiotic", "daily_milligrams": 1500, "doctor": "Dr. Mala"}"#;

const FOR_OTHERS: [&str; 3] = [
    r#"{"patient": "jan", "drug": "warfarin", "class": "anticoagulant", "daily_milligrams": 5, "doctor": "Dr. Mala"}"#,
    r#"{"patient": "ota", "drug": "ibuprofen", "class": "analgesic", "daily_milligrams": 1200, "doctor": "Dr. Hora"}"#,
    r#"{"patient": "ota", "drug": "heparin", "class": "anticoagulant", "daily_milligrams": 90, "doctor": "Dr. Hora"}"#,
];

const TOO_MUCH: &str = r#"{"patient": "eva", "drug": "paracetamol", "class": "analgesic", "daily_milligrams": 4000, "doctor": "Dr. Hora"}"#;

const EXPECTED: &str = r#"[[expect]]
reason = "who takes an anticoagulant has the clotting time looked at as well"
task = "lab"
event = "prescription.Prescribed"
"#;

/// Gives the commands that may come next.
pub fn tell(demo: &mut Demo<'_>) -> Result<Vec<String>> {
    let (book, expected) = (demo.at("book"), demo.at("expected.toml"));
    let prescribe = ["run", &book, "prescription.Prescribe"];

    demo.title(
        "A ward keeps a book. Its rules of 2018 come as a plugin, whose version is their date.",
    )?;
    demo.command(&["init", &book], Exit::Fine)?;
    demo.load(&book, 0)?;
    demo.command(&["activate", &book, FIRST], Exit::Fine)?;

    demo.title(
        "Patients are admitted. A command is kept with the events that it led to, or refused.",
    )?;
    for patient in PATIENTS {
        demo.command(&["run", &book, "prescription.Admit", patient], Exit::Fine)?;
    }

    demo.title("A doctor looks first: all that a prescription would cause, under its event, and nothing is kept.")?;
    demo.command(
        &[&prescribe[..], &[FOR_EVA, "--preview"]].concat(),
        Exit::Fine,
    )?;

    demo.title(
        "Then it is done: rows of the chart, work for the laboratory, a message to a telephone.",
    )?;
    demo.command(&[&prescribe[..], &[FOR_EVA]].concat(), Exit::Fine)?;
    for other in FOR_OTHERS {
        demo.command(&[&prescribe[..], &[other]].concat(), Exit::Fine)?;
    }

    demo.title(
        "What is too much is refused, by a reason that a program can read. The exit code is 4.",
    )?;
    demo.command(&[&prescribe[..], &[TOO_MUCH]].concat(), Exit::Rejected)?;

    demo.title("In 2019 a rule is added: with an anticoagulant, the clotting time is looked at. Nothing else is in it.")?;
    demo.load(&book, 1)?;

    demo.title(
        "What would it have changed? No row: tasks that nobody was asked for. The exit code is 1.",
    )?;
    let diff = ["diff", &book, "--base", FIRST, "--candidate", SECOND];
    demo.command(&diff, Exit::Differs)?;

    demo.title("That is what was wanted, and it is written down. A shadow follows the log and is held to it.")?;
    demo.write(&expected, EXPECTED)?;
    demo.command(
        &["shadow", &book, SECOND, "--expect", &expected],
        Exit::Fine,
    )?;

    demo.title(
        "In force from now on. For what was prescribed before, only the differences are performed.",
    )?;
    demo.command(&["promote", &book, SECOND, "--tasks", "list"], Exit::Fine)?;
    demo.command(
        &["promote", &book, SECOND, "--tasks", "enqueue"],
        Exit::Fine,
    )?;
    demo.note("Asked again, nothing is performed twice:")?;
    demo.command(
        &["promote", &book, SECOND, "--tasks", "enqueue"],
        Exit::Fine,
    )?;

    demo.title("The laboratory's work, as the task gateway would deliver it. Replays and previews deliver nothing.")?;
    demo.command(&["tasks", &book, "--kind", "lab"], Exit::Fine)?;

    demo.title("Last, proof: the log alone yields each event's effects and every row, again.")?;
    demo.command(&["verify", &book], Exit::Fine)?;

    let book = quoted(&book);
    Ok(vec![
        format!("daybook show {book} 7"),
        format!("daybook query {book} 'SELECT * FROM prescription_chart'"),
        format!("daybook rollback {book}"),
        format!("daybook serve {book}"),
    ])
}
