//! How results are printed: JSON for machines, errors as one chain.

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
pub(crate) fn print(text: &str) -> anyhow::Result<()> {
    let mut out = std::io::stdout().lock();
    writeln!(out, "{}", text.trim_end_matches('\n'))?;
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

/// The command line of this run.
pub(crate) fn command_line() -> String {
    let harmless = |c: char| c.is_ascii_alphanumeric() || "-_=./:".contains(c);
    let plain = |word: &str| !word.is_empty() && word.chars().all(harmless);
    let quoted =
        |word: String| if plain(&word) { word } else { format!("'{}'", word.replace('\'', "'\\''")) };
    let words = std::env::args_os().skip(1).map(|word| quoted(word.to_string_lossy().into_owned()));
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
