//! What every batch must be, over random hierarchies and every way of sampling.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;

use super::*;
use crate::hierarchy::Edge;
use crate::optimiser::Optimiser;
use crate::pairs::Guess;
use crate::recipe::{Loss, Rate, Source};

/// A hierarchy and the pairs over it.
#[derive(Debug)]
struct World {
    hierarchy: Hierarchy,
    pairs: Pairs,
}

impl World {
    fn new(n_docs: u32, edges: &[(u32, u32)], exact: &[Vec<u32>]) -> World {
        let edge = |(child, parent): &(u32, u32)| Edge { child: DocIdx(*child), parent: DocIdx(*parent) };
        let edges: Vec<Edge> = edges.iter().map(edge).collect();
        let hierarchy = Hierarchy::new(n_docs as usize, &edges).unwrap();
        let exact: Vec<_> = (0..)
            .map(QueryIdx)
            .zip(exact.iter().map(|docs| docs.iter().map(|d| DocIdx(*d)).collect()))
            .collect();
        let pairs = Pairs::of_exact_matches(&exact, &hierarchy);
        World { hierarchy, pairs }
    }

    /// A few documents with edges up in a random order, and queries with one, two or no exact matches.
    fn random(seed: u64) -> World {
        let mut rng = stream(seed, Purpose::Init);
        let n_docs = rng.random_range(4..12);
        let order = shuffled(n_docs, &mut rng);
        let mut edges: Vec<(u32, u32)> = (1..n_docs).map(|low| (order[low], order[low - 1])).collect();
        edges.retain(|_| rng.random_bool(0.6));
        for low in 0..n_docs {
            edges.extend((0..low).filter(|_| rng.random_bool(0.25)).map(|high| (order[low], order[high])));
        }
        // At least one pair is at distance 2.
        edges.retain(|edge| *edge != (order[2], order[0]));
        edges.extend([(order[2], order[1]), (order[1], order[0])]);
        edges.sort_unstable();
        edges.dedup();
        let mut exact: Vec<Vec<u32>> =
            (0..n_docs as u32).map(|doc| vec![doc, rng.random_range(0..n_docs as u32)]).collect();
        exact.iter_mut().for_each(|docs| docs.truncate(rng.random_range(0..3)));
        exact.push(vec![order[2]]);
        exact.iter_mut().for_each(Vec::dedup);
        World::new(n_docs as u32, &edges, &exact)
    }

    fn sampler(&self, stage: &Stage) -> Sampler<'_> {
        Sampler::new(&self.pairs, &self.hierarchy, stage, 0, 7).unwrap()
    }

    /// S(q) of a query, with distances.
    fn relevant(&self, query: QueryIdx) -> BTreeMap<DocIdx, u32> {
        let row = self.pairs.queries().iter().position(|q| *q == query).unwrap();
        self.pairs.relevant(row).iter().map(|r| (r.doc, r.distance)).collect()
    }
}

/// Documents 0 to 3 with a root 0 over 1, 1 over 2 and 3; every document is its own query.
fn small() -> World {
    World::new(4, &[(1, 0), (2, 1), (3, 1)], &[vec![0], vec![1], vec![2], vec![3]])
}

const PLAIN: Negatives = Negatives {
    from: Source::Batch,
    deduplicate: false,
    mask_known: false,
    alpha: None,
    uniform: 0,
    siblings: 0,
    ancestor_siblings: 0.0,
    mined: None,
};
const REGULAR: Sampling = Sampling::Regular { by: By::Pair, neighbours: 0 };
const SAMPLINGS: [Sampling; 11] = [
    REGULAR,
    Sampling::Regular { by: By::Query, neighbours: 0 },
    Sampling::Regular { by: By::Query, neighbours: 3 },
    Sampling::Topics { by: By::Pair, topics: 3 },
    Sampling::Topics { by: By::Query, topics: 3 },
    Sampling::Rebalanced { p: 0.4, from: 2 },
    Sampling::LongOnly { from: 1, by: By::Pair },
    Sampling::LongOnly { from: 1, by: By::Query },
    Sampling::Curriculum { near: 0, until: 0.5 },
    Sampling::DistanceWeighted { power: 1.5 },
    Sampling::EvenDistances {},
];

