//! One certification at work: the sample, the state under it, and the comparisons.
//!
//! The state is exact for events from the log's beginning (`CERTIFY_LEAD_EVENTS_MAX`): the version's own, materialized
//! under it from the first event on. Beyond them the sample is tried on what that gives. A handler that fails there is
//! compared all the same, and shows nothing in the version's favour.

use std::path::Path;
use std::sync::Arc;

use uuid::Uuid;

use super::certify::Refusal;
use crate::diff::{Step, differences, first_words};
use crate::engine::Program;
use crate::engine::{Failure, Materializer, step_of};
use crate::history::{History, hole};
use crate::model::clock::Stopwatch;
use crate::model::log::RecordedCommand;
use crate::model::{
    Calls, Command, Event, NOT_DETERMINISTIC, NOT_PARTITIONED, Result, Seq, limits,
};
use crate::runtime::{Code, Perturbed};
use crate::store::{Access, Catalog, Projection};

const EVENT_HINT: &str = "an event's time is on the event; what is random belongs into a command, whose creator makes ids";
const PARTITION_HINT: &str = "an event of a partition touches rows of that one alone; leave it out of `event_partitions` where it needs others";
const HOST_HINT: &str = "this is a fault of Daybook: report it with the component";
const ORDER_HINT: &str = "say ORDER BY in every SELECT of more than one row";

/// What a trial found.
#[derive(Debug, Default)]
pub struct Found {
    pub events: u64,
    pub commands: u64,
    /// Calls after which the version's instance was put back, and compared with a fresh one; and those after which it could
    /// not be.
    pub reset: u64,
    pub dropped: u64,
    pub refusal: Option<Refusal>,
    /// Why it ended before the sample did.
    pub ended: Option<String>,
    /// The call that took the most fuel: of an event's or a command's type.
    pub dearest: Option<(u64, String)>,
}

pub struct Trial<'a> {
    log: &'a Catalog,
    code: Arc<Code>,
    program: Arc<Program>,
    materializer: Materializer,
    /// The version imports WASI, or one that it extends does.
    has_wasi: bool,
    found: Found,
    calls: u64,
    watch: Stopwatch,
}

