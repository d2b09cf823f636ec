//! Connections to the store, so that many threads read it at once.

use std::sync::{Mutex, PoisonError};

use crate::error::IndexError;
use crate::store::Reader;

/// Connections to the store, one for each thread that reads at the same time. What one of them has checked the others
/// need not check.
pub(super) struct Readers {
    /// The others are opened from it; nobody reads by it.
    first: Mutex<Reader>,
    idle: Mutex<Vec<Reader>>,
}

impl Readers {
    /// Those that are opened like this one.
    pub(super) fn like(first: Reader) -> Self {
        Readers { first: Mutex::new(first), idle: Mutex::default() }
    }

    /// One that nobody else has.
    ///
    /// # Errors
    /// When another one is needed and cannot be opened.
    pub(super) fn take(&self) -> Result<Reader, IndexError> {
        let idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
        match idle {
            Some(reader) => Ok(reader),
            None => self.first.lock().unwrap_or_else(PoisonError::into_inner).another(),
        }
    }

    /// Leaves one to others.
    pub(super) fn give_back(&self, reader: Reader) {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner).push(reader);
    }
}