fn stage(sampling: Sampling, negatives: Negatives, batch: usize) -> Stage {
    Stage {
        name: "test".to_owned(),
        batch,
        epochs: Some(1),
        steps: None,
        sampling,
        negatives,
        loss: Loss::Softmax {
            temperature: 1.0,
            temperature_end: None,
            temperature_rate: None,
            distance_power: None,
            distance: None,
        },
        tree: None,
        optimiser: Optimiser::Sgd {},
        rate: Rate { start: 0.1, end: 0.1, warm_up: 0.0 },
        early_stop: None,
    }
}

/// Every way to sample that a recipe may ask for.
fn every_stage() -> Vec<Stage> {
    let mut stages = Vec::new();
    let switches = [false, true];
    for sampling in SAMPLINGS {
        for (deduplicate, mask_known) in switches.into_iter().flat_map(|d| switches.map(|m| (d, m))) {
            let plain = Negatives { deduplicate, mask_known, ..PLAIN };
            let added = Negatives { uniform: 3, siblings: 2, ancestor_siblings: 0.5, ..plain };
            let corpus = Negatives { from: Source::Corpus, ..plain };
            let weighed = Negatives { alpha: Some(0.5), ..added };
            stages.extend([plain, added, corpus, weighed].map(|negatives| stage(sampling, negatives, 3)));
        }
    }
    stages.retain(|s| {
        counts_pairs(s.sampling) || s.negatives.deduplicate || s.negatives.from == Source::Corpus
    });
    stages.retain(|s| s.negatives.alpha.is_none() || steady(s.sampling));
    stages
}

/// Whether every step draws the same pairs as often as the others.
fn steady(sampling: Sampling) -> bool {
    !matches!(sampling, Sampling::Curriculum { .. })
}

/// Whether an epoch goes through pairs or queries, each once.
fn once_an_epoch(sampling: Sampling) -> bool {
    matches!(sampling, Sampling::Regular { .. } | Sampling::Topics { .. } | Sampling::LongOnly { .. })
}

fn counts_pairs(sampling: Sampling) -> bool {
    use Sampling::{LongOnly, Regular, Topics};
    !matches!(
        sampling,
        Regular { by: By::Query, .. } | Topics { by: By::Query, .. } | LongOnly { by: By::Query, .. }
    )
}

fn columns_of(batch: &Batch, docs: &BTreeMap<DocIdx, u32>) -> BTreeSet<u32> {
    (0..).zip(&batch.docs).filter(|(_, doc)| docs.contains_key(doc)).map(|(column, _)| column).collect()
}

fn assert_sound(world: &World, stage: &Stage, batch: &Batch) {
    let negatives = stage.negatives;
    let n_rows = batch.queries.len();
    assert!((1..=stage.batch).contains(&n_rows));
    assert_eq!((batch.positives.len(), batch.known.len()), (n_rows, n_rows));
    let least = if let Sampling::LongOnly { from, .. } = stage.sampling { from } else { 0 };
    for (row, query) in batch.queries.iter().enumerate() {
        let relevant = world.relevant(*query);
        let positives: Vec<DocIdx> =
            batch.positives.row(row).iter().map(|c| batch.docs[*c as usize]).collect();
        assert!(positives.iter().all(|doc| relevant.get(doc).is_some_and(|distance| *distance >= least)));
        let expected = relevant.values().filter(|distance| **distance >= least).count();
        assert_eq!(positives.len(), if counts_pairs(stage.sampling) { 1 } else { expected });
        let known: BTreeSet<u32> = batch.known.row(row).iter().copied().collect();
        assert_eq!(known.len(), batch.known.row(row).len(), "a known column is listed once");
        assert!(batch.positives.row(row).iter().all(|column| known.contains(column)));
        if negatives.mask_known {
            assert_eq!(known, columns_of(batch, &relevant));
        } else {
            assert_eq!(batch.known.row(row), batch.positives.row(row));
        }
    }
    let different: BTreeSet<DocIdx> = batch.docs.iter().copied().collect();
    assert!(different.len() == batch.docs.len() || !negatives.deduplicate);
    if negatives.from == Source::Corpus {
        assert!(batch.docs.iter().copied().eq((0..world.hierarchy.n_docs() as u32).map(DocIdx)));
    }
    assert_eq!(batch.log_weights.is_some(), negatives.alpha.is_some());
    if let Some(weights) = &batch.log_weights {
        let mean = weights.iter().map(|w| f64::from(*w).exp()).sum::<f64>() / weights.len() as f64;
        assert!(weights.len() == batch.docs.len() && (mean - 1.0).abs() < 1e-5, "{mean}");
    }
}

