//! From bytes to code that can be called: what is accepted, what is refused, and in which words.

use wasmtime::component::types::{ComponentItem, Type};
use wasmtime::component::{Component, ComponentExportIndex, InstancePre};

use super::cache::{self, ComponentCache};
use super::describe::Exports;
use super::engine::Runtime;
use super::metadata;
use super::reset::{self, Resetting};
use super::state::CallState;
use crate::model::{Digest, Error, Manifest, PluginVersion, Result, limits};

/// Which contract a component is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Contract {
    V1,
    /// As it was before it was frozen.
    Draft,
}

/// A version ready to run: compiled and linked; instances are made per call.
pub struct Code {
    pub version: PluginVersion,
    /// SHA-256 of the file as it was given: the identity of the code.
    pub digest: Digest,
    pub manifest: Manifest,
    pub contract: Contract,
    pub uses_wasi: bool,
    /// Names of what it imports: the contract's interfaces and WASI's.
    pub imports: Vec<String>,
    pub(super) pre: InstancePre<CallState>,
    pub(super) materialize: Option<ComponentExportIndex>,
    pub(super) create: Option<ComponentExportIndex>,
    /// How its instances are reset; none: each call has a fresh one.
    pub(super) resetting: Option<Resetting>,
    /// Why they are not.
    pub fresh_because: Option<String>,
}

impl Code {
    /// True where an instance is put back to what it was before a call, and may see another one.
    pub fn is_reset(&self) -> bool {
        self.resetting.is_some()
    }

    pub fn has_materializer(&self) -> bool {
        self.materialize.is_some()
    }

    pub fn has_creator(&self) -> bool {
        self.create.is_some()
    }
}

impl std::fmt::Debug for Code {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Code({}, {})", self.version, self.digest.short())
    }
}

/// What stands at the top of every refusal's way out.
pub(super) const BUILD_HINT: &str = "build it with: daybook plugin build PATH";

/// Interfaces of the contract a component may import, and of WASI, all of which is virtual.
const CONTRACT_IMPORTS: &[&str] = &[
    "daybook:plugin/types",
    "daybook:plugin/state",
    "daybook:plugin/state-sql",
    "daybook:plugin/changes",
    "daybook:plugin/creating",
];
/// Those of the draft.
const DRAFT_IMPORTS: &[&str] = &[
    "daybook:plugin/manifest",
    "daybook:plugin/materialization",
    "daybook:plugin/creation",
];
const WASI_PACKAGES: &[&str] = &[
    "wasi:cli/",
    "wasi:clocks/",
    "wasi:filesystem/",
    "wasi:io/",
    "wasi:random/",
    "wasi:sockets/",
];

/// Refuses a file that is larger than a component may be.
pub fn check_component_bytes(bytes: u64) -> Result<()> {
    if bytes > limits::COMPONENT_BYTES_MAX as u64 {
        return Err(Error::refused(format!(
            "the file has {bytes} bytes; a component may have {}",
            limits::COMPONENT_BYTES_MAX
        )));
    }
    Ok(())
}

/// A finished component stays as it is; a core module with an embedded component type becomes one.
pub fn encode_component(bytes: &[u8]) -> Result<Vec<u8>> {
    check_component_bytes(bytes.len() as u64)?;
    let largest = metadata::largest_function(bytes);
    if largest > limits::FUNCTION_BYTES_MAX {
        return Err(Error::refused(format!(
            "a function of the component has {largest} bytes; one may have {}",
            limits::FUNCTION_BYTES_MAX
        )));
    }
    // The eight bytes before the sections: magic, version, layer.
    match bytes.get(..8) {
        Some([0, b'a', b's', b'm', _, _, 1, 0]) => Ok(bytes.to_vec()),
        Some([0, b'a', b's', b'm', 1, 0, 0, 0]) => guarded(|| {
            metadata::check(bytes).map_err(|what| {
                Error::refused(format!("the core module cannot become a component: {what}"))
                    .hint(BUILD_HINT)
            })?;
            wit_component::ComponentEncoder::default()
                .module(bytes)
                .and_then(|encoder| encoder.validate(true).encode())
                .map_err(|error| {
                    Error::refused(format!(
                        "the core module cannot become a component: {error:#}"
                    ))
                    .hint(BUILD_HINT)
                })
        }),
        _ => Err(Error::refused("the file is not WebAssembly").hint(BUILD_HINT)),
    }
}

/// Encoder and compiler are large programs fed by strangers: a panic in one is a refusal, not the end of the host.
pub(super) fn guarded<T>(step: impl FnOnce() -> Result<T>) -> Result<T> {
    std::panic::catch_unwind(std::panic::AssertUnwindSafe(step)).unwrap_or_else(|_| {
        Err(Error::refused("the compiler cannot handle this file").hint(BUILD_HINT))
    })
}

/// Why a component is not one whose instances are reset.
fn why_fresh(bytes: &[u8], contract: Contract) -> String {
    if contract == Contract::Draft {
        return "it is of the draft of the contract, whose calls are lent handles".into();
    }
    let rewritten = encode_component(bytes).map(|encoded| reset::rewrite(&encoded));
    match rewritten {
        Ok(Err(why)) => why,
        _ => "with what resets it, it is beyond a limit of the engine".into(),
    }
}

