//! Compiling apart from the book: what takes seconds is done before the book's writer is asked for a moment.

use std::sync::Arc;

use super::book::Book;
use super::certify::{Certified, Certifier};
use super::library::Library;
use super::versions::Loaded;
use crate::model::{PluginVersion, Result};
use crate::runtime::{Code, ComponentCache, Runtime};
use crate::store::{BookDir, LogDb, Role};

/// Compiles for one book, on any thread.
#[derive(Clone)]
pub struct Loader {
    runtime: Arc<Runtime>,
    cache: ComponentCache,
    dir: BookDir,
}

/// A component that is compiled and not registered yet.
pub struct Compiled {
    pub code: Arc<Code>,
    /// Versions below it, which the book may not have compiled in this process.
    below: Warm,
    /// What its certification came to; none where exactly this was loaded before.
    certified: Option<Certified>,
}

/// Versions of the book's own, compiled.
pub struct Warm(Vec<Arc<Code>>);

impl Loader {
    /// Compiles a component, and what it extends as far as that is loaded, and certifies it.
    pub fn compile(&self, bytes: &[u8]) -> Result<Compiled> {
        let code = Arc::new(self.runtime.load(bytes, Some(&self.cache))?);
        let extends = code.manifest.extends()?.map(|date| PluginVersion {
            plugin: code.version.plugin.clone(),
            date,
        });
        let below = match extends {
            Some(version) => self.warm(&version)?,
            None => Warm(Vec::new()),
        };
        let certified = self.certify(&code)?;
        Ok(Compiled {
            code,
            below,
            certified,
        })
    }

    fn certify(&self, code: &Arc<Code>) -> Result<Option<Certified>> {
        let log = LogDb::open(&self.dir.log())?;
        let mut library = Library::open(self.runtime.clone(), self.cache.clone(), &log)?;
        let known = { library.find(&code.version) }.map(|stored| stored.digest);
        if known.is_ok_and(|digest| digest == code.digest) {
            return Ok(None);
        }
        let records = log.projections()?.into_iter();
        let live = { records }.find(|record| record.role == Role::Live);
        let active = live.map(|record| record.schedule.last());
        let mut certifier = Certifier {
            dir: &self.dir,
            log: &log,
            library: &mut library,
            active: active.unwrap_or_default(),
        };
        certifier.try_out(code).map(Some)
    }

    /// Compiles a version of the book with those it extends. What is not loaded is left for the book to refuse.
    pub fn warm(&self, version: &PluginVersion) -> Result<Warm> {
        let log = LogDb::open(&self.dir.log())?;
        let mut library = Library::open(self.runtime.clone(), self.cache.clone(), &log)?;
        let mut codes = Vec::new();
        let mut next = Some(version.clone());
        while let Some(version) = next.filter(|version| library.find(version).is_ok()) {
            let code = library.code(&log, &version)?;
            // Dates only go back from version to version (`Manifest::check`), so this ends.
            next = code.manifest.extends()?.map(|date| PluginVersion {
                plugin: version.plugin,
                date,
            });
            codes.push(code);
        }
        Ok(Warm(codes))
    }
}

impl Book {
    /// What compiling for this book takes.
    pub fn loader(&self) -> Loader {
        Loader {
            runtime: self.library.runtime.clone(),
            cache: self.library.cache.clone(),
            dir: self.dir.clone(),
        }
    }

    /// Registers a component that a `Loader` of this book compiled from these bytes.
    pub fn load_compiled(&mut self, compiled: Compiled, bytes: &[u8]) -> Result<Loaded> {
        self.keep_warm(compiled.below);
        self.register(compiled.code, bytes, compiled.certified)
    }

    /// Takes over what a `Loader` of this book compiled.
    pub fn keep_warm(&mut self, warm: Warm) {
        for code in warm.0 {
            self.library.keep(code);
        }
    }
}