/// The rows of an epoch, each a query with its positives.
fn epoch(world: &World, stage: &Stage, number: usize) -> Vec<(QueryIdx, Vec<DocIdx>)> {
    let mut sampler = world.sampler(stage);
    let steps = sampler.steps_per_epoch();
    let mut rows = Vec::new();
    for step in number * steps..(number + 1) * steps {
        let batch = sampler.batch(step);
        let docs = batch.positives.iter().map(|row| row.iter().map(|c| batch.docs[*c as usize]).collect());
        rows.extend(batch.queries.iter().copied().zip(docs));
    }
    rows
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn every_batch_is_sound(seed: u64) {
        let world = World::random(seed);
        for stage in every_stage() {
            let mut sampler = world.sampler(&stage);
            (0..4).for_each(|step| assert_sound(&world, &stage, &sampler.batch(step)));
        }
    }

    #[test]
    fn a_step_is_the_same_whatever_was_drawn_before(seed: u64) {
        let world = World::random(seed);
        for stage in every_stage() {
            let (mut forward, mut back) = (world.sampler(&stage), world.sampler(&stage));
            let steps = forward.steps_per_epoch() + 2;
            let mut backward: Vec<Batch> = (0..steps).rev().map(|step| back.batch(step)).collect();
            backward.reverse();
            prop_assert_eq!((0..steps).map(|step| forward.batch(step)).collect::<Vec<_>>(), backward);
        }
    }

    #[test]
    fn an_epoch_visits_every_pair_or_query_once(seed: u64, batch in 1usize..6, number in 0usize..3) {
        let world = World::random(seed);
        for sampling in SAMPLINGS.into_iter().filter(|s| once_an_epoch(*s)) {
            let negatives = Negatives { deduplicate: !counts_pairs(sampling), ..PLAIN };
            let least = if let Sampling::LongOnly { from, .. } = sampling { from } else { 0 };
            let mut expected = Vec::new();
            for (row, query) in world.pairs.queries().iter().enumerate() {
                let docs = world.pairs.relevant(row).iter().filter(|r| r.distance >= least).map(|r| r.doc);
                if counts_pairs(sampling) {
                    expected.extend(docs.map(|doc| (*query, vec![doc])));
                } else {
                    expected.extend(Some((*query, docs.collect::<Vec<_>>())).filter(|(_, docs)| !docs.is_empty()));
                }
            }
            let mut visited = epoch(&world, &stage(sampling, negatives, batch), number);
            visited.sort();
            expected.sort();
            prop_assert_eq!(visited, expected);
        }
    }
}

#[test]
fn another_seed_stage_or_epoch_draws_another_order() {
    let world = World::new(40, &[], &(0..40).map(|doc| vec![doc]).collect::<Vec<_>>());
    let stage = stage(REGULAR, PLAIN, 40);
    let draw = |place, seed, step| {
        Sampler::new(&world.pairs, &world.hierarchy, &stage, place, seed).unwrap().batch(step).queries
    };
    let draws = [draw(0, 7, 0), draw(1, 7, 0), draw(0, 8, 0), draw(0, 7, 1)];
    for (i, one) in draws.iter().enumerate() {
        assert!(!draws[..i].contains(one), "{i}");
    }
}

#[test]
fn a_batch_keeps_to_one_topic_as_far_as_topics_fill_batches() {
    let world = World::new(100, &[], &(0..100).map(|doc| vec![doc]).collect::<Vec<_>>());
    for by in [By::Pair, By::Query] {
        let stage = stage(Sampling::Topics { by, topics: 4 }, Negatives { deduplicate: true, ..PLAIN }, 8);
        let mut sampler = world.sampler(&stage);
        // 25 queries each: three whole batches of every topic, one of what is left of them.
        sampler.set_topics((0..100).map(|row| row % 4).collect());
        let batches: Vec<Vec<u32>> =
            (0..13).map(|step| sampler.batch(step).queries.iter().map(|query| query.0).collect()).collect();
        let topics = |batch: &Vec<u32>| batch.iter().map(|query| query % 4).collect::<BTreeSet<_>>().len();
        let counts: Vec<usize> = batches.iter().map(topics).collect();
        assert_eq!((&counts[..12], counts[12]), (&[1; 12][..], 4));
        let all: BTreeSet<u32> = batches.concat().into_iter().collect();
        assert_eq!(all.len(), 100);
        let order: Vec<u32> = batches.iter().map(|batch| batch[0] % 4).collect();
        assert!(order.windows(2).any(|pair| pair[0] > pair[1]), "{order:?}");
    }
}

