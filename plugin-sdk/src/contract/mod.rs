//! The contract's data types as plain Rust, shared by the component bindings and the native test harness. Field by
//! field they are what `wit/v1` defines, and that is where they are explained; authors rarely meet them.

pub mod document;
pub mod manifest;
pub(crate) mod mistake;
pub mod partitions;
pub mod types;
