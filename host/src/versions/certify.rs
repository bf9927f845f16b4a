//! Certification: a version is run over a sample of the book's history, again and again on the same state, while what
//! must not matter is perturbed. Effects that differ by clock, seed or order of rows are a reason to refuse it; a
//! version that differs only in an instance which has seen other events keeps isolation `event`; one that does not
//! differ at all gets `batch`.

use crate::model::log::LogOp;
use std::collections::BTreeSet;
use std::sync::Arc;

use super::trial::{Found, Trial};
use crate::book::Book;
use crate::engine::Program;
use crate::history::History;
use crate::model::Certification;
use crate::model::{
    Error, ErrorKind, Isolation, Isolations, Lineup, Manifest, PluginVersion, Result, clock, limits,
};
use crate::runtime::{Code, fingerprint};
use crate::store::Temporary;
use crate::study::Study;

/// What a certification came to.
#[derive(Debug, Clone)]
pub struct Certified {
    pub certification: Certification,
    /// Of what the version has.
    pub isolation: Isolation,
    /// In what the version is not what it has to be: it is not to be loaded, and not to be trusted where it is.
    pub refusal: Option<Refusal>,
    /// A call that came near the limit of fuel, in words.
    pub costly: Option<String>,
}

/// What nothing excuses, and what the author can do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// What the version is: `NOT_DETERMINISTIC`, `NOT_PARTITIONED`.
    pub begins: &'static str,
    pub what: String,
    pub hint: &'static str,
}

/// Names of types that a reason lists.
const NAMES_SHOWN_MAX: usize = 5;

impl Book {
    /// Certifies a loaded version on the history there is now, and records what it came to.
    pub fn certify(&mut self, version: &PluginVersion) -> Result<Certified> {
        self.check_current()?;
        let certified = self.study().certify(version)?;
        self.record_certified(&certified)?;
        Ok(certified)
    }

    /// Records what a study of this book came to.
    pub fn record_certified(&mut self, certified: &Certified) -> Result<()> {
        self.record_certification(&certified.certification)
    }

    /// Gives a version isolation `event`, whatever a certification showed, until the next one.
    pub fn isolate(&mut self, version: &PluginVersion) -> Result<Certified> {
        let digest = self.history.library.find(version)?.digest;
        let known = { self.history.log.certifications()?.into_iter() }
            .find(|known| known.version == *version && known.digest == digest);
        let found = known.as_ref().filter(|known| known.is_refused());
        let certification = Certification {
            isolations: Isolations::default(),
            // What was found of a version does not go by asking for its isolation.
            reason: found
                .map_or("asked for by hand", |known| &known.reason)
                .to_owned(),
            certified_at: clock::now(),
            engine: fingerprint(),
            ..known.unwrap_or_else(|| Certification {
                version: version.clone(),
                digest,
                certified_at: String::new(),
                engine: String::new(),
                events: 0,
                commands: 0,
                isolations: Isolations::default(),
                reason: String::new(),
            })
        };
        self.record_certification(&certification)?;
        Ok(Certified {
            certification,
            isolation: Isolation::Event,
            refusal: None,
            costly: None,
        })
    }

    fn record_certification(&mut self, certification: &Certification) -> Result<()> {
        self.check_current()?;
        self.commit(vec![LogOp::Certification(certification.clone())])?;
        self.history.reload()?;
        self.use_isolations()
    }

    /// From now on every call of this open book gets a fresh instance, whatever a version's isolation; or no longer.
    pub fn isolate_events(&mut self, on: bool) -> Result<()> {
        self.history.library.isolate_events(on);
        self.use_isolations()
    }

    /// Lets the live projection run under the isolations that are in force now.
    pub(crate) fn use_isolations(&mut self) -> Result<()> {
        let lineup = self.live.materializer.program().lineup.clone();
        let program = self.history.program(&lineup)?;
        self.live.materializer.renew(program);
        Ok(())
    }

    /// Tries a version that need not be registered. The book is as it was.
    pub(crate) fn try_out(&mut self, code: &Arc<Code>) -> Result<Certified> {
        let active = self.lineup();
        Certifier {
            history: &mut self.history,
            active,
        }
        .try_out(code)
    }
}

impl Study<'_> {
    /// Tries a loaded version on the history there is now.
    pub fn certify(&mut self, version: &PluginVersion) -> Result<Certified> {
        let code = self.history.code(version)?;
        let active = self.lineup();
        Certifier {
            history: self.history,
            active,
        }
        .try_out(&code)
    }
}

/// What a certification needs of a book; also beside its writer.
pub(crate) struct Certifier<'a> {
    pub history: &'a mut History,
    /// What is in force.
    pub active: Lineup,
}

impl Certifier<'_> {
    pub fn try_out(&mut self, code: &Arc<Code>) -> Result<Certified> {
        let program = match self.surroundings(code)? {
            Ok(program) => Arc::new(program),
            Err(why) => return Ok(certified(code, &Found::default(), Some(why))),
        };
        let file = format!("certify-{}.building", crate::model::given::id().simple());
        let path = self.history.dir.projection(&file);
        let _temporary = Temporary::new(std::slice::from_ref(&path))?;
        let trial = Trial::new(self.history, code.clone(), program, &path);
        let found = trial.and_then(Trial::run)?;
        Ok(certified(code, &found, None))
    }

    /// The version with those it extends, among the active versions of the plugins whose tables any of them reads. The
    /// inner error says why there is no such program.
    fn surroundings(&mut self, code: &Arc<Code>) -> Result<Result<Program, String>> {
        let lineup = match self.history.library.surroundings(code, &self.active)? {
            Ok(lineup) => lineup,
            Err(plugin) => {
                return Ok(Err(format!(
                    "plugin '{plugin}', whose tables it reads, is not active"
                )));
            }
        };
        let program = Program::resolve(&lineup, |version| {
            if *version == code.version {
                Ok(code.clone())
            } else {
                self.history.code(version)
            }
        });
        let mut program = match program {
            Err(error) if error.kind == ErrorKind::Refused => return Ok(Err(error.message)),
            program => program?,
        };
        program.isolate(|link| match link.digest == code.digest {
            true => Isolations {
                materializers: Isolation::Batch,
                creators: Isolation::Batch,
            },
            false => Isolations::default(),
        });
        Ok(Ok(program))
    }
}

