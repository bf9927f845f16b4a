//! The two sides of a comparison as they are named: versions of the book, history as recorded, or components that are files
//! or crates and that no book has.

use std::path::{Path, PathBuf};
use std::str::FromStr;

use super::{Choice, picked};
use crate::authoring;
use crate::cli::input;
use crate::model::{Error, PluginName, PluginVersion, Result};
use crate::study::Picked;

/// One side of a comparison, or one plugin of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Side {
    Choice(Choice),
    /// A component's file, or the folder of a crate.
    Component(PathBuf),
}

impl FromStr for Side {
    type Err = Error;

    fn from_str(text: &str) -> Result<Side> {
        let is_path = text.contains(['/', '\\']) || text.ends_with(".wasm") || text.ends_with('.');
        match text.parse() {
            _ if is_path => Ok(Side::Component(text.into())),
            Ok(choice) => Ok(Side::Choice(choice)),
            Err(_) if Path::new(text).exists() => Ok(Side::Component(text.into())),
            Err(error) => Err(error.hint(
                "a version is PLUGIN@DATE; a component's file or a crate's folder can be named too: ./visits.wasm",
            )),
        }
    }
}

/// The sides, once every component among them has been lent to whoever compares.
pub struct Lent {
    pub base: Picked,
    pub candidate: Picked,
    /// What the base consists of, as far as it was named.
    pub versions: Vec<PluginVersion>,
}

/// Builds, reads and lends the components of both sides, and what stands `with` both.
pub fn lend(
    base: &[Side],
    candidate: &[Side],
    with: &[PathBuf],
    mut lend: impl FnMut(&[u8]) -> Result<PluginVersion>,
) -> Result<Lent> {
    let mut lend = |path: &PathBuf| {
        let lent = component(path).and_then(|bytes| lend(&bytes));
        lent.map_err(|error| error.context(path.display()))
    };
    let mut beside: Vec<PluginVersion> = with.iter().map(&mut lend).collect::<Result<_>>()?;
    let mut choices = |sides: &[Side]| -> Result<Vec<Choice>> {
        let choice = |side: &Side| match side {
            Side::Choice(choice) => Ok(choice.clone()),
            Side::Component(path) => lend(path).map(Choice::Version),
        };
        sides.iter().map(choice).collect()
    };
    let (mut base, mut candidate) = (choices(base)?, choices(candidate)?);
    // A version of a plugin that is compared is there to be stood on; of any other plugin the latest takes part.
    beside.sort();
    beside.dedup_by(|later, kept| {
        let same = later.plugin == kept.plugin;
        if same {
            kept.clone_from(later);
        }
        same
    });
    let compared = |plugin: &PluginName| {
        let mut named = base.iter().chain(&candidate);
        named.any(|choice| matches!(choice, Choice::Version(it) if it.plugin == *plugin))
    };
    beside.retain(|version| !compared(&version.plugin));
    for version in beside {
        base.push(Choice::Version(version.clone()));
        candidate.push(Choice::Version(version));
    }
    let versions = { base.iter() }
        .filter_map(|choice| match choice {
            Choice::Version(version) => Some(version.clone()),
            Choice::Recorded => None,
        })
        .collect();
    Ok(Lent {
        base: picked(&base)?,
        candidate: picked(&candidate)?,
        versions,
    })
}

/// The bytes of a component: of its file, or built from its crate.
fn component(path: &Path) -> Result<Vec<u8>> {
    match path.is_dir() {
        true => authoring::build(path).map(|built| built.bytes),
        false => input::component(path),
    }
}
