//! Orders of an epoch that keep neighbours of the hierarchy in one batch.

use rand::RngExt;
use rand::seq::SliceRandom;
use rand_pcg::Pcg64;

use crate::hierarchy::Hierarchy;
use crate::ids::DocIdx;
use crate::pairs::Pairs;
use crate::rows::Rows;

/// Places in `rows`, in runs of queries that follow each other down the hierarchy; the runs are shuffled.
///
/// A batch made of such runs holds siblings and cousins, each a hard negative of the other, at no further cost.
pub(super) fn in_runs(
    pairs: &Pairs,
    rows: &[u32],
    hierarchy: &Hierarchy,
    run: usize,
    rng: &mut Pcg64,
) -> Vec<u32> {
    let first_doc = |row: u32| pairs.relevant(row as usize)[0].doc.at();
    let places = rows.iter().enumerate().map(|(place, row)| (first_doc(*row), place as u32));
    let places_of = Rows::group(hierarchy.n_docs(), places);
    let order: Vec<u32> =
        depth_first(hierarchy, rng).into_iter().flat_map(|doc| places_of.row(doc.at())).copied().collect();
    let offset = rng.random_range(0..run).min(order.len());
    let (head, tail) = order.split_at(offset);
    let mut runs: Vec<&[u32]> = tail.chunks(run).chain([head]).collect();
    runs.shuffle(rng);
    runs.concat()
}

/// Every document once, children in random order right after the first of their parents that is met.
fn depth_first(hierarchy: &Hierarchy, rng: &mut Pcg64) -> Vec<DocIdx> {
    let n_docs = hierarchy.n_docs();
    let mut stack: Vec<DocIdx> = hierarchy.roots().collect();
    stack.shuffle(rng);
    let mut met = vec![false; n_docs];
    let mut order = Vec::with_capacity(n_docs);
    while let Some(doc) = stack.pop() {
        if std::mem::replace(&mut met[doc.at()], true) {
            continue;
        }
        order.push(doc);
        let children = stack.len();
        stack.extend(hierarchy.children(doc).iter().filter(|child| !met[child.at()]));
        stack[children..].shuffle(rng);
    }
    order
}