/// For people: the isolation of what a version has, its creators' where it has no materializers.
pub fn isolation_of(manifest: &Manifest, isolations: Isolations) -> Isolation {
    if manifest.materializes.is_empty() {
        isolations.creators
    } else {
        isolations.materializers
    }
}

impl Certified {
    /// As the answer to somebody who wants to load the version.
    pub(crate) fn or_refused(self) -> Result<Certification> {
        match self.refusal {
            None => Ok(self.certification),
            Some(refusal) => Err(Error::refused(format!(
                "{} is {}{}",
                self.certification.version, refusal.begins, refusal.what
            ))
            .hint(refusal.hint)),
        }
    }
}

fn certified(code: &Code, found: &Found, untried: Option<String>) -> Certified {
    let materializers = materializers(code, found);
    let creators = creators(code, found);
    let isolation = |verdict: &Result<(), String>| match verdict {
        Ok(()) => Isolation::Batch,
        Err(_) => Isolation::Event,
    };
    let isolations = Isolations {
        materializers: isolation(&materializers),
        creators: isolation(&creators),
    };
    let reason = match (&found.refusal, untried) {
        (Some(refusal), _) => format!("{}{}", refusal.begins, refusal.what),
        (None, Some(why)) => format!("not certified: {why}"),
        (None, None) if found.events + found.commands == 0 => {
            "not certified: no events of its types yet".into()
        }
        (None, None) => reason(code, materializers, creators),
    };
    Certified {
        isolation: isolation_of(&code.manifest, isolations),
        certification: Certification {
            version: code.version.clone(),
            digest: code.digest,
            certified_at: clock::now(),
            engine: fingerprint(),
            events: found.events,
            commands: found.commands,
            isolations,
            reason,
        },
        refusal: found.refusal.clone(),
        costly: { found.dearest.as_ref() }.and_then(|(fuel, name)| costly(*fuel, name)),
    }
}

/// What there is to say of a call that took this much fuel: nothing up to half of what it may take.
fn costly(fuel: u64, name: &str) -> Option<String> {
    let limit = limits::FUEL_PER_CALL_MAX;
    let share = u128::from(fuel) * 100 / u128::from(limit);
    (fuel > limit / 2).then(|| {
        format!(
            "{name} took {fuel} of the {limit} fuel of a call ({share} %) when it was tried: on a larger state it may be stopped"
        )
    })
}

/// Whether an instance may see many events; or why not.
fn materializers(code: &Code, found: &Found) -> Result<(), String> {
    let declared = &code.manifest.materializes;
    general(code, found)?;
    if let Some(leak) = &found.events_leak {
        return Err(leak.clone());
    }
    covered("event", declared.iter(), &found.events_covered, found)
}

/// The same for commands.
fn creators(code: &Code, found: &Found) -> Result<(), String> {
    let declared = code.manifest.commands.iter().map(|command| &command.name);
    general(code, found)?;
    if let Some(leak) = &found.commands_leak {
        return Err(leak.clone());
    }
    covered("command", declared, &found.commands_covered, found)
}

fn general(code: &Code, found: &Found) -> Result<(), String> {
    if let Some(refusal) = &found.refusal {
        return Err(format!("it is {}", refusal.begins.trim_end_matches(": ")));
    }
    if code.uses_wasi {
        return Err("it imports WASI, whose state is that of one call".into());
    }
    Ok(())
}

fn covered<'a>(
    what: &str,
    declared: impl Iterator<Item = &'a String>,
    covered: &BTreeSet<String>,
    found: &Found,
) -> Result<(), String> {
    let missing: Vec<&str> = declared
        .filter(|name| !covered.contains(*name))
        .map(String::as_str)
        .collect();
    if covered.is_empty() || !missing.is_empty() {
        let shown = missing[..missing.len().min(NAMES_SHOWN_MAX)].join(", ");
        let more = match missing.len().saturating_sub(NAMES_SHOWN_MAX) {
            0 => String::new(),
            more => format!(" and {more} more"),
        };
        let end = found
            .ended
            .as_deref()
            .map_or_else(String::new, |why| format!("; {why}"));
        return Err(format!(
            "no {what} was tried with success of: {shown}{more}{end}"
        ));
    }
    Ok(())
}

fn reason(code: &Code, materializers: Result<(), String>, creators: Result<(), String>) -> String {
    let events = !code.manifest.materializes.is_empty();
    let commands = !code.manifest.commands.is_empty();
    match (materializers, creators) {
        (Err(why), _) if events => why,
        (_, Err(why)) if commands && events => {
            format!("reuse changed nothing; creators have a fresh instance for every call: {why}")
        }
        (_, Err(why)) if commands => why,
        _ => "reuse changed nothing".into(),
    }
}
