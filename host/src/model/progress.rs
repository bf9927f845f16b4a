//! How far something long is, told to whoever watches it.

/// How far something long is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress {
    pub done: u64,
    pub total: u64,
}

/// Told now and then; may draw a bar.
pub type OnProgress<'a> = &'a mut dyn FnMut(Progress);

/// Nobody is watching.
pub fn silent() -> impl FnMut(Progress) {
    |_| {}
}
