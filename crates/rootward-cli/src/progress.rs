//! Bars for work that takes longer than a moment: rate, time left, and what matters meanwhile.
//!
//! Bars go to stderr and only to a terminal; elsewhere [`Bar::note`] writes a line now and then, so that a log shows
//! progress too.

use std::fmt::Write;
use std::io::IsTerminal;
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use indicatif::{HumanDuration, ProgressBar, ProgressDrawTarget, ProgressState, ProgressStyle};

use crate::output::say;

/// A bar, or a line now and then where there is no terminal.
pub(crate) struct Bar {
    bar: ProgressBar,
    name: String,
    noted: Option<Instant>,
    of: Of,
    pace: Pace,
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
        let pace = Pace::default();
        bar.set_style(pace.style("{prefix:>20} {bar:24} {pos}/{len}  {per_sec}  {left} left  {msg}"));
        bar.set_prefix(name.to_owned());
        Bar { bar, name: name.to_owned(), noted: (!terminal).then(Instant::now), of: Of::Steps, pace }
    }

    /// A bar of bytes, whose number is told as they come.
    pub(crate) fn of_bytes(name: &str) -> Self {
        let bar = Bar::new(name, 0);
        let template = "{prefix:>20} {bar:24} {bytes}/{total_bytes}  {bytes_per_sec}  {left} left  {msg}";
        bar.bar.set_style(bar.pace.style(template));
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
        self.pace.begin(done);
        self.bar.set_length(of);
        self.bar.set_position(done);
    }

    /// So many steps there are.
    pub(crate) fn of(&self, steps: usize) {
        self.bar.set_length(steps as u64);
    }

    /// So many steps are done.
    pub(crate) fn at(&self, steps: usize) {
        self.pace.begin(steps as u64);
        self.bar.set_position(steps as u64);
    }

    /// Shows a few words beside the bar; in a log, as a line of its own unless there was one just before.
    pub(crate) fn note(&mut self, words: String) {
        if self.noted.is_some_and(|last| last.elapsed() >= QUIET) {
            let (at, of) = (self.bar.position(), self.bar.length().unwrap_or(0));
            let left = self
                .pace
                .left(at, of)
                .map_or_else(String::new, |left| format!("{} s left  ", left.as_secs()));
            match self.of {
                Of::Steps => say(format_args!("{:>20} {at}/{of}  {left}{words}", self.name)),
                Of::Bytes => say(format_args!("{:>20} {} %  {left}{words}", self.name, 100 * at / of.max(1))),
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

/// When a bar was first told where it stands, and where it stood.
///
/// The time left is reckoned over all that was done since: a study stands still for a minute while it measures, and what
/// a rate of the last seconds foretells then is centuries.
#[derive(Clone, Default)]
struct Pace(Arc<OnceLock<(Instant, u64)>>);

impl Pace {
    /// The first place; later ones change nothing.
    fn begin(&self, at: u64) {
        self.0.get_or_init(|| (Instant::now(), at));
    }

    /// The time left, were the rest to go as what was done; `None` while nothing was.
    fn left(&self, at: u64, of: u64) -> Option<Duration> {
        let (since, from) = self.0.get()?;
        let done = at.checked_sub(*from).filter(|done| *done > 0)?;
        let rest = of.saturating_sub(at) as f64 / done as f64;
        Duration::try_from_secs_f64(rest * since.elapsed().as_secs_f64()).ok()
    }

    /// A style in which `{left}` is the time left.
    fn style(&self, template: &str) -> ProgressStyle {
        let pace = self.clone();
        let left = move |state: &ProgressState, words: &mut dyn Write| {
            let left = pace.left(state.pos(), state.len().unwrap_or(0));
            let written = match left {
                Some(left) => write!(words, "{:#}", HumanDuration(left)),
                None => write!(words, "–"),
            };
            written.expect("a string takes what is written");
        };
        let style = ProgressStyle::with_template(template).expect("the template is well-formed");
        style.with_key("left", left).progress_chars("━━ ")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_left_goes_as_what_was_done_since_the_first_place() {
        let pace = Pace::default();
        assert_eq!(pace.left(5, 10), None);
        let begun = Instant::now().checked_sub(Duration::from_secs(60)).expect("the clock is a minute old");
        pace.0.set((begun, 100)).expect("nothing began yet");
        pace.begin(300); // too late to count
        assert_eq!(pace.left(100, 1000), None, "nothing is done yet");
        let left = pace.left(400, 1000).expect("300 are done").as_secs_f64();
        assert!((120.0..121.0).contains(&left), "{left}");
        assert_eq!(pace.left(1000, 1000), Some(Duration::ZERO));
        assert_eq!(pace.left(50, 1000), None, "a bar that was set back");
    }
}
