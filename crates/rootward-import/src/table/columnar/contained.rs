//! Calls of a parser that panics where its file is damaged.
//!
//! The crate `parquet` checks most of what it reads, but not all: an index or an assertion fails on some turned bytes. To
//! a user that is a damaged file like any other.

use std::cell::Cell;
use std::panic::{self, AssertUnwindSafe};
use std::sync::Once;

use parquet::errors::ParquetError;

thread_local! {
    /// Whether this thread is in a call whose panic is an error.
    static IS_CONTAINED: Cell<bool> = const { Cell::new(false) };
}

/// What a call returns, or an error if it panics; the panic is not printed.
///
/// What the call has borrowed may be half changed after an error, and must not be used again.
pub(super) fn contained<T>(call: impl FnOnce() -> Result<T, ParquetError>) -> Result<T, ParquetError> {
    static QUIET: Once = Once::new();
    QUIET.call_once(|| {
        let print = panic::take_hook();
        panic::set_hook(Box::new(move |panic| {
            if !IS_CONTAINED.get() {
                print(panic);
            }
        }));
    });
    IS_CONTAINED.set(true);
    let result = panic::catch_unwind(AssertUnwindSafe(call));
    IS_CONTAINED.set(false);
    result.unwrap_or_else(|_| Err(ParquetError::General("its parts contradict each other".to_owned())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_is_an_error_and_the_next_call_is_none() {
        let broken: &[u8] = &[];
        let error = contained(|| Ok(broken[broken.len()])).unwrap_err();
        assert_eq!(error.to_string(), "Parquet error: its parts contradict each other");
        assert_eq!(contained(|| Ok(7)).unwrap(), 7);
    }
}