#[test]
fn neighbours_of_the_hierarchy_share_a_batch() {
    // Ten roots with nine children each: in runs of ten, most of a batch is one family.
    let edges: Vec<(u32, u32)> = (10..100).map(|child| (child, child % 10)).collect();
    let world = World::new(100, &edges, &(0..100).map(|doc| vec![doc]).collect::<Vec<_>>());
    let families = |neighbours| {
        let sampling = Sampling::Regular { by: By::Query, neighbours };
        let mut sampler = world.sampler(&stage(sampling, Negatives { deduplicate: true, ..PLAIN }, 10));
        let family = |batch: Batch| batch.queries.iter().map(|q| q.0 % 10).collect::<BTreeSet<_>>().len();
        (0..10).map(|step| family(sampler.batch(step))).sum::<usize>()
    };
    assert!(families(10) <= 35, "{}", families(10));
    assert!(families(0) >= 50, "{}", families(0));
}

#[test]
fn rebalancing_draws_regular_pairs_with_probability_p_and_else_far_ones() {
    let world = small();
    let far = |p| {
        let mut sampler = world.sampler(&stage(Sampling::Rebalanced { p, from: 2 }, PLAIN, 1000));
        let batch = sampler.batch(0);
        distances(&world, &batch).into_iter().filter(|distance| *distance >= 2).count()
    };
    // Two of nine pairs are far.
    assert_eq!(far(0.0), 1000);
    assert!((170..280).contains(&far(1.0)), "{}", far(1.0));
    assert!((540..690).contains(&far(0.5)), "{}", far(0.5));
}

#[test]
fn a_stage_without_a_far_pair_is_refused() {
    let world = small();
    for sampling in [Sampling::LongOnly { from: 3, by: By::Query }, Sampling::Rebalanced { p: 0.5, from: 3 }]
    {
        let error =
            Sampler::new(&world.pairs, &world.hierarchy, &stage(sampling, PLAIN, 2), 0, 7).err().unwrap();
        let expected = "stage `test` draws pairs at distance 3 or more, but there is none; the farthest pair is at distance 2; set `stages.0.sampling.from` to that or less";
        assert_eq!(error.to_string(), expected);
    }
}

#[test]
fn a_document_is_not_its_own_sibling() {
    // The siblings of 2 and 3 are each other, 0 and 1 have none.
    let world = small();
    let mut sampler = world.sampler(&stage(REGULAR, Negatives { siblings: 3, ..PLAIN }, 1));
    for step in 0..50 {
        let batch = sampler.batch(step);
        let (drawn, siblings) = batch.docs.split_first().unwrap();
        let sibling = match drawn.0 {
            2 => Some(DocIdx(3)),
            3 => Some(DocIdx(2)),
            _ => None,
        };
        assert!(siblings.iter().all(|doc| Some(*doc) == sibling), "{drawn:?} {siblings:?}");
    }
}

/// A batch size that divides the epoch, so that every step is as large as the others.
fn even_batch(world: &World, sampling: Sampling) -> usize {
    let n = world.sampler(&stage(sampling, PLAIN, 1)).steps_per_epoch();
    (2..=n).find(|batch| n.is_multiple_of(*batch)).unwrap_or(1)
}

/// The distance of the positive of each row, where rows are pairs.
fn distances(world: &World, batch: &Batch) -> Vec<u32> {
    let distance = |(row, query): (usize, &QueryIdx)| {
        world.relevant(*query)[&batch.docs[batch.positives.row(row)[0] as usize]]
    };
    batch.queries.iter().enumerate().map(distance).collect()
}

