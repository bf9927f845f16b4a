//! What every log must do, as one set of tests that each of them passes.

use std::mem::discriminant;
use std::path::Path;

use tempfile::TempDir;

use super::{CommitLog, MemoryLog, SqliteLog};
use crate::model::log::{
    Appended, CommandOutcome, Commit, LocalOp, LogOp, PinUse, RecordedCommand, RecordedEvent,
    RecordedTask, Resolved,
};
use crate::model::{
    Amendment, Certification, CommandSchedule, CommitSeq, Delivery, Digest, Event, Instances,
    LastRun, Manifest, Place, PluginVersion, ProjectionRecord, Redaction, Role, Schedule, Seq,
    StoredKind, StoredVersion, Task, TaskState, TaskStep, TypeName,
};
use crate::store::Catalog;

/// A log and the catalog of one machine.
struct Machine {
    log: Box<dyn CommitLog>,
    catalog: Catalog,
    _folder: TempDir,
}

pub(crate) fn new_catalog(folder: &Path) -> Catalog {
    let path = folder.join("log.db");
    drop(Catalog::create(&path).unwrap());
    Catalog::open(&path).unwrap()
}

impl Machine {
    fn new(log: Box<dyn CommitLog>) -> Machine {
        let folder = tempfile::tempdir().unwrap();
        let mut machine = Machine {
            log,
            catalog: new_catalog(folder.path()),
            _folder: folder,
        };
        machine.log.catch_up(&mut machine.catalog).unwrap();
        machine
    }

    fn append(&mut self, commit: &Commit, local: &[LocalOp]) -> crate::model::Result<Appended> {
        self.log.append(&mut self.catalog, commit, local)
    }

    fn resolve(&mut self, commit: &Commit) -> Resolved {
        { self.log.resolve(&mut self.catalog, commit, &[]) }.unwrap()
    }

    fn position(&self) -> CommitSeq {
        self.catalog.tip().unwrap().commit
    }
}

/// Runs a test on every log.
fn each(test: impl Fn(&str, Machine)) {
    test("sqlite", Machine::new(Box::new(SqliteLog)));
    test("memory", Machine::new(Box::new(MemoryLog::default())));
}

fn version() -> PluginVersion {
    "bank@1993-01-01".parse().unwrap()
}

fn event(seq: u64) -> RecordedEvent {
    RecordedEvent {
        event: Event {
            seq: Seq(seq),
            id: format!("e{seq}"),
            source: "/tests".into(),
            event_type: TypeName::new("bank.Opened").unwrap(),
            subject: Some("account/7".into()),
            time: "2026-01-01T00:00:00Z".into(),
            version: None,
            data: r#"{"account":7}"#.into(),
            extensions: None,
        },
        recorded_at: "2026-01-01T00:00:00.000000Z".into(),
        salt: [7; 16],
        hash: Digest::of(&seq.to_be_bytes()),
        lineup: "bank@1993-01-01".into(),
        command: Some("c1".into()),
        effects: vec![1, 2, 3],
        tasks: vec![task(&format!("t{seq}"))],
    }
}

fn task(id: &str) -> RecordedTask {
    RecordedTask {
        id: id.into(),
        task: Task {
            kind: "letter".into(),
            key: Some("7".into()),
            data: "{}".into(),
            not_before: None,
        },
    }
}

fn command() -> RecordedCommand {
    RecordedCommand {
        id: "c1".into(),
        command_type: TypeName::new("bank.Open").unwrap(),
        subject: None,
        time: "2026-01-01T00:00:00Z".into(),
        actor: Some("till-3".into()),
        data: "{}".into(),
        position: Seq(0),
        lineup: "bank@1993-01-01".into(),
        outcome: CommandOutcome::Accepted { events: 1 },
    }
}

