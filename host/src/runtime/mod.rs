//! WebAssembly: one engine, components compiled and pre-linked, one fresh instance per call. The only module
//! that names wasmtime.

mod bindings;
mod cache;
mod call;
mod capability;
mod component;
mod describe;
mod engine;
mod metadata;
mod wasi;

pub use cache::ComponentCache;
pub use call::Called;
pub use component::{Code, encode_component};
pub use engine::{Runtime, fingerprint};
