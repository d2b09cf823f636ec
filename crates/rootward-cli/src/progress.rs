//! Bars for work that takes longer than a moment: rate, time left, and what matters meanwhile.
//!
//! Bars go to stderr and only to a terminal; elsewhere [`Bar::note`] writes a line now and then, so that a log shows
//! progress too.

use std::io::IsTerminal;
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::output::say;

/// A bar, or a line now and then where there is no terminal.
pub(crate) struct Bar {
    bar: ProgressBar,
    name: String,
    noted: Option<Instant>,
    of: Of,
}

/// What a bar counts.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Of {
    Steps,
    Bytes,
    /// Something of which nobody knows how much there is.
    Nothing,
}

/// Between two lines of a log.
const QUIET: Duration = Duration::from_secs(10);

impl Bar {
    /// A bar of so many steps.
    pub(crate) fn new(name: &str, steps: usize) -> Self {
        let terminal = std::io::stderr().is_terminal();
        let target =
            if terminal { ProgressDrawTarget::stderr_with_hz(10) } else { ProgressDrawTarget::hidden() };
        let bar = ProgressBar::with_draw_target(Some(steps as u64), target);
        let style =
            ProgressStyle::with_template("{prefix:>20} {bar:24} {pos}/{len}  {per_sec}  {eta} left  {msg}")
                .expect("the template is well-formed")
                .progress_chars("━━ ");
        bar.set_style(style);
        bar.set_prefix(name.to_owned());
        Bar { bar, name: name.to_owned(), noted: (!terminal).then(Instant::now), of: Of::Steps }
    }

    /// A bar of bytes, whose number is told as they come.
    pub(crate) fn of_bytes(name: &str) -> Self {
        let bar = Bar::new(name, 0);
        let style = ProgressStyle::with_template(
            "{prefix:>20} {bar:24} {bytes}/{total_bytes}  {bytes_per_sec}  {eta} left  {msg}",
        );
        bar.bar.set_style(style.expect("the template is well-formed").progress_chars("━━ "));
        Bar { of: Of::Bytes, ..bar }
    }

    /// No bar, but the words of [`Bar::note`]: for work whose end nobody knows.
    pub(crate) fn endless(name: &str) -> Self {
        let bar = Bar::new(name, 0);
        let style = ProgressStyle::with_template("{prefix:>20} {elapsed}  {msg}");
        bar.bar.set_style(style.expect("the template is well-formed"));
        Bar { of: Of::Nothing, ..bar }
    }

    /// So many bytes are done, of so many.
    pub(crate) fn at_bytes(&self, done: u64, of: u64) {
        self.bar.set_length(of);
        self.bar.set_position(done);
    }

    /// So many steps there are.
    pub(crate) fn of(&self, steps: usize) {
        self.bar.set_length(steps as u64);
    }

    /// So many steps are done.
    pub(crate) fn at(&self, steps: usize) {
        self.bar.set_position(steps as u64);
    }

    /// Shows a few words beside the bar; in a log, as a line of its own unless there was one just before.
    pub(crate) fn note(&mut self, words: String) {
        if self.noted.is_some_and(|last| last.elapsed() >= QUIET) {
            let (at, of) = (self.bar.position(), self.bar.length().unwrap_or(0));
            let left = self.bar.eta().as_secs_f64();
            match self.of {
                Of::Steps => say(format_args!("{:>20} {at}/{of}  {left:.0} s left  {words}", self.name)),
                Of::Bytes => {
                    let percent = 100 * at / of.max(1);
                    say(format_args!("{:>20} {percent} %  {left:.0} s left  {words}", self.name));
                }
                Of::Nothing => say(format_args!("{:>20} {words}", self.name)),
            }
            self.noted = Some(Instant::now());
        }
        self.bar.set_message(words);
    }

    /// Takes the bar away.
    pub(crate) fn clear(&self) {
        self.bar.finish_and_clear();
    }
}
