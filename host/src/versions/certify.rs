//! Certification: a version is run over a sample of the book's history, again and again on the same state, while what
//! must not matter is perturbed. Effects that differ by clock, seed or order of rows are a reason to refuse it. After each
//! call the whole of its instance, put back, is compared with a fresh one.

use crate::model::log::LogOp;
use std::sync::Arc;

use super::trial::{Found, Trial};
use crate::book::Book;
use crate::engine::Program;
use crate::history::History;
use crate::model::Certification;
use crate::model::{Error, ErrorKind, Instances, Lineup, PluginVersion, Result, clock, limits};
use crate::runtime::{Code, fingerprint};
use crate::store::Temporary;
use crate::study::Study;

/// What a certification came to.
#[derive(Debug, Clone)]
pub struct Certified {
    pub certification: Certification,
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

    fn record_certification(&mut self, certification: &Certification) -> Result<()> {
        self.check_current()?;
        self.commit(vec![LogOp::Certification(certification.clone())])?;
        self.history.reload()
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
        match program {
            Err(error) if error.kind == ErrorKind::Refused => Ok(Err(error.message)),
            program => program.map(Ok),
        }
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

fn certified(code: &Code, found: &Found, why_not: Option<String>) -> Certified {
    let (instances, of_instances) = instances(code, found);
    let untried = |why: &str| match &code.fresh_because {
        None => format!("not certified: {why}"),
        Some(_) => format!("not certified: {why}; {of_instances}"),
    };
    let reason = match (&found.refusal, why_not) {
        (Some(refusal), _) => format!("{}{}", refusal.begins, refusal.what),
        (None, Some(why)) => untried(&why),
        (None, None) if found.events + found.commands == 0 => untried("no events of its types yet"),
        (None, None) => of_instances,
    };
    Certified {
        certification: Certification {
            version: code.version.clone(),
            digest: code.digest,
            certified_at: clock::now(),
            engine: fingerprint(),
            events: found.events,
            commands: found.commands,
            instances,
            reason,
        },
        refusal: found.refusal.clone(),
        costly: { found.dearest.as_ref() }.and_then(|(fuel, name)| costly(*fuel, name)),
    }
}

/// What becomes of the version's instances after a call, and why.
fn instances(code: &Code, found: &Found) -> (Instances, String) {
    if let Some(why) = &code.fresh_because {
        return (
            Instances::Fresh,
            format!("a fresh instance for each call: {why}"),
        );
    }
    let end = { found.ended.as_deref() }.map_or_else(String::new, |why| format!("; {why}"));
    match (found.reset, found.dropped) {
        (0, 1..) => (
            Instances::Fresh,
            format!("a fresh instance for each call, which takes memory or uses WASI{end}"),
        ),
        (reset, 0) => (
            Instances::Reset,
            format!("after each of {reset} calls its instance was as a fresh one{end}"),
        ),
        (reset, dropped) => (
            Instances::Reset,
            format!(
                "after {reset} calls its instance was as a fresh one; {dropped} calls took memory or used WASI, and theirs was dropped{end}"
            ),
        ),
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
