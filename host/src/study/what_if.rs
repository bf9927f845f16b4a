//! What if: the journal of past commands asked again of other creators, each on the state it met, and what they would
//! answer beside what was answered.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use uuid::Uuid;

use super::onlooker::Study;
use super::replays::Picked;
use crate::engine::Player;
use crate::engine::{Failure, make_canonical};
use crate::history::{OnProgress, PayloadHistory, Progress, advance};
use crate::model::log::{CommandOutcome, RecordedCommand};
use crate::model::{Command, Error, NewEvent, Rejection, Result, Seq, limits};
use crate::store::Catalog;
use crate::store::Temporary;

/// What a creator answers, or answered.
#[derive(Debug, Clone, PartialEq)]
pub enum Said {
    /// Type, subject and payload of each event.
    Accepted(Vec<NewEvent>),
    Rejected(Rejection),
    /// It failed or trapped, or nobody answers such commands.
    Failed(String),
}

/// How two answers differ.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Turn {
    /// Was accepted, would be rejected.
    Refused,
    /// Was rejected, would be accepted.
    Accepted,
    /// Accepted both times, with other events.
    OtherEvents,
    /// Rejected both times, for another reason.
    OtherReason,
    /// It would fail now.
    Fails,
    /// It failed and would not any more.
    Answers,
}

impl Turn {
    pub fn as_str(self) -> &'static str {
        match self {
            Turn::Refused => "newly refused",
            Turn::Accepted => "newly accepted",
            Turn::OtherEvents => "other events",
            Turn::OtherReason => "other reason",
            Turn::Fails => "fails now",
            Turn::Answers => "no longer fails",
        }
    }

    /// None where both say the same.
    fn between(base: &Said, candidate: &Said) -> Option<Turn> {
        let turn = match (base, candidate) {
            (Said::Failed(_), Said::Failed(_)) => return None,
            (Said::Failed(_), _) => Turn::Answers,
            (_, Said::Failed(_)) => Turn::Fails,
            (Said::Accepted(_), Said::Rejected(_)) => Turn::Refused,
            (Said::Rejected(_), Said::Accepted(_)) => Turn::Accepted,
            (Said::Accepted(ours), Said::Accepted(theirs)) if ours != theirs => Turn::OtherEvents,
            (Said::Rejected(ours), Said::Rejected(theirs)) if ours != theirs => Turn::OtherReason,
            _ => return None,
        };
        Some(turn)
    }
}

/// A command that would be answered otherwise.
#[derive(Debug, Clone)]
pub struct Turned {
    pub command: RecordedCommand,
    pub turn: Turn,
    pub base: Said,
    pub candidate: Said,
}

/// The journal in numbers.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct WhatIf {
    /// Commands asked.
    pub commands: u64,
    /// By command type and how the answers differ.
    pub turned: BTreeMap<(String, Turn), u64>,
}

