//! Compiling apart from the book: what takes seconds is done before the book's writer is asked for a moment.

use std::sync::Arc;

use super::certify::{Certified, Certifier};
use super::load::Loaded;
use crate::book::Book;
use crate::engine::Library;
use crate::history::{Cores, History};
use crate::model::{PluginVersion, Result};
use crate::runtime::{Code, ComponentCache, Runtime};
use crate::store::{BookDir, Catalog};

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
    /// Compiles a component. Nothing of the book is read.
    pub fn compile(&self, bytes: &[u8]) -> Result<Arc<Code>> {
        Ok(Arc::new(self.runtime.load(bytes, Some(&self.cache))?))
    }

    /// Compiles what a component extends, as far as that is loaded, and certifies it on the book's history.
    pub fn prepare(&self, code: Arc<Code>) -> Result<Compiled> {
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

    /// The book beside whoever has it open, on this very engine.
    fn history(&self) -> Result<History> {
        let log = Catalog::open(&self.dir.log())?;
        Ok(History {
            dir: self.dir.clone(),
            library: Library::open(self.runtime.clone(), self.cache.clone(), &log)?,
            log,
            cores: Cores::default(),
        })
    }

    fn certify(&self, code: &Arc<Code>) -> Result<Option<Certified>> {
        let mut history = self.history()?;
        let known = { history.library.find(&code.version) }.map(|stored| stored.digest);
        if known.is_ok_and(|digest| digest == code.digest) {
            return Ok(None);
        }
        let active = history.log.live()?.schedule.last();
        let mut certifier = Certifier {
            history: &mut history,
            active,
        };
        certifier.try_out(code).map(Some)
    }

    /// Compiles a version of the book with those it extends. What is not loaded is left for the book to refuse.
    pub fn warm(&self, version: &PluginVersion) -> Result<Warm> {
        let mut history = self.history()?;
        let mut codes = Vec::new();
        let mut next = Some(version.clone());
        while let Some(version) = next.filter(|version| history.library.find(version).is_ok()) {
            let code = history.code(&version)?;
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
            runtime: self.history.library.runtime.clone(),
            cache: self.history.library.cache.clone(),
            dir: self.history.dir.clone(),
        }
    }

    /// Registers a component that a `Loader` of this book compiled from these bytes.
    pub fn load_compiled(&mut self, compiled: Compiled, bytes: &[u8]) -> Result<Loaded> {
        self.add_warm(compiled.below);
        self.register(compiled.code, bytes, compiled.certified)
    }

    /// Takes over what a `Loader` of this book compiled.
    pub fn add_warm(&mut self, warm: Warm) {
        for code in warm.0 {
            self.history.library.insert(code);
        }
    }
}
