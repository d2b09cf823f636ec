//! Lists of different lengths, one for each row, stored end to end.
//!
//! The parents of every document, the pairs of every query: one allocation instead of one for each row,
//! and neighbours in memory that are neighbours in use.

/// `len()` lists of `T`, in compressed sparse row form.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rows<T> {
    starts: Vec<u32>,
    values: Vec<T>,
}

impl<T> Default for Rows<T> {
    fn default() -> Self {
        Rows::empty()
    }
}

impl<T> Rows<T> {
    /// No rows; [`Rows::push`] adds them.
    pub fn empty() -> Self {
        Rows { starts: vec![0], values: Vec::new() }
    }

    /// Adds a row at the end.
    ///
    /// # Panics
    /// When all rows together would hold more than `u32::MAX` values.
    pub fn push(&mut self, row: impl IntoIterator<Item = T>) {
        self.values.extend(row);
        self.starts.push(u32::try_from(self.values.len()).expect("rows hold at most u32::MAX values"));
    }

    /// Groups `(row, value)` by row, keeping the order of the values within a row.
    ///
    /// # Panics
    /// When a row number is not below `n_rows`.
    pub fn group(n_rows: usize, items: impl Iterator<Item = (usize, T)> + Clone) -> Self
    where
        T: Copy,
    {
        let mut starts = vec![0u32; n_rows + 1];
        for (row, _) in items.clone() {
            starts[row + 1] += 1;
        }
        for row in 0..n_rows {
            starts[row + 1] += starts[row];
        }
        // Every place is written below; until then it holds the first value, which costs no room of its own.
        let Some((_, any)) = items.clone().next() else {
            return Rows { starts, values: Vec::new() };
        };
        let mut next = starts.clone();
        let mut values = vec![any; starts[n_rows] as usize];
        for (row, value) in items {
            values[next[row] as usize] = value;
            next[row] += 1;
        }
        Rows { starts, values }
    }

    /// How many rows there are.
    pub fn len(&self) -> usize {
        self.starts.len() - 1
    }

    /// Whether there is no row at all.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The values of one row.
    ///
    /// # Panics
    /// When there is no such row.
    pub fn row(&self, row: usize) -> &[T] {
        &self.values[self.starts[row] as usize..self.starts[row + 1] as usize]
    }

    /// All values, row after row.
    pub fn values(&self) -> &[T] {
        &self.values
    }

    /// The place of a row's first value in [`Rows::values`].
    pub fn start(&self, row: usize) -> usize {
        self.starts[row] as usize
    }

    /// The rows in order.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = &[T]> + Clone {
        (0..self.len()).map(|row| self.row(row))
    }
}

impl<T> FromIterator<Vec<T>> for Rows<T> {
    fn from_iter<I: IntoIterator<Item = Vec<T>>>(rows: I) -> Self {
        let mut all = Rows::empty();
        for row in rows {
            all.push(row);
        }
        all
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn grouping_keeps_the_order_within_a_row() {
        let rows = Rows::group(3, [(2, 'a'), (0, 'b'), (2, 'c')].into_iter());
        assert_eq!(
            rows.iter().map(<[char]>::to_vec).collect::<Vec<_>>(),
            [vec!['b'], vec![], vec!['a', 'c']]
        );
    }

    #[test]
    fn rows_can_be_pushed_one_by_one() {
        let rows: Rows<u8> = [vec![1, 2], vec![], vec![3]].into_iter().collect();
        assert_eq!((rows.len(), rows.row(0), rows.row(1), rows.row(2)), (3, &[1, 2][..], &[][..], &[3][..]));
        assert_eq!((rows.start(2), rows.values()), (2, &[1, 2, 3][..]));
    }
}
