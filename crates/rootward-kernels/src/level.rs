//! Which instruction set the kernels use on this machine.
//!
//! One binary has to run everywhere and still use the widest vectors that a machine has, so the choice is
//! made when the program runs. `ROOTWARD_CPU` can lower it, to compare machines or to test the paths of an
//! older one; it can never raise it, since an instruction that the machine lacks would end the program.

use std::fmt;
use std::sync::OnceLock;

/// The environment variable that lowers the level: `baseline`, `avx2`, `avx512` or `amx`.
pub const VARIABLE: &str = "ROOTWARD_CPU";

/// An instruction set that every kernel is compiled for, in rising order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Level {
    /// What every machine of the target has: SSE2 on x86-64, NEON on 64-bit ARM.
    Baseline,
    /// AVX2 with fused multiply-add, vectors of 8 numbers.
    Avx2,
    /// AVX-512 (F, VL, DQ, BW), vectors of 16 numbers.
    Avx512,
    /// AVX-512 and tiles of 16 by 16 numbers (AMX), in which numbers of 16 and 8 bits are multiplied; all else is as in
    /// [`Level::Avx512`]. On Linux only, where a process has to ask for tiles.
    Amx,
}

/// `ROOTWARD_CPU` asks for something that this machine cannot do or that does not exist.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LevelError {
    /// No level has this name.
    Unknown {
        /// The value found.
        got: String,
    },
    /// The level exists, but this machine lacks its instructions.
    Unsupported {
        /// The level asked for.
        asked: Level,
        /// The best level that this machine has.
        detected: Level,
    },
}

impl Level {
    /// Every level, in rising order.
    pub const ALL: [Level; 4] = [Level::Baseline, Level::Avx2, Level::Avx512, Level::Amx];

    /// The best level that this machine has.
    pub fn detected() -> Level {
        static DETECTED: OnceLock<Level> = OnceLock::new();
        *DETECTED.get_or_init(detect)
    }

    /// The levels that this machine has, in rising order: at least [`Level::Baseline`].
    pub fn available() -> impl Iterator<Item = Level> {
        Level::ALL.into_iter().filter(|level| *level <= Level::detected())
    }

    /// The name of this level, as `ROOTWARD_CPU` takes it.
    pub fn name(self) -> &'static str {
        match self {
            Level::Baseline => "baseline",
            Level::Avx2 => "avx2",
            Level::Avx512 => "avx512",
            Level::Amx => "amx",
        }
    }
}

/// The level that the kernels use: the best of the machine, or the lower one that `ROOTWARD_CPU` names.
///
/// Chosen at the first call; later changes of the environment do nothing.
///
/// # Panics
/// When `ROOTWARD_CPU` is not a level of this machine. A program that wants to report this itself calls
/// [`level_from`] first.
pub fn level() -> Level {
    static CHOSEN: OnceLock<Level> = OnceLock::new();
    *CHOSEN.get_or_init(|| {
        let asked = std::env::var_os(VARIABLE);
        let asked = asked.as_ref().map(|value| value.to_string_lossy());
        level_from(asked.as_deref()).unwrap_or_else(|error| panic!("{error}"))
    })
}

/// The level that [`level`] uses when `ROOTWARD_CPU` has this value; `None` stands for a variable that is not set.
///
/// # Errors
/// When no level has this name, or the machine lacks its instructions.
pub fn level_from(asked: Option<&str>) -> Result<Level, LevelError> {
    at_most(Level::detected(), asked)
}

fn at_most(detected: Level, asked: Option<&str>) -> Result<Level, LevelError> {
    let Some(asked) = asked else { return Ok(detected) };
    match Level::ALL.into_iter().find(|level| level.name() == asked) {
        None => Err(LevelError::Unknown { got: asked.to_owned() }),
        Some(asked) if asked > detected => Err(LevelError::Unsupported { asked, detected }),
        Some(asked) => Ok(asked),
    }
}

#[cfg(target_arch = "x86_64")]
fn detect() -> Level {
    let avx2 = is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma");
    let avx512 = is_x86_feature_detected!("avx512f")
        && is_x86_feature_detected!("avx512vl")
        && is_x86_feature_detected!("avx512dq")
        && is_x86_feature_detected!("avx512bw");
    match (avx2, avx512) {
        #[cfg(target_os = "linux")]
        (true, true) if crate::tiles::are_there() => Level::Amx,
        (true, true) => Level::Avx512,
        (true, false) => Level::Avx2,
        (false, _) => Level::Baseline,
    }
}

#[cfg(not(target_arch = "x86_64"))]
fn detect() -> Level {
    Level::Baseline
}

impl fmt::Display for Level {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl fmt::Display for LevelError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            LevelError::Unknown { got } => {
                write!(
                    f,
                    "{VARIABLE} must be baseline, avx2, avx512 or amx, found {got:?}; unset it to use the best"
                )
            }
            LevelError::Unsupported { asked, detected } => write!(
                f,
                "{VARIABLE} asks for {asked}, this machine has at most {detected}; unset it or lower it to {detected}"
            ),
        }
    }
}

impl std::error::Error for LevelError {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unset_variable_leaves_the_best_level() {
        assert_eq!(level_from(None), Ok(Level::detected()));
    }

    #[test]
    fn the_variable_can_lower_the_level() {
        assert_eq!(at_most(Level::Avx512, Some("avx2")), Ok(Level::Avx2));
        assert_eq!(at_most(Level::Avx512, Some("baseline")), Ok(Level::Baseline));
    }

    #[test]
    fn the_variable_cannot_raise_the_level() {
        let error = at_most(Level::Baseline, Some("avx512")).unwrap_err();
        let expected = "ROOTWARD_CPU asks for avx512, this machine has at most baseline; unset it or lower it to baseline";
        assert_eq!(error.to_string(), expected);
    }

    #[test]
    fn an_unknown_name_is_an_error_that_lists_the_known_ones() {
        let error = level_from(Some("AVX")).unwrap_err();
        let expected =
            "ROOTWARD_CPU must be baseline, avx2, avx512 or amx, found \"AVX\"; unset it to use the best";
        assert_eq!(error.to_string(), expected);
    }

    #[test]
    fn every_machine_has_the_baseline() {
        assert_eq!(Level::available().next(), Some(Level::Baseline));
    }
}
