//! Readers that count: bytes for a bar, lines for messages.

use std::cell::Cell;
use std::io::{self, BufRead, Read};
use std::rc::Rc;

use super::{BytesRead, Progress};

/// Bytes between two reports.
const REPORT_EVERY: u64 = 1 << 20;

/// A reader that tells how many bytes went through it.
pub(super) struct Metered<'a, R> {
    inner: R,
    progress: &'a Progress<'a>,
    done: Rc<Cell<u64>>,
    reported: u64,
    of: u64,
}

impl<'a, R> Metered<'a, R> {
    /// A reader whose bytes add to `done`.
    pub(super) fn new(inner: R, progress: &'a Progress<'a>, done: Rc<Cell<u64>>, of: u64) -> Self {
        let reported = done.get();
        Metered { inner, progress, done, reported, of }
    }
}

impl<R: Read> Read for Metered<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(buffer)?;
        let done = self.done.get() + read as u64;
        self.done.set(done);
        if done >= self.of || done - self.reported >= REPORT_EVERY {
            self.reported = done;
            (self.progress)(BytesRead { done, of: self.of });
        }
        Ok(read)
    }
}

/// A reader that counts the line ends which were taken from it.
pub(super) struct Lines<R> {
    inner: R,
    ends: Rc<Cell<u64>>,
}

impl<R> Lines<R> {
    /// A reader at its first line.
    pub(super) fn new(inner: R) -> Self {
        Lines { inner, ends: Rc::default() }
    }

    /// The line that is being read, from 1.
    pub(super) fn line(&self) -> u64 {
        self.ends.get() + 1
    }

    /// The line ends so far, for someone who has not got the reader.
    pub(super) fn counter(&self) -> Rc<Cell<u64>> {
        Rc::clone(&self.ends)
    }

    fn count(&self, bytes: &[u8]) {
        let ends = bytes.iter().filter(|byte| **byte == b'\n').count();
        self.ends.set(self.ends.get() + ends as u64);
    }
}

impl<R: BufRead> Read for Lines<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(buffer)?;
        self.count(&buffer[..read]);
        Ok(read)
    }
}

impl<R: BufRead> BufRead for Lines<R> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        self.inner.fill_buf()
    }

    fn consume(&mut self, amount: usize) {
        if let Ok(bytes) = self.inner.fill_buf() {
            let ends = bytes[..amount.min(bytes.len())].iter().filter(|byte| **byte == b'\n').count();
            self.ends.set(self.ends.get() + ends as u64);
        }
        self.inner.consume(amount);
    }
}
