//! What a file holds, looked at before anything is built on it: the component type embedded in a core module, and how large
//! its functions are.

use wasmparser::{Parser, Payload};
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
