//! Dense numbers that stand for documents and queries inside the program.
//!
//! Names as users write them end at the readers: everything behind them works on these newtypes,
//! so that a query can never be taken for a document.

/// The place of a document in its data set, from 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DocIdx(pub u32);

/// The place of a query in its data set, from 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct QueryIdx(pub u32);

impl DocIdx {
    /// This number as an index into a slice.
    pub fn at(self) -> usize {
        self.0 as usize
    }
}

impl QueryIdx {
    /// This number as an index into a slice.
    pub fn at(self) -> usize {
        self.0 as usize
    }
}
