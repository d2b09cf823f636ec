//! The in-batch training step on two lookup tables: what it costs and how much of the machine it uses.
//!
//! `cargo bench -p rootward --bench step` prints a table; with `-- --json` one JSON object for `bench/peers`. A step
//! draws 4,096 random pairs, encodes them, computes the softmax with in-batch negatives and its gradients, and updates
//! both tables of 82,115 × 64 by lazy Adam. The matrix-product peak is measured in the same run, so that the fraction
//! holds on a machine whose speed drifts.

#[path = "system/process.rs"]
mod process;

use std::hint::black_box;
use std::time::Instant;

use rand::RngExt;
use rayon::prelude::*;
use rootward::encoder::{Encoder, Input, Side, Text, Trainable};
use rootward::loss::{Scratch, in_batch_softmax};
use rootward::optimiser::Optimiser;
use rootward::random::{Purpose, stream};
use rootward::table::{Score, TableConfig, TableEncoder};
use rootward_kernels::{Packed, Store, Strided, product};

use process::{cpu_seconds, peak_bytes};

const ROWS: usize = 82_115;
const DIM: usize = 64;
const BATCH: usize = 4_096;
const TEMPERATURE: f32 = 20.0;
const RATE: f32 = 0.05;
const WARM_UP: usize = 3;
const STEPS: usize = 20;

fn main() {
    // As many threads as the peers are given.
    rayon::ThreadPoolBuilder::new().num_threads(2).build_global().expect("the pool is built once");
    let mut rng = stream(7, Purpose::Init);
    let config = TableConfig { dim: DIM, score: Score::Dot, init: 1.0 / 8.0 };
    let mut encoder = TableEncoder::new(ROWS, ROWS, config, &mut rng);
    encoder.start_optimiser(Optimiser::Adam {
        beta1: 0.9,
        beta2: 0.999,
        epsilon: 1e-8,
        lazy: true,
        decay: 0.0,
    });
    let mut scratch = Scratch::default();
    let mut step = || {
        let mut draw = || -> Vec<Input<'_>> {
            (0..BATCH)
                .map(|_| Input { idx: rng.random_range(0..ROWS as u32), text: Text::default() })
                .collect()
        };
        let (queries, docs) = (draw(), draw());
        let encode = |side, inputs: &[Input<'_>]| encoder.encode(side, inputs).expect("rows exist");
        let (q, x) = (encode(Side::Query, &queries), encode(Side::Document, &docs));
        let found = in_batch_softmax(&mut scratch, &q, &x, TEMPERATURE).expect("shapes agree");
        encoder.backward(Side::Query, &queries, &found.queries).expect("shapes agree");
        encoder.backward(Side::Document, &docs, &found.docs).expect("shapes agree");
        encoder.step(RATE);
        found.loss
    };

    let loss_first = step();
    (1..WARM_UP).for_each(|_| {
        step();
    });
    let (cpu, began) = (cpu_seconds(), Instant::now());
    (0..STEPS).for_each(|_| {
        black_box(step());
    });
    let per_step = 1000.0 / STEPS as f64;
    let cpu_ms = (cpu_seconds() - cpu) * per_step;
    let wall_ms = began.elapsed().as_secs_f64() * per_step;
    let peak_mb = peak_bytes() / 1e6;
    if std::env::args().any(|argument| argument == "--json") {
        println!(
            "{{\"cpu_ms_per_step\":{cpu_ms:.2},\"wall_ms_per_step\":{wall_ms:.2},\"peak_mb\":{peak_mb:.1},\
             \"loss_first\":{loss_first:.6},\"steps\":{STEPS}}}"
        );
        return;
    }
    // Scores, query gradients and document gradients: three products of batch × batch × dim.
    let flops = 3.0 * 2.0 * (BATCH * BATCH * DIM) as f64;
    let rate = flops / wall_ms / 1e6;
    let peak = product_gflops();
    println!("in-batch step, batch {BATCH}, 2 tables of {ROWS} x {DIM}, 2 threads, {STEPS} steps");
    println!("  CPU {cpu_ms:.1} ms a step, wall {wall_ms:.1} ms, memory {peak_mb:.0} MB");
    println!(
        "  {rate:.0} GFLOP/s of products alone, {:.0} % of this run's product peak of {peak:.0}",
        100.0 * rate / peak
    );
}

/// The best of several large products on both threads, in GFLOP/s.
fn product_gflops() -> f64 {
    const M: usize = 24 * 16;
    const K: usize = 256;
    const N: usize = 512;
    let (a, b) = (vec![0.5f32; M * K], vec![0.25f32; K * N]);
    let mut packed = Packed::default();
    packed.pack(K, N, Strided::rows(&b, N));
    let mut outs = vec![vec![0f32; M * N]; 2];
    const REPEATS: usize = 20;
    let once = |outs: &mut Vec<Vec<f32>>| {
        let began = Instant::now();
        outs.par_iter_mut().for_each(|out| {
            for _ in 0..REPEATS {
                product(Store::Set, M, Strided::rows(&a, K), &packed, out, N);
            }
            black_box(out);
        });
        began.elapsed().as_secs_f64()
    };
    let best = (0..10).map(|_| once(&mut outs)).fold(f64::INFINITY, f64::min);
    (2 * REPEATS) as f64 * 2.0 * (M * K * N) as f64 / best / 1e9
}