impl Study<'_> {
    /// Asks the candidate's creators every command of the journal, on the state that its materializers make of the log up
    /// to where the command came; the base's likewise, but for `Picked::Recorded`, which is what the journal says. Where a
    /// repair changed the state since, the versions of that time are asked again; a command that was erased is not asked.
    /// Tells `visit` of each command that is answered otherwise. The book is as it was.
    pub fn what_if(
        &mut self,
        base: &Picked,
        candidate: &Picked,
        visit: &mut dyn FnMut(&Turned) -> Result<()>,
        progress: OnProgress<'_>,
    ) -> Result<WhatIf> {
        let paths = ["what-if-base", "what-if-candidate"].map(|what| self.temporary(what));
        let _temporary = Temporary::new(&paths)?;
        self.ask_again([base, candidate], &paths, visit, progress)
    }

    fn ask_again(
        &mut self,
        [base, candidate]: [&Picked; 2],
        [base_path, candidate_path]: &[PathBuf; 2],
        visit: &mut dyn FnMut(&Turned) -> Result<()>,
        progress: OnProgress<'_>,
    ) -> Result<WhatIf> {
        let stale = self.history.log.stale_answers()?;
        let is_journal = *base == Picked::Recorded;
        let mut base = match is_journal && stale.is_none() {
            true => None,
            false => Some(self.asked(base, base_path)?),
        };
        // A command has seen the events before it.
        let speaks = |at: Seq| {
            is_journal && { stale.as_ref() }.is_none_or(|it| at < *it.start() || at > *it.end())
        };
        let past = PayloadHistory::read(&self.history.log)?;
        let mut candidate = self.asked(candidate, candidate_path)?;
        let mut found = WhatIf::default();
        let mut after = 0;
        loop {
            let commands = self.history.log.commands(after, limits::PIECE_EVENTS_MAX)?;
            let Some((last, _)) = commands.last() else {
                return Ok(found);
            };
            after = *last;
            for (_, stored) in commands {
                let command = stored.command;
                if command.data.is_empty() {
                    continue;
                }
                let theirs = candidate.ask(&self.history.log, &command)?;
                let ours = match &mut base {
                    Some(base) if !speaks(command.position) => {
                        base.ask(&self.history.log, &command)?
                    }
                    _ => self.said(&command, &past)?,
                };
                found.commands += 1;
                if let Some(turn) = Turn::between(&ours, &theirs) {
                    let name = command.command_type.as_str().to_owned();
                    *found.turned.entry((name, turn)).or_default() += 1;
                    visit(&Turned {
                        command,
                        turn,
                        base: ours,
                        candidate: theirs,
                    })?;
                }
            }
            progress(Progress {
                done: candidate.position().0,
                total: self.head().0,
            });
        }
    }

    fn asked(&mut self, picked: &Picked, path: &Path) -> Result<CreatorSide> {
        let schedule = self.schedule_of(picked)?;
        let player = self.history.player(&schedule, path)?;
        Ok(CreatorSide { player })
    }

    /// What the journal says was answered: with the payloads of then.
    fn said(&self, command: &RecordedCommand, past: &PayloadHistory) -> Result<Said> {
        Ok(match &command.outcome {
            CommandOutcome::Rejected(rejection) => Said::Rejected(rejection.clone()),
            CommandOutcome::Failed(message) => Said::Failed(message.clone()),
            CommandOutcome::Accepted { events } => {
                let (from, to) = (command.position.next(), Seq(command.position.0 + events));
                let mut said = Vec::new();
                for piece in self.history.log.recorded(from..=to) {
                    // Between them may be those of its reactions, which are commands of their own.
                    let own = { piece?.into_iter() }
                        .filter(|stored| stored.command.as_deref() == Some(&command.id));
                    said.extend(own.map(|stored| {
                        let original = past.original(stored.event.seq).map(str::to_owned);
                        NewEvent {
                            event_type: stored.event.event_type.as_str().to_owned(),
                            // Where a creator names none, its event has the command's.
                            subject: { stored.event.subject }
                                .filter(|it| Some(it) != command.subject.as_ref()),
                            // Which of them the creator asked for, and which came with its command, is not known.
                            attributes: Vec::new(),
                            data: original.unwrap_or(stored.event.data),
                        }
                    }));
                }
                // Such a log has other forms too: of the draft, and of before an amendment.
                said.iter_mut().for_each(make_canonical);
                Said::Accepted(said)
            }
        })
    }
}

/// Creators on the state of their own materializers.
struct CreatorSide {
    player: Player,
}

impl CreatorSide {
    fn position(&self) -> Seq {
        self.player.materializer.head().position
    }

    fn ask(&mut self, log: &Catalog, command: &RecordedCommand) -> Result<Said> {
        advance(&mut self.player, log, command.position)?;
        let name = command.command_type.as_str();
        let program = self.player.materializer.program().clone();
        let handler = match program.creator(name, None) {
            Ok((handler, schema)) => {
                // An inverse was given its event's payload, which may have more members.
                let checked = match command.command_type.name().starts_with("Undo") {
                    true => schema.check_open(&command.data),
                    false => schema.check(&command.data),
                };
                match checked {
                    Ok(()) => handler,
                    Err(error) => return Ok(Said::Failed(error.message)),
                }
            }
            Err(error) => return Ok(Said::Failed(error.message)),
        };
        let id: Uuid = command.id.parse().map_err(|_| {
            Error::corrupt(format!(
                "command '{}' has an id that is no UUID",
                command.id
            ))
        })?;
        let asked = Command {
            id: command.id.clone(),
            command_type: command.command_type.clone(),
            subject: command.subject.clone(),
            time: command.time.clone(),
            actor: command.actor.clone(),
            data: command.data.clone(),
        };
        match self.player.materializer.create(handler, &asked, id) {
            Ok((Ok(events), _)) => {
                let events = events.into_iter().map(|event| NewEvent {
                    subject: event
                        .subject
                        .filter(|it| Some(it) != command.subject.as_ref()),
                    attributes: Vec::new(),
                    ..event
                });
                let mut events: Vec<_> = events.collect();
                events.iter_mut().for_each(make_canonical);
                Ok(Said::Accepted(events))
            }
            Ok((Err(rejection), _)) => Ok(Said::Rejected(rejection)),
            Err(Failure::Doom(doom)) => {
                Ok(Said::Failed(format!("{} {}", doom.version, doom.error)))
            }
            Err(Failure::Host(error)) => Err(error),
        }
    }
}