impl Runtime {
    /// Inspects, compiles and links a component that somebody brings; calls `describe` once. Nothing of the book changes.
    pub fn load(&self, bytes: &[u8], cache: Option<&ComponentCache>) -> Result<Code> {
        let code = self.load_recorded(bytes, cache)?;
        match code.contract {
            Contract::V1 => Ok(code),
            Contract::Draft => Err(Error::refused(format!(
                "{} is of the draft of the contract, from before version 1.0 was frozen",
                code.version
            ))
            .hint("build it anew with the SDK of this Daybook, which needs no change of its source: daybook plugin build PATH")),
        }
    }

    /// Loads a component that a log has, of whichever contract: it was taken once, and runs as it did.
    pub fn load_recorded(&self, bytes: &[u8], cache: Option<&ComponentCache>) -> Result<Code> {
        let digest = Digest::of(bytes);
        let cache = match cache {
            Some(cache) => Some(cache),
            None => cache::kept(),
        };
        let component = match cache.and_then(|cache| cache.get(&self.engine, &digest)) {
            Some(component) => component,
            None => {
                let component = match self.compiled.get(&digest) {
                    Some(component) => component,
                    None => self.compile(bytes)?,
                };
                if let Some(cache) = cache {
                    cache.put(&self.engine, &digest, &component);
                }
                component
            }
        };
        self.compiled.put(digest, bytes.len(), component.clone());
        let code = { self.link(&component, digest) }
            .map_err(|error| error.hint(metadata::way_out(bytes)))?;
        Ok(Code {
            fresh_because: match code.is_reset() {
                true => None,
                false => Some(why_fresh(bytes, code.contract)),
            },
            ..code
        })
    }

    /// By this process, which nothing stops: of a library's own caller.
    pub(super) fn compile_here(&self, encoded: &[u8]) -> Result<Component> {
        guarded(|| {
            let compiled =
                reset::compile(encoded, |bytes| Component::from_binary(&self.engine, bytes));
            compiled.map_err(|error| {
                Error::refused(format!("the component is not valid: {error:#}"))
                    .hint(metadata::way_out(encoded))
            })
        })
    }

    fn link(&self, component: &Component, digest: Digest) -> Result<Code> {
        let mut uses_wasi = false;
        let mut imports = Vec::new();
        for (name, _) in component.component_type().imports(&self.engine) {
            let interface = name.split('@').next().unwrap_or(name);
            if WASI_PACKAGES
                .iter()
                .any(|package| interface.starts_with(package))
            {
                uses_wasi = true;
            } else if !CONTRACT_IMPORTS.contains(&interface) && !DRAFT_IMPORTS.contains(&interface)
            {
                return Err(Error::refused(format!(
                    "the component imports '{name}'; Daybook offers state, state-sql, changes and creating of daybook:plugin, and WASI 0.2"
                )));
            }
            imports.push(name.to_owned());
        }
        let exports = self.exports(component)?;
        let linker = if uses_wasi {
            &self.with_wasi
        } else {
            &self.plain
        };
        let pre = linker.instantiate_pre(component).map_err(|error| {
            Error::refused(format!(
                "the component does not fit the contract: {error:#}"
            ))
        })?;
        let code = self.describe(pre, digest, uses_wasi, exports)?;
        let resetting = match code.contract {
            Contract::V1 => Resetting::of(component),
            // Its calls are lent handles, of which an instance keeps a table.
            Contract::Draft => None,
        };
        Ok(Code {
            imports,
            resetting,
            ..code
        })
    }

    /// What a component exports of the contract, in any version 1.x: what a later one adds, this host does not call.
    fn exports(&self, component: &Component) -> Result<Exports> {
        let ty = component.component_type();
        let names: Vec<String> = { ty.exports(&self.engine) }
            .map(|(name, _)| name.to_owned())
            .collect();
        let export = |interface: &str, name: &str| {
            let wanted = format!("daybook:plugin/{interface}@1.");
            let found = names.iter().find(|known| known.starts_with(&wanted))?;
            let (_, instance) = component.get_export(None, found.as_str())?;
            let (item, index) = component.get_export(Some(&instance), name)?;
            match item {
                ComponentItem::ComponentFunc(function) => Some((function, index)),
                _ => None,
            }
        };
        let (function, describe) = export("describer", "describe").ok_or_else(|| {
            let other = names.iter().find(|name| name.starts_with("daybook:plugin/describer@"));
            let what = match other {
                Some(name) => format!("the component exports {name}, and this host knows contract 1.x"),
                None => "the component does not export daybook:plugin/describer@1.0.0, so it is not a plugin".to_owned(),
            };
            Error::refused(what)
        })?;
        // The draft described itself by a record.
        let contract = match function.results().next() {
            Some(Type::Record(_)) => Contract::Draft,
            _ => Contract::V1,
        };
        let index = |found: Option<(_, ComponentExportIndex)>| found.map(|(_, index)| index);
        Ok(Exports {
            contract,
            describe,
            partitions: index(export("partitioner", "partitions")),
            materialize: index(export("materializer", "materialize")),
            create: index(export("creator", "create")),
        })
    }
}