/// One of each operation, in an order in which a book could come to them.
pub(crate) fn one_of_each() -> Vec<LogOp> {
    let digest = Digest::of(b"code");
    let place = |seq, ordinal| Place {
        seq: Seq(seq),
        ordinal,
    };
    let manifest: Manifest = serde_json::from_value(serde_json::json!({
        "plugin": "bank", "version": "1993-01-01", "extends": null, "description": "", "changes": [],
        "tables": [], "events": [], "commands": [], "materializes": [], "reads": [], "tasks": [],
    }))
    .unwrap();
    let table: crate::model::manifest::Table = serde_json::from_value(serde_json::json!({
        "name": "account", "primary_key": ["id"],
        "columns": [{"name": "id", "kind": "integer", "nullable": false}], "indexes": [],
    }))
    .unwrap();
    let layout = table.layout(&"bank".parse().unwrap()).unwrap();
    vec![
        LogOp::Founded { book: "b".into() },
        LogOp::Component {
            digest,
            bytes: b"code".as_slice().into(),
        },
        LogOp::Version(Box::new(StoredVersion {
            version: version(),
            digest,
            manifest,
            loaded_at: "2026-01-01T00:00:00Z".into(),
        })),
        LogOp::Layout(layout.into()),
        LogOp::Certification(Certification {
            version: version(),
            digest,
            certified_at: "2026-01-01T00:00:00Z".into(),
            engine: "an engine".into(),
            events: 1,
            commands: 1,
            instances: Instances::default(),
            reason: "tried".into(),
        }),
        LogOp::Epoch {
            from: Seq(1),
            schedule: Schedule::pinned("bank@1993-01-01".parse().unwrap()),
        },
        LogOp::Event(event(1)),
        LogOp::Event(event(2)),
        LogOp::Command(command()),
        LogOp::PinUse(PinUse {
            version: version(),
            actor: None,
            at: "2026-01-01T00:00:00Z".into(),
        }),
        LogOp::Undone {
            event: Seq(1),
            by: Seq(2),
        },
        LogOp::Task {
            place: place(1, 1 << 31),
            task: task("late"),
            late: Some(Seq(2)),
        },
        LogOp::Task {
            place: place(1, (1 << 31) + 1),
            task: task("late and gone"),
            late: Some(Seq(2)),
        },
        LogOp::Delivery(Delivery {
            state: TaskState::Done,
            changed_at: "2026-01-01T00:00:00Z".into(),
            ..Delivery::untouched(place(1, (1 << 31) + 1), "letter")
        }),
        LogOp::TaskRewritten {
            place: place(1, (1 << 31) + 1),
            kind: "letter".into(),
            task: None,
        },
        LogOp::Delivery(Delivery {
            changed_at: "2026-01-01T00:00:00Z".into(),
            ..Delivery::untouched(place(1, 0), "letter")
        }),
        LogOp::TaskStep(TaskStep {
            place: place(1, 0),
            what: "tried".into(),
            begun_at: None,
            at: "2026-01-01T00:00:00Z".into(),
            tries: 1,
            said: Some("no".into()),
            actor: None,
        }),
        LogOp::TaskMark {
            kind: "letter".into(),
            place: place(1, 0),
        },
        LogOp::GatewayKind(StoredKind {
            kind: "letter".into(),
            config: "{}".into(),
            changed_at: "2026-01-01T00:00:00Z".into(),
            actor: None,
        }),
        LogOp::GatewayKind(StoredKind {
            kind: "parcel".into(),
            config: "{}".into(),
            changed_at: "2026-01-01T00:00:00Z".into(),
            actor: None,
        }),
        LogOp::GatewayUnset {
            kind: "parcel".into(),
        },
        LogOp::EventPin {
            event: Seq(1),
            version: version(),
            by: Seq(2),
        },
        LogOp::EventPin {
            event: Seq(2),
            version: version(),
            by: Seq(2),
        },
        LogOp::EventUnpin { event: Seq(2) },
        LogOp::CommandSchedule(Box::new(CommandSchedule {
            name: "nightly".into(),
            timing: "@daily".into(),
            command_type: "bank.Open".into(),
            data: "{}".into(),
            subject: None,
            after: "2026-01-01T00:00:00Z".into(),
            paused: false,
            set_at: "2026-01-01T00:00:00Z".into(),
            actor: None,
            runs: 1,
            last: Some(LastRun {
                due: Some("2026-01-01T00:00:00Z".into()),
                at: "2026-01-01T00:00:01Z".into(),
                command: "c1".into(),
                outcome: "accepted".into(),
                first_event: Some(Seq(1)),
                events: 1,
                said: None,
            }),
        })),
        LogOp::CommandScheduleRemoved {
            name: "other".into(),
        },
        LogOp::TokensInForce {
            since: "2026-01-01T00:00:00.000000Z".into(),
        },
        LogOp::Retired {
            version: version(),
            at: "2026-01-01T00:00:00Z".into(),
            reason: None,
        },
        LogOp::Unretired(version()),
        LogOp::Amendment {
            amendment: Amendment {
                seq: Seq(2),
                event: Seq(1),
                reverts: false,
                replaced: Some(r#"{"account":7}"#.into()),
                salt: [1; 16],
                hash: Digest::of(b"a"),
                time: "2026-01-01T00:00:00Z".into(),
                actor: None,
                reason: "misread".into(),
            },
            data: r#"{"account":8}"#.into(),
            effects: vec![1, 0, 0],
        },
        LogOp::AmendedEffects {
            by: Seq(2),
            effects: vec![1, 2, 3],
        },
        LogOp::Effects {
            seq: Seq(2),
            effects: vec![9],
        },
        LogOp::Redaction {
            redaction: Redaction {
                event: Seq(1),
                seq: Seq(2),
                payload_hash: Digest::of(b"p"),
                salt: [0; 16],
                replacement: None,
                time: "2026-01-01T00:00:00Z".into(),
                actor: None,
                reason: "asked for".into(),
            },
            data: String::new(),
        },
    ]
}

/// A new operation has to be named here, and then in `one_of_each`.
const fn kinds_of_operations(op: &LogOp) -> usize {
    match op {
        LogOp::Founded { .. }
        | LogOp::Event(_)
        | LogOp::Command(_)
        | LogOp::PinUse(_)
        | LogOp::Undone { .. }
        | LogOp::Delivery(_)
        | LogOp::TaskStep(_)
        | LogOp::TaskMark { .. }
        | LogOp::Task { .. }
        | LogOp::TaskRewritten { .. }
        | LogOp::Component { .. }
        | LogOp::Version(_)
        | LogOp::Layout(_)
        | LogOp::Certification(_)
        | LogOp::Retired { .. }
        | LogOp::Unretired(_)
        | LogOp::Epoch { .. }
        | LogOp::Amendment { .. }
        | LogOp::AmendedEffects { .. }
        | LogOp::Redaction { .. }
        | LogOp::Effects { .. }
        | LogOp::EventPin { .. }
        | LogOp::EventUnpin { .. }
        | LogOp::GatewayKind(_)
        | LogOp::GatewayUnset { .. }
        | LogOp::CommandSchedule(_)
        | LogOp::CommandScheduleRemoved { .. }
        | LogOp::TokensInForce { .. } => 28,
    }
}

fn commit(machine: &Machine, ops: Vec<LogOp>) -> Commit {
    Commit::new(machine.position(), ops)
}

#[test]
fn every_commit_moves_the_position_and_only_events_move_the_head() {
    each(|name, mut machine| {
        let first = commit(&machine, vec![LogOp::Founded { book: "b".into() }]);
        assert_eq!(
            machine.append(&first, &[]).unwrap(),
            Appended::Kept,
            "{name}"
        );
        let tip = machine.catalog.tip().unwrap();
        assert_eq!(
            (tip.commit, tip.head),
            (CommitSeq(1), (Seq::ZERO, Digest::ZERO))
        );
        let second = commit(&machine, vec![LogOp::Event(event(1))]);
        assert_eq!(
            machine.append(&second, &[]).unwrap(),
            Appended::Kept,
            "{name}"
        );
        let tip = machine.catalog.tip().unwrap();
        assert_eq!((tip.commit, tip.head.0), (CommitSeq(2), Seq(1)), "{name}");
        assert_eq!(tip.recorded_at, "2026-01-01T00:00:00.000000Z");
        let kept = machine.catalog.commit_id(CommitSeq(2)).unwrap();
        assert_eq!(kept, Some(second.id), "{name}");
    });
}

#[test]
fn a_commit_that_does_not_follow_the_last_one_is_refused_whole() {
    each(|name, mut machine| {
        let first = commit(&machine, vec![LogOp::Event(event(1))]);
        let late = commit(
            &machine,
            vec![LogOp::Event(event(1)), LogOp::Command(command())],
        );
        assert_eq!(machine.append(&first, &[]).unwrap(), Appended::Kept);
        let before = machine.catalog.tables();
        let last = CommitSeq(1);
        assert_eq!(
            machine.append(&late, &[]).unwrap(),
            Appended::Conflict { last },
            "{name}"
        );
        let early = Commit::new(CommitSeq(7), vec![LogOp::Event(event(2))]);
        assert_eq!(
            machine.append(&early, &[]).unwrap(),
            Appended::Conflict { last },
            "{name}"
        );
        assert_eq!(machine.catalog.tables(), before, "{name}");
    });
}

#[test]
fn a_commit_that_cannot_be_applied_is_refused_whole_and_the_next_one_is_taken() {
    each(|name, mut machine| {
        let first = commit(&machine, vec![LogOp::Event(event(1))]);
        assert_eq!(machine.append(&first, &[]).unwrap(), Appended::Kept);
        let before = machine.catalog.tables();
        // The last operation has the first event's place.
        let ops = vec![
            LogOp::Command(command()),
            LogOp::Event(event(2)),
            LogOp::Event(event(1)),
        ];
        let bad = commit(&machine, ops);
        assert!(machine.append(&bad, &[]).is_err(), "{name}");
        assert_eq!(machine.catalog.tables(), before, "{name}");
        assert_eq!(machine.resolve(&bad), Resolved::Lost, "{name}");
        let next = commit(&machine, vec![LogOp::Event(event(2))]);
        assert_eq!(
            machine.append(&next, &[]).unwrap(),
            Appended::Kept,
            "{name}"
        );
    });
}

#[test]
fn a_commit_is_found_by_position_and_id() {
    each(|name, mut machine| {
        let kept = commit(&machine, vec![LogOp::Event(event(1))]);
        let other = commit(&machine, vec![LogOp::Event(event(1))]);
        assert_eq!(
            machine.resolve(&kept),
            Resolved::Lost,
            "{name}: before it is appended"
        );
        assert_eq!(machine.append(&kept, &[]).unwrap(), Appended::Kept);
        assert_eq!(machine.resolve(&kept), Resolved::Landed, "{name}");
        assert_eq!(
            machine.resolve(&other),
            Resolved::Lost,
            "{name}: another has its place"
        );
        let next = commit(&machine, Vec::new());
        assert_eq!(machine.append(&next, &[]).unwrap(), Appended::Kept);
        assert_eq!(
            machine.resolve(&kept),
            Resolved::Landed,
            "{name}: also behind others"
        );
    });
}

#[test]
fn what_is_this_machines_own_becomes_durable_with_the_commit_or_not_at_all() {
    each(|name, mut machine| {
        let record = ProjectionRecord {
            name: "live".into(),
            file: "live.db".into(),
            role: Role::Live,
            schedule: Schedule::default(),
            made_by: "an engine".into(),
        };
        let local = [LocalOp::Projection(record.clone())];
        let early = Commit::new(CommitSeq(7), vec![LogOp::Event(event(1))]);
        machine.append(&early, &local).unwrap();
        assert!(machine.catalog.projections().unwrap().is_empty(), "{name}");
        let kept = commit(&machine, vec![LogOp::Event(event(1))]);
        machine.append(&kept, &local).unwrap();
        assert_eq!(machine.catalog.projections().unwrap(), [record], "{name}");
    });
}

#[test]
fn every_operation_gives_the_same_tables_in_every_log() {
    let ops = one_of_each();
    let mut kinds: Vec<_> = ops.iter().map(discriminant).collect();
    kinds.sort_by_key(|kind| format!("{kind:?}"));
    kinds.dedup();
    assert_eq!(
        kinds.len(),
        kinds_of_operations(&ops[0]),
        "an operation is missing"
    );
    let found = std::cell::RefCell::new(Vec::new());
    each(|name, mut machine| {
        // One commit for each operation: their positions are in the tables.
        for op in one_of_each() {
            let mut commit = commit(&machine, vec![op]);
            commit.id = uuid::Uuid::from_u128(u128::from(commit.expected.0));
            commit.blind = [7; 16];
            assert_eq!(
                machine.append(&commit, &[]).unwrap(),
                Appended::Kept,
                "{name}"
            );
        }
        found
            .borrow_mut()
            .push((name.to_owned(), machine.catalog.tables()));
    });
    let found = found.into_inner();
    for (name, tables) in &found {
        assert_eq!(*tables, found[0].1, "{name} differs from {}", found[0].0);
    }
}

/// What a second machine needs, and one that lost its catalog.
#[test]
fn a_new_catalog_made_of_the_commits_has_the_same_tables() {
    let log = MemoryLog::default();
    let mut first = Machine::new(Box::new(log.clone()));
    for op in one_of_each() {
        let commit = commit(&first, vec![op]);
        first.append(&commit, &[]).unwrap();
    }
    let second = Machine::new(Box::new(log));
    assert_eq!(second.catalog.tables(), first.catalog.tables());
    assert_eq!(second.catalog.tip().unwrap(), first.catalog.tip().unwrap());
}
