//! Faults that other event stores and plugin hosts were seen to have, each as a test that opens with its story.

mod event_store;
mod plugin_host;
