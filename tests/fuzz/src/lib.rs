//! Owns what is fuzzed: a function for each thing that the host parses, which may refuse its input and do nothing worse,
//! and the inputs to begin with. `run` has libFuzzer find others; a test runs those that were found once, and some random
//! changes of all of them.

mod component;
mod data;
mod http;

use std::path::Path;

/// Something that is parsed.
pub struct Target {
    pub name: &'static str,
    /// Panics where a promise is broken.
    pub run: fn(&[u8]),
    /// Inputs to begin with.
    pub seeds: fn() -> Vec<Vec<u8>>,
    /// Runs of the test, with random changes.
    pub tries: u64,
}

/// All of them.
pub const TARGETS: &[Target] = &[
    Target {
        name: "component",
        run: component::encode,
        seeds: component::seeds,
        tries: 50,
    },
    Target {
        name: "effects",
        run: data::effects,
        seeds: data::effects_seeds,
        tries: 5_000,
    },
    Target {
        name: "event",
        run: data::event,
        seeds: data::event_seeds,
        tries: 5_000,
    },
    Target {
        name: "expectations",
        run: data::expectations,
        seeds: data::expectations_seeds,
        tries: 500,
    },
    Target {
        name: "fixture",
        run: data::fixture,
        seeds: data::fixture_seeds,
        tries: 20,
    },
    Target {
        name: "given",
        run: data::given,
        seeds: data::given_seeds,
        tries: 5_000,
    },
    Target {
        name: "http",
        run: http::request,
        seeds: http::seeds,
        tries: 100,
    },
    Target {
        name: "manifest",
        run: component::manifest,
        seeds: component::manifest_seeds,
        tries: 500,
    },
    Target {
        name: "schema",
        run: component::schema,
        seeds: component::schema_seeds,
        tries: 500,
    },
];

/// The target of a name.
pub fn target(name: &str) -> Option<&'static Target> {
    TARGETS.iter().find(|target| target.name == name)
}

impl Target {
    /// Inputs that found something once: `found/<name>/` beside this crate.
    pub fn found(&self) -> Vec<Vec<u8>> {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("found")
            .join(self.name);
        let Ok(entries) = std::fs::read_dir(folder) else {
            return Vec::new();
        };
        let read = |entry: std::io::Result<std::fs::DirEntry>| {
            std::fs::read(entry.expect("a readable folder").path()).expect("a readable file")
        };
        entries.map(read).collect()
    }
}
