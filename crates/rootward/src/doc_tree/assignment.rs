//! Which child each document goes to when no child may have too many.
//!
//! Those who would lose most by their second choice choose first. Only the first two choices are kept for each
//! document; where both are full, its scores are worked out again.

use rayon::prelude::*;
use rootward_kernels::dot;

use super::clustering::{Choice, Points};
use crate::ids::DocIdx;
use crate::matrix::Matrix;

/// The documents of each child, at most `most` of them, in their order; children without any are left out.
///
/// There must be room for all: `most` times the number of centroids is no less than that of the documents.
pub(super) fn assign(points: Points<'_>, centroids: &Matrix, most: usize) -> Vec<Vec<DocIdx>> {
    let k = centroids.n_rows();
    let choices = points.each_part(centroids, |part, packed| {
        let mut choices = Vec::with_capacity(part.docs.len());
        part.choose(packed, |_, choice| choices.push(choice));
        choices
    });
    let choices: Vec<Choice> = choices.into_iter().flatten().collect();
    let mut wanted = vec![0; k];
    choices.iter().for_each(|choice| wanted[choice.best as usize] += 1);
    let child_of = if wanted.iter().all(|n| *n <= most) {
        choices.iter().map(|choice| choice.best).collect()
    } else {
        by_regret(points, centroids, &choices, most)
    };
    let mut children = vec![Vec::new(); k];
    for (doc, child) in points.docs.iter().zip(child_of) {
        children[child as usize].push(*doc);
    }
    children.retain(|docs| !docs.is_empty());
    children
}

/// The child of each document, the best that still has room when its turn comes.
fn by_regret(points: Points<'_>, centroids: &Matrix, choices: &[Choice], most: usize) -> Vec<u32> {
    let mut turns: Vec<u32> = (0..choices.len() as u32).collect();
    turns.par_sort_unstable_by(|a, b| {
        let regret = |at: u32| choices[at as usize].regret;
        regret(*b).total_cmp(&regret(*a)).then(a.cmp(b))
    });
    let mut room = vec![most; centroids.n_rows()];
    let mut child_of = vec![0; choices.len()];
    let mut unit = Vec::new();
    for at in turns {
        let Choice { best, second, .. } = choices[at as usize];
        let preferred = [best, second].into_iter().find(|child| room[*child as usize] > 0);
        let child = preferred.unwrap_or_else(|| {
            points.gather(&points.docs[at as usize..][..1], &mut unit);
            let open = (0..room.len()).filter(|child| room[*child] > 0);
            let scored = open.map(|child| (dot(&unit, centroids.row(child)), child));
            let best = scored.max_by(|(a, first), (b, second)| a.total_cmp(b).then(second.cmp(first)));
            best.expect("the children have room for all").1 as u32
        });
        room[child as usize] -= 1;
        child_of[at as usize] = child;
    }
    child_of
}
