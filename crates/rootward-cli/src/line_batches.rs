//! Lines of a file or of another program, as many together as there are for now.
//!
//! A thread of its own reads, so that nobody waits for lines that may never come: what a program has sent is a batch as
//! soon as it sends nothing more for the moment. The batches of a file are full, so that they are always the same.

use std::io::{self, BufReader};
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::thread;
use std::time::Duration;

use anyhow::bail;
use rootward::dataset::{DataError, next_line_in};
use rootward_import::Source;

use crate::interrupt;

/// Lines that come in batches.
pub(crate) struct LineBatches {
    /// What errors call the file.
    pub(crate) name: PathBuf,
    lines: Receiver<Result<Line, DataError>>,
    from: From,
}

/// Where lines come from.
#[derive(Clone, Copy, PartialEq, Eq)]
enum From {
    File,
    Stdin,
}

/// A line that is not empty.
pub(crate) struct Line {
    /// From 1.
    pub(crate) number: u64,
    pub(crate) text: String,
}

/// Lines of a batch, at most.
const TOGETHER: usize = 1000;
/// Between two looks whether the user has asked to stop.
const PATIENCE: Duration = Duration::from_millis(100);

impl LineBatches {
    /// The lines of a file, compressed or not; of standard input where it is `-`.
    pub(crate) fn of(path: &Path) -> Self {
        let (to, lines) = sync_channel(2 * TOGETHER);
        let file = path.to_owned();
        let from = if path == Path::new("-") { From::Stdin } else { From::File };
        thread::spawn(move || {
            let read = match from {
                From::Stdin => read_stdin(&to),
                From::File => read_file(&file, &to),
            };
            if let Err(error) = read {
                // Where nobody takes it, nobody asks any more.
                let _ = to.send(Err(error));
            }
        });
        let name = if from == From::Stdin { "stdin".into() } else { path.to_owned() };
        LineBatches { name, lines, from }
    }

    /// The next lines, at least one; none at the end.
    ///
    /// # Errors
    /// When a line cannot be read, or the user asked to stop: then those before it that were in no batch yet are lost.
    pub(crate) fn next(&self) -> anyhow::Result<Vec<Line>> {
        let mut batch = Vec::new();
        loop {
            if interrupt::asked() {
                bail!("stopped");
            }
            match self.lines.recv_timeout(PATIENCE) {
                Ok(line) => break batch.push(line?),
                Err(RecvTimeoutError::Timeout) => {}
                // A program that sends lines is stopped by the same Ctrl-C, which looks like the end of them.
                Err(RecvTimeoutError::Disconnected) if interrupt::asked() => bail!("stopped"),
                Err(RecvTimeoutError::Disconnected) => return Ok(batch),
            }
        }
        while batch.len() < TOGETHER {
            let next = match self.from {
                From::Stdin => self.lines.try_recv().ok(),
                From::File => self.lines.recv().ok(),
            };
            match next {
                Some(line) => batch.push(line?),
                None => break,
            }
        }
        Ok(batch)
    }
}

fn read_stdin(to: &SyncSender<Result<Line, DataError>>) -> Result<(), DataError> {
    let (mut reader, mut buffer) = (BufReader::new(io::stdin().lock()), Vec::new());
    for number in 1.. {
        let line = next_line_in(&mut reader, &mut buffer, Path::new("stdin"), number, None)?;
        if !sent(to, number, line) {
            break;
        }
    }
    Ok(())
}

fn read_file(path: &Path, to: &SyncSender<Result<Line, DataError>>) -> Result<(), DataError> {
    let mut text = Source::new(path, &|_| ()).text(&["jsonl", "txt"])?;
    let mut buffer = Vec::new();
    loop {
        let number = text.line();
        if !sent(to, number, text.next_line(&mut buffer)?) {
            return Ok(());
        }
    }
}

/// Sends a line, unless it is empty; says whether to go on.
fn sent(to: &SyncSender<Result<Line, DataError>>, number: u64, line: Option<&str>) -> bool {
    match line {
        None => false,
        Some(text) if text.trim().is_empty() => true,
        Some(text) => to.send(Ok(Line { number, text: text.to_owned() })).is_ok(),
    }
}
