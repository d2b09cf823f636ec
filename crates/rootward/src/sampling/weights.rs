//! How much the loss of each positive of a step counts, by its distance.

use crate::pairs::Relevant;
use crate::recipe::By;
use crate::rows::Rows;

/// `(1 + distance)^power` of each positive, over its mean: the row's where batches count queries, else the batch's.
///
/// A loss that is averaged over a row, or over a batch of rows with one positive each, keeps its scale that way.
pub(super) fn of_step(rows: &[(u32, Vec<Relevant>)], power: f64, by: By) -> Rows<f32> {
    let weight = |positive: &Relevant| (1.0 + f64::from(positive.distance)).powf(power);
    let weights: Rows<f64> =
        rows.iter().map(|(_, positives)| positives.iter().map(weight).collect::<Vec<_>>()).collect();
    let of_batch = mean(weights.values());
    let over_mean = |row: &[f64]| {
        let mean = match by {
            By::Pair => of_batch,
            By::Query => mean(row),
        };
        row.iter().map(|weight| (weight / mean) as f32).collect::<Vec<_>>()
    };
    weights.iter().map(over_mean).collect()
}

fn mean(numbers: &[f64]) -> f64 {
    numbers.iter().sum::<f64>() / numbers.len() as f64
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::DocIdx;

    /// The weights of positives at these distances.
    fn check(power: f64, by: By, distances: &[&[u32]], expected: &[&[f32]]) {
        let relevant = |distance: &u32| Relevant { distance: *distance, doc: DocIdx(0) };
        let rows: Vec<_> = distances.iter().map(|row| (0, row.iter().map(relevant).collect())).collect();
        let found = of_step(&rows, power, by);
        assert_eq!(found.iter().map(<[f32]>::to_vec).collect::<Vec<_>>(), expected);
    }

    #[test]
    fn positives_of_a_query_are_weighed_against_each_other() {
        check(1.0, By::Query, &[&[0, 2], &[3], &[1, 1]], &[&[0.5, 1.5], &[1.0], &[1.0, 1.0]]);
    }

    #[test]
    fn pairs_of_a_batch_are_weighed_against_each_other() {
        check(1.0, By::Pair, &[&[0], &[2], &[1]], &[&[0.5], &[1.5], &[1.0]]);
        check(-1.0, By::Pair, &[&[0], &[2]], &[&[1.5], &[0.5]]);
    }

    #[test]
    fn a_power_of_zero_weighs_all_alike() {
        check(0.0, By::Pair, &[&[0], &[5], &[35]], &[&[1.0], &[1.0], &[1.0]]);
    }
}
