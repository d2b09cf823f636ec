//! The words in which other people's files judge: names of splits, and grades as numbers or by name.

use std::str::FromStr;

use rootward::dataset::{Fault, Split, excerpt};

/// What the grades of a file are worth.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Grades(Vec<(String, i32)>);

/// A text that says of no grade what it is worth.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{found}` names no grades: `exact=3,partial=1` was expected, each with a whole number")]
pub struct GradesError {
    /// The part that is wrong.
    pub found: String,
}

impl Grades {
    /// Grades that are the numbers they are written as.
    pub fn as_written() -> Self {
        Grades(Vec::new())
    }

    /// What a grade is worth.
    ///
    /// # Errors
    /// When it is no whole number, or none of those that were given a worth.
    pub(crate) fn worth(&self, grade: &str) -> Result<i32, Fault> {
        let grade = grade.trim();
        if self.0.is_empty() {
            return whole(grade).ok_or_else(|| Fault::Score { found: excerpt(grade) });
        }
        let known = self.0.iter().find(|(name, _)| name == grade);
        let unknown = || Fault::Field { expected: "a grade that --grades names", found: excerpt(grade) };
        known.map(|(_, worth)| *worth).ok_or_else(unknown)
    }
}

impl FromStr for Grades {
    type Err = GradesError;

    fn from_str(text: &str) -> Result<Self, GradesError> {
        let pair = |part: &str| {
            let (name, worth) = part.rsplit_once('=')?;
            Some((name.trim().to_owned(), worth.trim().parse().ok()?))
        };
        let part = |part| pair(part).ok_or_else(|| GradesError { found: excerpt(part) });
        text.split(',').map(part).collect::<Result<_, _>>().map(Grades)
    }
}

/// A whole number, be it written with a fraction of zeros, as programs do that know only one kind of number.
fn whole(text: &str) -> Option<i32> {
    let digits = match text.split_once('.') {
        Some((digits, fraction)) if fraction.bytes().all(|byte| byte == b'0') => digits,
        _ => text,
    };
    digits.parse().ok()
}

/// The split of a name that is in use for it, whatever the case.
///
/// # Errors
/// When it names none.
pub(crate) fn split_of(name: &str) -> Result<Split, Fault> {
    match name.trim().to_ascii_lowercase().as_str() {
        "train" | "training" => Ok(Split::Train),
        "dev" | "val" | "valid" | "validation" => Ok(Split::Dev),
        "test" => Ok(Split::Test),
        _ => Err(Fault::Field { expected: "train, dev, validation or test", found: excerpt(name) }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_grade_is_a_whole_number_or_has_a_name_with_one() {
        let as_written = |grade| Grades::as_written().worth(grade).map_err(|fault| fault.to_string());
        assert_eq!((as_written("2"), as_written(" -1.0")), (Ok(2), Ok(-1)));
        for odd in ["1.5", "", ".", "exact", "99999999999"] {
            assert!(as_written(odd).unwrap_err().starts_with("a score, which is a whole number,"));
        }
        let named: Grades = "exact=3, partial=1,-1=0".parse().unwrap();
        assert_eq!(["exact", "partial", "-1"].map(|grade| named.worth(grade).unwrap()), [3, 1, 0]);
        let error = named.worth("2").unwrap_err().to_string();
        assert_eq!(error, "a grade that --grades names was expected, `2` was found");
    }

    #[test]
    fn names_without_numbers_are_refused() {
        let error = "exact=3,partial".parse::<Grades>().unwrap_err().to_string();
        assert!(error.starts_with("`partial` names no grades: `exact=3,partial=1` was expected"), "{error}");
    }
}