#[test]
fn a_curriculum_draws_farther_pairs_as_the_stage_goes_on() {
    let world = small();
    let curriculum = stage(Sampling::Curriculum { near: 0, until: 0.5 }, PLAIN, 300);
    let mut sampler = world.sampler(&Stage { epochs: None, steps: Some(8), ..curriculum });
    let farthest: Vec<u32> =
        (0..8).map(|step| distances(&world, &sampler.batch(step)).into_iter().max().unwrap()).collect();
    assert_eq!(farthest, [0, 0, 1, 1, 2, 2, 2, 2]);
}

#[test]
fn weighted_distances_are_drawn_as_often_as_their_weights_say() {
    // Four pairs are at distance 0, three at 1, two at 2.
    let world = small();
    for (sampling, expected) in [
        (Sampling::DistanceWeighted { power: 0.0 }, [400, 300, 200]),
        (Sampling::DistanceWeighted { power: 1.0 }, [225, 337, 337]),
        (Sampling::DistanceWeighted { power: 10.0 }, [0, 23, 877]),
        (Sampling::EvenDistances {}, [300, 300, 300]),
    ] {
        let drawn = distances(&world, &world.sampler(&stage(sampling, PLAIN, 900)).batch(0));
        for (distance, expected) in (0..).zip(expected) {
            let found = drawn.iter().filter(|drawn| **drawn == distance).count();
            assert!(found.abs_diff(expected) <= 70, "{sampling:?}, distance {distance}: {found}");
        }
    }
}

#[test]
fn positives_count_by_their_distance_where_the_loss_asks_for_it() {
    let world = small();
    for (sampling, by) in [(REGULAR, By::Pair), (SAMPLINGS[1], By::Query)] {
        let plain = stage(sampling, Negatives { deduplicate: true, ..PLAIN }, 4);
        assert_eq!(world.sampler(&plain).batch(0).weights, None);
        let Loss::Softmax { temperature, temperature_end, temperature_rate, .. } = plain.loss;
        let loss = Loss::Softmax {
            temperature,
            temperature_end,
            temperature_rate,
            distance_power: Some(2.0),
            distance: None,
        };
        let batch = world.sampler(&Stage { loss, ..plain }).batch(0);
        let weights = batch.weights.unwrap();
        assert!(weights.iter().map(<[f32]>::len).eq(batch.positives.iter().map(<[u32]>::len)));
        let mean = |row: &[f32]| row.iter().sum::<f32>() / row.len() as f32;
        let means = match by {
            By::Pair => vec![mean(weights.values())],
            By::Query => weights.iter().map(mean).collect(),
        };
        assert!(means.iter().all(|mean| (mean - 1.0).abs() < 1e-6), "{means:?}");
        for (row, query) in batch.queries.iter().enumerate() {
            let relevant = world.relevant(*query);
            let over_square =
                batch.positives.row(row).iter().zip(weights.row(row)).map(|(column, weight)| {
                    let distance = relevant[&batch.docs[*column as usize]];
                    weight / ((1 + distance) * (1 + distance)) as f32
                });
            let factors: Vec<f32> = over_square.collect();
            assert!(factors.iter().all(|factor| (factor - factors[0]).abs() < 1e-6), "{factors:?}");
        }
    }
}

/// The expected draws of a stage are the average of many steps, within six standard errors.
fn assert_draws(world: &World, stage: &Stage) {
    const STEPS: usize = 3000;
    let mut sampler = world.sampler(stage);
    let n_docs = world.hierarchy.n_docs();
    let (mut sum, mut squares) = (vec![0.0; n_docs], vec![0.0; n_docs]);
    for step in 0..STEPS {
        let mut counts = vec![0.0f64; n_docs];
        sampler.batch(step).docs.iter().for_each(|doc| counts[doc.at()] += 1.0);
        for (doc, count) in counts.into_iter().enumerate() {
            sum[doc] += count;
            squares[doc] += count * count;
        }
    }
    for (doc, expected) in sampler.expected_draws().into_iter().enumerate() {
        let mean = sum[doc] / STEPS as f64;
        let error = ((squares[doc] / STEPS as f64 - mean * mean).max(1e-4) / STEPS as f64).sqrt();
        assert!((mean - expected).abs() < 6.0 * error + 1e-9, "{stage:?} {doc}: {mean} is not {expected}");
    }
}

