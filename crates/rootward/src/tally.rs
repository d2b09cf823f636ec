//! Counts what threads have done, and tells it in ascending order.

use std::sync::Mutex;

/// How much is done of work that several threads share.
pub(crate) struct Tally<'a> {
    done: Mutex<usize>,
    progress: &'a (dyn Fn(usize) + Sync),
}

impl<'a> Tally<'a> {
    /// Nothing is done yet; `progress` will be told how much is done in all, from whichever thread did some.
    pub(crate) fn new(progress: &'a (dyn Fn(usize) + Sync)) -> Self {
        Tally { done: Mutex::new(0), progress }
    }

    /// So much more is done. No other thread tells its own until this was told, so that the numbers ascend.
    pub(crate) fn add(&self, more: usize) {
        let mut done = self.done.lock().expect("a panic elsewhere has already ended this work");
        *done += more;
        (self.progress)(*done);
    }
}
