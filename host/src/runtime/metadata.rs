//! What a file holds, looked at before anything is built on it: the component type embedded in a core module, and how large
//! its functions are.

use std::collections::BTreeSet;

use wasmparser::{KnownCustom, Parser, Payload};
use wit_parser::decoding::decode_world;
use wit_parser::{PackageId, Resolve};

/// Says what is wrong with a module's embedded types where the encoder would not: packages that need one another in a
/// circle, which it follows until the stack ends, and nobody can catch that. Everything else it refuses by itself.
pub(super) fn check(module: &[u8]) -> Result<(), &'static str> {
    for payload in Parser::new(0).parse_all(module) {
        let Ok(payload) = payload else { break };
        let Payload::CustomSection(section) = payload else {
            continue;
        };
        if !section.name().starts_with("component-type") {
            continue;
        }
        // Before WebAssembly's own header was used, the first byte was a version.
        if section.data().first() != Some(&0) {
            return Err("its component type is in a format that is no longer read");
        }
        if decode_world(section.data()).is_ok_and(|(resolve, _)| has_circle(&resolve)) {
            return Err("the packages of its component type need one another in a circle");
        }
    }
    Ok(())
}

/// A tool or language that a component was made with, as its section `producers` says.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Producer {
    pub name: String,
    /// Often empty.
    pub version: String,
}

/// What all modules of a component say of how they were made, each once, in order.
pub fn producers(bytes: &[u8]) -> Vec<Producer> {
    let mut found = BTreeSet::new();
    for payload in Parser::new(0).parse_all(bytes).map_while(Result::ok) {
        let Payload::CustomSection(section) = payload else {
            continue;
        };
        let KnownCustom::Producers(fields) = section.as_known() else {
            continue;
        };
        let values = fields
            .into_iter()
            .map_while(Result::ok)
            .flat_map(|field| field.values);
        found.extend(values.map_while(Result::ok).map(|value| Producer {
            name: value.name.to_owned(),
            version: value.version.to_owned(),
        }));
    }
    found.into_iter().collect()
}

/// What the author of a component that does not fit has to do, by the tools that made it.
pub(super) fn way_out(bytes: &[u8]) -> &'static str {
    let producers = producers(bytes);
    let is_of = |word: &str| {
        producers
            .iter()
            .any(|it| it.name.to_ascii_lowercase().contains(word))
    };
    if is_of("componentize-py") {
        "build it with: daybook plugin build PATH; by hand, componentize-py needs --stub-wasi, and the world of this contract"
    } else if is_of("componentizejs") || is_of("starlingmonkey") {
        "build it with: daybook plugin build PATH, which takes QuickJS; by hand, componentize-js needs --disable http, fetch-event, \
         random, clocks and stdio"
    } else if is_of("daybook-js") || is_of("quickjs") || is_of("qjs") {
        "build it with: daybook plugin build PATH; by hand, componentize-qjs needs --sync"
    } else {
        super::component::BUILD_HINT
    }
}

/// The size of the largest function in a module or a component, as far as it can be read.
pub(super) fn largest_function(bytes: &[u8]) -> usize {
    { Parser::new(0).parse_all(bytes) }
        .map_while(Result::ok)
        .map(|payload| match payload {
            Payload::CodeSectionEntry(body) => body.range().len(),
            _ => 0,
        })
        .max()
        .unwrap_or_default()
}

/// Takes away packages that need none of those left, until no more can be taken.
fn has_circle(resolve: &Resolve) -> bool {
    let mut left: Vec<PackageId> = resolve.packages.iter().map(|(id, _)| id).collect();
    loop {
        let needed = |id: &PackageId| {
            resolve
                .package_direct_deps(*id)
                .any(|other| left.contains(&other))
        };
        let stuck: Vec<_> = left.iter().copied().filter(needed).collect();
        if stuck.len() == left.len() {
            return !stuck.is_empty();
        }
        left = stuck;
    }
}