#[test]
fn expected_draws_are_those_of_many_steps() {
    for world in [small(), World::random(1), World::random(2), World::random(3)] {
        for sampling in SAMPLINGS.into_iter().filter(|s| steady(*s)) {
            let batch = even_batch(&world, sampling);
            let added = Negatives { uniform: 2, siblings: 3, ancestor_siblings: 0.4, ..PLAIN };
            // Without deduplication, so that repeats can be counted; a recipe would refuse it for queries.
            for negatives in [PLAIN, added] {
                assert_draws(&world, &stage(sampling, negatives, batch));
            }
        }
    }
}

#[test]
fn a_batch_larger_than_the_epoch_draws_each_pair_once() {
    for sampling in SAMPLINGS.into_iter().filter(|s| steady(*s)) {
        assert_draws(&small(), &stage(sampling, PLAIN, 50));
    }
}

#[test]
fn alpha_one_weighs_repeated_documents_as_they_come() {
    let world = World::random(4);
    let mut sampler = world.sampler(&stage(REGULAR, Negatives { alpha: Some(1.0), uniform: 3, ..PLAIN }, 6));
    for step in 0..5 {
        assert!(sampler.batch(step).log_weights.unwrap().iter().all(|w| w.abs() < 1e-5));
    }
}

#[test]
fn alpha_zero_makes_all_documents_equally_strong() {
    let world = World::random(5);
    for deduplicate in [false, true] {
        let negatives = Negatives { alpha: Some(0.0), uniform: 3, deduplicate, ..PLAIN };
        let sampler = world.sampler(&stage(REGULAR, negatives, 6));
        let strength = |(draws, weight): (f64, &f32)| {
            let present = if deduplicate { 1.0 - (-draws).exp() } else { draws };
            f64::from(*weight).exp() * present
        };
        let weights = sampler.log_weights.as_ref().unwrap();
        for strength in sampler.expected_draws().into_iter().zip(weights).map(strength) {
            assert!((strength - 1.0).abs() < 1e-5, "{strength}");
        }
    }
}

#[test]
fn the_weights_of_a_step_are_shifted_together() {
    let world = World::random(6);
    let mut sampler = world.sampler(&stage(REGULAR, Negatives { alpha: Some(0.3), ..PLAIN }, 6));
    let batch = sampler.batch(0);
    let all = sampler.log_weights.as_ref().unwrap();
    let shifts: Vec<f32> =
        batch.docs.iter().zip(batch.log_weights.unwrap()).map(|(doc, w)| w - all[doc.at()]).collect();
    assert!(shifts.iter().all(|shift| (shift - shifts[0]).abs() < 1e-5), "{shifts:?}");
}

#[test]
fn a_guess_is_a_positive_as_often_as_it_is_likely_and_masked_only_then() {
    let edge = |(child, parent)| Edge { child: DocIdx(child), parent: DocIdx(parent) };
    let hierarchy = Hierarchy::new(3, &[edge((0, 1))]).unwrap();
    let exact: Vec<(QueryIdx, Vec<DocIdx>)> = (0..3).map(|i| (QueryIdx(i), vec![DocIdx(i)])).collect();
    let guess = Guess { doc: DocIdx(2), probability: 0.3 };
    let above = vec![vec![guess], vec![], vec![]].into_iter().collect();
    let pairs = Pairs::of_exact_matches(&exact, &hierarchy).with_guesses(&exact, &hierarchy, &above);
    let negatives = Negatives { deduplicate: true, mask_known: true, from: Source::Corpus, ..PLAIN };
    let stage = stage(Sampling::Regular { by: By::Query, neighbours: 0 }, negatives, 3);
    let mut sampler = Sampler::new(&pairs, &hierarchy, &stage, 0, 7).unwrap();
    let mut drawn = 0;
    for step in 0..1000 {
        let batch = sampler.batch(step);
        let row = batch.queries.iter().position(|query| query.0 == 0).unwrap();
        let positives: Vec<u32> = batch.positives.row(row).to_vec();
        assert!(positives == [0, 1] || positives == [0, 1, 2], "{positives:?}");
        assert_eq!(batch.known.row(row), positives);
        drawn += usize::from(positives.len() == 3);
    }
    assert!((240..360).contains(&drawn), "{drawn}");
    let draws = sampler.expected_draws();
    assert!(
        draws.iter().zip([1.0, 2.0, 1.3]).all(|(draws, expected)| (draws - expected).abs() < 1e-6),
        "{draws:?}"
    );
}