impl<'a> Trial<'a> {
    /// On a new projection file.
    pub fn new(
        history: &'a History,
        code: Arc<Code>,
        program: Arc<Program>,
        path: &Path,
    ) -> Result<Trial<'a>> {
        let projection = Projection::create(path, program.layouts.clone(), Access::Building)?;
        let runtime = history.library.runtime.clone();
        let mut materializer = Materializer::new(runtime, program.clone(), projection);
        materializer.set_calls(Calls::Fresh);
        let chains = program.plugins.iter().map(|plugin| &plugin.chain);
        let own = chains.filter(|chain| chain[0].code.digest == code.digest);
        Ok(Trial {
            has_wasi: own.flatten().any(|link| link.code.uses_wasi),
            log: &history.log,
            code,
            program,
            materializer,
            found: Found::default(),
            calls: 0,
            watch: Stopwatch::start(),
        })
    }

    /// Tries the sample in the log's order: commands before the events that came after them.
    pub fn run(mut self) -> Result<Found> {
        let (each, all) = (limits::CERTIFY_EACH_MAX, limits::CERTIFY_ALL_MAX);
        let manifest = &self.code.manifest;
        if let Some(missing) = self.log.first_missing(Seq(1), self.log.head()?.0)? {
            return Err(hole(missing));
        }
        let commands = self.log.sample_commands(
            |name| manifest.commands.iter().any(|command| command.name == name),
            each,
            all,
        )?;
        let events = self.log.sample_events(
            |name| !self.program.handlers(name).is_empty(),
            |name| manifest.materializes.iter().any(|known| known == name),
            limits::CERTIFY_LEAD_EVENTS_MAX,
            each,
            all,
        )?;
        let mut commands = commands.as_slice();
        for (seq, sampled) in &events {
            commands = self.try_commands(commands, *seq)?;
            if self.is_over() {
                break;
            }
            let event = self.event(*seq)?;
            if *sampled {
                self.try_event(&event)?;
            }
            self.go_on(&event)?;
        }
        self.try_commands(commands, Seq(u64::MAX))?;
        Ok(self.found)
    }

    /// True once there is nothing more to find, or no more to be spent.
    fn is_over(&mut self) -> bool {
        if self.calls > limits::CERTIFY_CALLS_MAX {
            self.found.ended =
                Some("the sample was cut short, as its handlers ask for much".into());
        } else if self.watch.seconds() > limits::CERTIFY_SECONDS_MAX {
            self.found.ended = Some(format!(
                "the sample was cut short after {} s",
                limits::CERTIFY_SECONDS_MAX
            ));
        }
        self.found.refusal.is_some() || self.found.ended.is_some()
    }

    fn event(&self, seq: Seq) -> Result<Event> {
        self.log.event_at(seq)?.ok_or_else(|| hole(seq))
    }

    /// What the version makes of an event here and now. Nothing is kept.
    fn step(&mut self, event: &Event) -> Result<Step> {
        let result = self.materializer.run(event);
        self.spend(event.event_type.as_str());
        step_of(result, self.program.layouts.clone())
    }

    /// Calls count, and not fuel: of a language that takes a hundred times as much, the sample is as large.
    fn spend(&mut self, name: &str) {
        let usage = self.materializer.usage();
        self.calls += 1 + usage.host_calls + usage.rows_read + usage.rows_written;
        if self
            .found
            .dearest
            .as_ref()
            .is_none_or(|(fuel, _)| usage.fuel > *fuel)
        {
            self.found.dearest = Some((usage.fuel, name.to_owned()));
        }
    }

    /// Materializes an event for those that come after it. One that fails leaves the state as it is.
    fn go_on(&mut self, event: &Event) -> Result<()> {
        if self.step(event)?.outcome.is_err() {
            return Ok(());
        }
        self.materializer.apply_in_batch()
    }

    fn try_event(&mut self, event: &Event) -> Result<()> {
        let base = self.step(event)?;
        let (_, searched) = self.materializer.take_trace();
        self.found.events += 1;
        let name = format!("event {} ({})", event.seq, event.event_type);
        if let (None, Some(what)) = (&self.found.refusal, self.materializer.take_strayed()) {
            self.found.refusal = Some(Refusal {
                begins: NOT_PARTITIONED,
                what: format!("{name}: {what}"),
                hint: PARTITION_HINT,
            });
        }
        let differs = |other: &Step, when: &str| {
            (!base.is_same(other)).then(|| {
                let words = first_words(&differences(&base, other));
                format!("{name} has other effects {when}: {words}")
            })
        };
        for (perturbed, when) in self.perturbations() {
            self.materializer.perturb(perturbed);
            let other = self.step(event)?;
            self.materializer.perturb(Perturbed::default());
            self.refuse(differs(&other, when), EVENT_HINT);
        }
        if searched {
            self.reverse(true)?;
            let other = self.step(event)?;
            self.reverse(false)?;
            self.refuse(differs(&other, REVERSED), ORDER_HINT);
        }
        self.try_reset(|it| Ok(differs(&it.step(event)?, RESET)))
    }

    /// Makes a call in instances that are reset, and says in what it differs.
    fn try_reset(
        &mut self,
        difference: impl Fn(&mut Self) -> Result<Option<String>>,
    ) -> Result<()> {
        self.materializer.set_calls(Calls::Proved);
        for _ in 0..TIMES {
            let found = difference(self)?;
            match self.materializer.take_dropped().contains(&self.code.digest) {
                true => self.found.dropped += 1,
                false => self.found.reset += 1,
            }
            self.refuse(found, HOST_HINT);
        }
        self.materializer.set_calls(Calls::Fresh);
        Ok(())
    }

    /// Those that the version can notice.
    fn perturbations(&self) -> impl Iterator<Item = (Perturbed, &'static str)> + use<> {
        let clock = Perturbed {
            clock: true,
            seed: false,
        };
        let seed = Perturbed {
            clock: false,
            seed: true,
        };
        let both = [
            (clock, "when WASI's clock shows another time"),
            (seed, "when WASI's random bytes are others"),
        ];
        both.into_iter().filter({
            let has_wasi = self.has_wasi;
            move |_| has_wasi
        })
    }

    fn refuse(&mut self, what: Option<String>, hint: &'static str) {
        if let (None, Some(what)) = (&self.found.refusal, what) {
            self.found.refusal = Some(Refusal {
                begins: NOT_DETERMINISTIC,
                what,
                hint,
            });
        }
    }

    fn reverse(&mut self, on: bool) -> Result<()> {
        self.materializer.discard()?;
        self.materializer.projection().reverse_unordered_selects(on)
    }

    /// Tries the commands that came before an event; the rest is given back.
    fn try_commands<'c>(&mut self, ordinals: &'c [u64], before: Seq) -> Result<&'c [u64]> {
        for (at, ordinal) in ordinals.iter().enumerate() {
            let command = self.command(*ordinal)?;
            if command.position >= before || self.is_over() {
                return Ok(&ordinals[at..]);
            }
            self.try_command(&command)?;
        }
        Ok(&[])
    }

    fn command(&self, ordinal: u64) -> Result<RecordedCommand> {
        let mut commands = self.log.commands(ordinal - 1, 1)?;
        let found = commands.pop().filter(|(found, _)| *found == ordinal);
        found.map(|(_, stored)| stored.command).ok_or_else(|| {
            crate::model::Error::corrupt(format!("command {ordinal} is missing in the journal"))
        })
    }

    /// What the creator answers here and now, line by line.
    fn ask(&mut self, recorded: &RecordedCommand) -> Result<Vec<String>> {
        let command = Command {
            id: recorded.id.clone(),
            command_type: recorded.command_type.clone(),
            subject: recorded.subject.clone(),
            time: recorded.time.clone(),
            actor: recorded.actor.clone(),
            data: recorded.data.clone(),
        };
        let (handler, _) = self.program.creator(command.command_type.as_str(), None)?;
        let id = Uuid::parse_str(&command.id).unwrap_or_default();
        let result = self.materializer.create(handler, &command, id);
        self.spend(command.command_type.as_str());
        Ok(match result {
            Ok((Ok(events), _)) => {
                let lines = events.iter().map(|event| {
                    let subject = event.subject.as_deref().unwrap_or("no subject");
                    format!("{} about {subject}: {}", event.event_type, event.data)
                });
                lines.collect()
            }
            Ok((Err(rejection), _)) => vec![format!("{rejection:?}")],
            Err(Failure::Doom(doom)) => vec![doom.error.to_string()],
            Err(Failure::Host(error)) => return Err(error),
        })
    }

    fn try_command(&mut self, command: &RecordedCommand) -> Result<()> {
        let base = self.ask(command)?;
        let (_, searched) = self.materializer.take_trace();
        self.found.commands += 1;
        let name = format!(
            "command {} ({}) after event {}",
            command.id, command.command_type, command.position
        );
        let differs = |other: &[String], when: &str| {
            (base != other).then(|| {
                let count = base.len().max(other.len());
                let at = (0..count).find(|&at| base.get(at) != other.get(at));
                let line = |lines: &[String]| {
                    at.and_then(|at| lines.get(at).cloned())
                        .unwrap_or_else(|| "nothing".into())
                };
                format!(
                    "{name} is answered otherwise {when}: {}, or {}",
                    line(&base),
                    line(other)
                )
            })
        };
        for (perturbed, when) in self.perturbations() {
            self.materializer.perturb(perturbed);
            let other = self.ask(command)?;
            self.materializer.perturb(Perturbed::default());
            self.refuse(differs(&other, when), EVENT_HINT);
        }
        if searched {
            self.reverse(true)?;
            let other = self.ask(command)?;
            self.reverse(false)?;
            self.refuse(differs(&other, REVERSED), ORDER_HINT);
        }
        self.try_reset(|it| Ok(differs(&it.ask(command)?, RESET)))
    }
}

const REVERSED: &str = "when rows of a SELECT without ORDER BY come in another order";
const RESET: &str = "in an instance that was reset";

/// What is tried in an instance that was reset: once makes one, and once more meets it.
const TIMES: usize = 2;
