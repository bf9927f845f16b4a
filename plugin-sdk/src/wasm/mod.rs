//! The component's side of the contract: the generated bindings, and what carries a call from them to the plugin.

pub mod bindings;
pub mod host;

#[cfg(all(target_os = "unknown", feature = "bump-allocator"))]
mod allocator;
mod calls;
#[cfg(target_os = "unknown")]
mod panics;
