//! The plugins of `plugins/`, each as a client sees it: served over HTTP, asked to do what its system must do, and its
//! dated versions compared over what happened.

mod appointment;
mod r#box;
mod catalog;
mod asset;
mod deposit;
mod festival;
mod foo;
mod library;
