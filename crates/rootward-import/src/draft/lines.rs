//! The lines of many things, at almost no price where each has the line after that of the one before.

/// The line of each of a row of things.
#[derive(Debug, Default)]
pub(super) struct LinesOf {
    len: usize,
    /// Where a run begins, and its line; within a run lines follow each other.
    runs: Vec<(usize, u64)>,
}

impl LinesOf {
    /// Adds the line of one more thing.
    pub(super) fn push(&mut self, line: u64) {
        let follows = self.runs.last().is_some_and(|&(at, first)| first + (self.len - at) as u64 == line);
        if !follows {
            self.runs.push((self.len, line));
        }
        self.len += 1;
    }

    /// The line of the thing at a place.
    pub(super) fn get(&self, at: usize) -> u64 {
        let run = self.runs.partition_point(|(start, _)| *start <= at).checked_sub(1);
        run.map_or(0, |run| self.runs[run].1 + (at - self.runs[run].0) as u64)
    }

    /// All lines.
    pub(super) fn iter(&self) -> impl Iterator<Item = u64> + '_ {
        let ends = self.runs.iter().skip(1).map(|(at, _)| *at).chain([self.len]);
        self.runs.iter().zip(ends).flat_map(|(&(at, line), end)| line..line + (end - at) as u64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_come_back_as_they_went_in() {
        for given in [&[][..], &[7], &[1, 2, 3], &[2, 3, 5, 6, 6, 1, 0, 0]] {
            let mut lines = LinesOf::default();
            given.iter().for_each(|line| lines.push(*line));
            assert_eq!(lines.iter().collect::<Vec<_>>(), given);
            assert!((0..).zip(given).all(|(at, line)| lines.get(at) == *line));
        }
    }
}
