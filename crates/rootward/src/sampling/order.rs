//! Orders of an epoch that keep neighbours of the hierarchy, or queries of one topic, in one batch.

use rand::RngExt;
use rand::seq::SliceRandom;
use rand_pcg::Pcg64;

use crate::hierarchy::Hierarchy;
use crate::ids::DocIdx;
use crate::pairs::Pairs;
use crate::random::shuffled;
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

/// The numbers of `topics`, in batches of one topic each; the batches are shuffled. What is left of each topic, less than a
/// batch, is put together, topic by topic; a batch that is not full stands at the end.
pub(super) fn by_topic(topics: &[u32], batch: usize, rng: &mut Pcg64) -> Vec<u32> {
    let n_topics = topics.iter().max().map_or(0, |most| *most as usize + 1);
    let places = shuffled(topics.len(), rng);
    let places_of =
        Rows::group(n_topics, places.iter().map(|place| (topics[*place as usize] as usize, *place)));
    let (mut batches, mut rests) = (Vec::new(), Vec::new());
    for topic in shuffled(n_topics, rng) {
        let whole = places_of.row(topic as usize).chunks_exact(batch);
        rests.extend_from_slice(whole.remainder());
        batches.extend(whole);
    }
    let mixed = rests.chunks_exact(batch);
    let last = mixed.remainder();
    batches.extend(mixed);
    batches.shuffle(rng);
    batches.push(last);
    batches.concat()
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
