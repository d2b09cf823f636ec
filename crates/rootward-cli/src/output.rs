//! How results are printed: JSON for machines, errors as one chain.

use std::ffi::OsStr;
use std::fmt::Display;
use std::io::Write;
use std::path::PathBuf;

use rootward_import::Note;
use serde::Serialize;

/// Prints one JSON object on a line of stdout.
pub(crate) fn print_json(value: &impl Serialize) -> anyhow::Result<()> {
    print(&serde_json::to_string(value)?)
}

/// Prints a text and a line end on stdout; a reader that has gone is an error, not a panic.
///
/// What titles and ids hold of control characters, which could change colours or the title of a window, becomes blanks.
pub(crate) fn print(text: &str) -> anyhow::Result<()> {
    let mut out = std::io::stdout().lock();
    let harmful = |c: char| c.is_control() && !matches!(c, '\n' | '\t' | '\r');
    writeln!(out, "{}", text.trim_end_matches('\n').replace(harmful, " "))?;
    out.flush()?;
    Ok(())
}

/// Says something about the work on stderr; where that is closed or full the work still counts.
pub(crate) fn say(words: impl Display) {
    let _ = writeln!(std::io::stderr(), "{words}");
}

/// What `--json` prints of data that were turned from one form into another.
#[derive(Serialize)]
pub(crate) struct Turned {
    pub(crate) out: PathBuf,
    pub(crate) documents: usize,
    pub(crate) edges: usize,
    pub(crate) queries: usize,
    pub(crate) judgements: usize,
    pub(crate) notes: Vec<Note>,
}

/// Says what was left out or added on the way from one form to another.
pub(crate) fn say_notes(notes: &[Note]) {
    for Note { count, what, examples } in notes {
        let more = if *count > examples.len() as u64 { ", …" } else { "" };
        say(format_args!("note: {count} {what} ({}{more})", examples.join(", ")));
    }
}

/// A word of a command line as a shell takes it.
pub(crate) fn shell_word(word: &OsStr) -> String {
    let word = word.to_string_lossy();
    let harmless = |c: char| c.is_ascii_alphanumeric() || "-_=./:".contains(c);
    let is_plain = !word.is_empty() && word.chars().all(harmless);
    if is_plain { word.into_owned() } else { format!("'{}'", word.replace('\'', "'\\''")) }
}

/// The command line of this run.
pub(crate) fn command_line() -> String {
    let words = std::env::args_os().skip(1).map(|word| shell_word(&word));
    std::iter::once(String::from("rootward")).chain(words).collect::<Vec<_>>().join(" ")
}

/// An error and its causes, each said once.
///
/// Errors of the libraries quote their cause where that reads better, so a cause that was already said is left out.
pub(crate) fn chain(error: &anyhow::Error) -> String {
    let mut said = String::new();
    for cause in error.chain() {
        let words = cause.to_string();
        if !said.contains(words.trim_end()) {
            if !said.is_empty() {
                said.push_str(": ");
            }
            said.push_str(words.trim_end());
        }
    }
    said
}
