//! WebAssembly: one engine, components compiled and pre-linked, one instance for one call, or for many
//! where that was shown to change nothing. The only module that names wasmtime.

mod cache;
mod call;
mod compiler;
mod component;
mod describe;
mod draft;
mod engine;
mod fault;
mod instance;
mod lent;
mod metadata;
mod recent;
mod reset;
mod state;
mod v1;
mod wasi;

pub use cache::{ComponentCache, keep_compiled};
pub use call::{Called, Creating, Instances, Materializing, Terms};
pub use compiler::{compile_by, compile_if_asked};
pub use component::{Code, Contract, check_component_bytes, encode_component};
pub use engine::{Runtime, fingerprint};
pub use instance::{Instance, Kept};
pub use metadata::{Producer, producers};
pub use wasi::Perturbed;
