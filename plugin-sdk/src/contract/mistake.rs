//! A mistake in what a version says of itself, which no type shows.

/// Tells of a mistake: a test stops with the words.
#[cfg(not(target_arch = "wasm32"))]
#[cold]
#[track_caller]
pub(crate) fn tell(words: String) {
    panic!("{words}");
}

/// Tells of a mistake. `describe` can neither fail nor write into a log, and a trap has no words: the mistake is kept, and
/// stands where the manifest was to be, so that the host refuses the component with it.
#[cfg(target_arch = "wasm32")]
#[cold]
pub(crate) fn tell(words: String) {
    FIRST.with_borrow_mut(|first| {
        first.get_or_insert(words);
    });
}

#[cfg(target_arch = "wasm32")]
thread_local! {
    static FIRST: std::cell::RefCell<Option<String>> = const { std::cell::RefCell::new(None) };
}

/// The first mistake of which was told.
#[cfg(target_arch = "wasm32")]
pub(crate) fn take() -> Option<String> {
    FIRST.take()
}
