//! How fast the kernels are, at every level of this machine, on one thread.
//!
//! Products are compared with the peak that the machine reaches when multiply-adds run in registers alone, as it
//! is measured in the same run: `cargo bench -p rootward-kernels`. Each number is that of the fastest of many
//! repeats, since everything else that a machine does can only make a loop slower. Numbers of rows that fit the
//! level's tile badly, or of a result too narrow for a panel (8 of 16 columns), show as a lower share of the peak.

use std::hint::black_box;
use std::time::{Duration, Instant};

use rootward_kernels::*;

/// How long each kernel is repeated.
const REPEAT: Duration = Duration::from_millis(150);

fn main() {
    println!("{:<44} {:>9} {:>9}  {:<10} {:>6}", "kernel", "level", "rate", "unit", "% peak");
    for level in Level::available() {
        let peak = peak(level);
        print("multiply-adds in registers", level, peak, "GFLOP/s", Some(peak));
        for dim in [8, 16, 64] {
            products(level, dim, peak);
        }
        rows(level);
        vectors(level);
        transformers(level, peak);
        codes(level);
    }
}

fn print(kernel: &str, level: Level, per_second: f64, unit: &str, peak: Option<f64>) {
    let share = peak.map(|peak| format!("{:.0}", 100.0 * per_second / peak)).unwrap_or_default();
    println!("{kernel:<44} {:>9} {:>9.2}  {unit:<10} {share:>6}", level.name(), per_second / 1e9);
}

/// How many times `count` things happen in a second, when `run` takes the time of one `count`.
fn rate(count: usize, mut run: impl FnMut()) -> f64 {
    let (begin, mut fastest) = (Instant::now(), Duration::MAX);
    while begin.elapsed() < REPEAT {
        let start = Instant::now();
        run();
        fastest = fastest.min(start.elapsed());
    }
    count as f64 / fastest.as_secs_f64()
}

/// Floating-point operations a second of multiply-adds that touch no memory.
fn peak(level: Level) -> f64 {
    const ROUNDS: usize = 20_000;
    #[inline(always)]
    fn body<const SUMS: usize>(mul_add: impl Fn(f32, f32, f32) -> f32) {
        let (factor, mut sums) = (black_box([0.5f32; 16]), [black_box([1.0f32; 16]); SUMS]);
        // Written out, as in the product: a loop over many sums would not be kept in registers.
        macro_rules! each_sum {
            ($($i:literal)*) => {
                for _ in 0..ROUNDS {
                    $(if $i < SUMS {
                        for lane in 0..16 {
                            sums[$i][lane] = mul_add(sums[$i][lane], factor[lane], factor[lane]);
                        }
                    })*
                }
            };
        }
        each_sum!(0 1 2 3 4 5 6 7 8 9 10 11);
        black_box(sums);
    }
    #[cfg(target_arch = "x86_64")]
    {
        #[target_feature(enable = "avx512f,avx512vl,avx512dq,avx512bw,avx2,fma")]
        fn avx512() {
            body::<12>(f32::mul_add);
        }
        #[target_feature(enable = "avx2,fma")]
        fn avx2() {
            body::<6>(f32::mul_add);
        }
        match level {
            // SAFETY: only levels of this machine are measured.
            Level::Amx | Level::Avx512 => return rate(ROUNDS * 12 * 32, || unsafe { avx512() }),
            // SAFETY: as above.
            Level::Avx2 => return rate(ROUNDS * 6 * 32, || unsafe { avx2() }),
            Level::Baseline => {}
        }
    }
    assert_eq!(level, Level::Baseline);
    rate(ROUNDS * 3 * 32, || body::<3>(|a, b, c| a * b + c))
}

fn numbers(len: usize) -> Vec<f32> {
    (0..len).map(|i| (i * 7919 % 1000) as f32 / 500.0 - 1.0).collect()
}

/// Scores of a strip, the gradients of its queries and documents, and packing.
fn products(level: Level, dim: usize, peak: f64) {
    const DOCS: usize = 20_000;
    let docs = numbers(DOCS * dim);
    let (mut docs_as_columns, mut docs_as_rows) = (Packed::default(), Packed::default());
    docs_as_columns.pack(dim, DOCS, Strided::transposed(&docs, dim));
    docs_as_rows.pack(DOCS, dim, Strided::rows(&docs, dim));
    for batch in [16, 32, 64] {
        let queries = numbers(batch * dim);
        let mut strip = numbers(batch * DOCS); // (batch, docs)
        let count = 2 * batch * DOCS * dim;
        let name = |what: &str| format!("{what}, dim {dim}, {batch} x {DOCS}");

        let (mut query_grad, mut doc_grad) = (vec![0.0; batch * dim], vec![0.0; DOCS * dim]);
        let mut packed = Packed::default();
        packed.pack(batch, dim, Strided::rows(&queries, dim));
        let scores = rate(count, || {
            product_at(
                level,
                Store::Set,
                batch,
                Strided::rows(&queries, dim),
                &docs_as_columns,
                &mut strip,
                DOCS,
            );
        });
        print(&name("scores"), level, scores, "GFLOP/s", Some(peak));
        let for_queries = rate(count, || {
            product_at(
                level,
                Store::Set,
                batch,
                Strided::rows(&strip, DOCS),
                &docs_as_rows,
                &mut query_grad,
                dim,
            );
        });
        print(&name("query gradient"), level, for_queries, "GFLOP/s", Some(peak));
        let for_docs = rate(count, || {
            product_at(
                level,
                Store::Add,
                DOCS,
                Strided::transposed(&strip, DOCS),
                &packed,
                &mut doc_grad,
                dim,
            );
        });
        print(&name("document gradient"), level, for_docs, "GFLOP/s", Some(peak));
    }
    if level == Level::Baseline {
        let mut packed = Packed::default();
        let columns = rate(DOCS * dim, || packed.pack(dim, DOCS, Strided::transposed(&docs, dim)));
        print(&format!("pack documents as columns, dim {dim}"), level, columns, "numbers/ns", None);
        let rows = rate(DOCS * dim, || packed.pack(DOCS, dim, Strided::rows(&docs, dim)));
        print(&format!("pack documents as rows, dim {dim}"), level, rows, "numbers/ns", None);
    }
}

/// The passes over a row of scores.
fn rows(level: Level) {
    const SCORES: usize = 8192;
    let (scores, weights) = (numbers(SCORES), numbers(SCORES));
    let mut row = scores.clone();
    let mut show = |name: &str, run: &mut dyn FnMut(&mut [f32])| {
        let per_second = rate(SCORES, || run(&mut row));
        print(name, level, per_second, "numbers/ns", None);
    };
    show("scale_and_max", &mut |row| _ = black_box(scale_and_max_at(level, row, 1.0, Some(&weights))));
    show("scale_and_max, no weights", &mut |row| _ = black_box(scale_and_max_at(level, row, 1.0, None)));
    show("exp_sum", &mut |row| {
        row.copy_from_slice(&scores);
        black_box(exp_sum_at(level, row, 1.0));
    });
    show("scale_by", &mut |row| scale_by_at(level, row, 1.0));
    show("count_above", &mut |row| _ = black_box(count_above_at(level, row, 0.5)));
}

/// One block of a Transformer of MiniLM's shape, over 128 tokens.
fn transformers(level: Level, peak: f64) {
    const TOKENS: usize = 128;
    const HIDDEN: usize = 384;
    const INNER: usize = 4 * HIDDEN;
    let (x, weights) = (numbers(TOKENS * HIDDEN), numbers(HIDDEN * INNER));
    let (mut wide, mut active) = (vec![0.0; TOKENS * INNER], vec![0.0; TOKENS * INNER]);
    let (mut packed, mut half_packed) = (Packed::default(), HalfPacked::default());
    packed.pack(HIDDEN, INNER, Strided::transposed(&weights, HIDDEN));
    half_packed.pack(HIDDEN, INNER, Strided::transposed(&weights, HIDDEN));
    let mut halves = HalfRows::default();
    halves.fill(TOKENS, HIDDEN, &x);
    let count = 2 * TOKENS * HIDDEN * INNER;
    let single = rate(count, || {
        product_at(level, Store::Set, TOKENS, Strided::rows(&x, HIDDEN), &packed, &mut wide, INNER);
    });
    print("dense layer, 128 x 384 x 1536", level, single, "GFLOP/s", Some(peak));
    let half =
        rate(count, || product_half_at(level, Store::Set, halves.all(), &half_packed, &mut wide, INNER));
    print("dense layer in bfloat16", level, half, "GFLOP/s", Some(peak));

    let show = |name: &str, count: usize, run: &mut dyn FnMut()| {
        print(name, level, rate(count, run), "numbers/ns", None);
    };
    let mut pairs = vec![0; x.len() / 2];
    show("round_pairs", x.len(), &mut || round_pairs_at(level, &x, &mut pairs));
    let bias = numbers(INNER);
    wide = numbers(TOKENS * INNER);
    show("bias_gelu", wide.len(), &mut || bias_gelu_at(level, Gelu::Erf, &bias, &mut active, &mut wide));
    let mut grad = vec![1.0; wide.len()];
    show("gelu_back", wide.len(), &mut || gelu_back_at(level, Gelu::Erf, &wide, &mut grad, &mut active));
    let norm = NormParameters { scale: &bias[..HIDDEN], shift: &bias[..HIDDEN], epsilon: 1e-12 };
    let (mut sum, mut unit, mut inverse) = (x.clone(), x.clone(), vec![0.0; TOKENS]);
    show("add_norm", x.len(), &mut || {
        add_norm_at(level, norm, &x, &bias[..HIDDEN], &mut sum, &mut unit, &mut inverse);
    });
    let (mut scale_grad, mut shift_grad) = (vec![0.0; HIDDEN], vec![0.0; HIDDEN]);
    show("norm_back", x.len(), &mut || {
        norm_back_at(level, norm.scale, &unit, &inverse, &mut sum, &mut scale_grad, &mut shift_grad);
    });
    let mut scores = numbers(64 * 64);
    show("attention_softmax", scores.len(), &mut || attention_softmax_at(level, &mut scores, 64, 64, 0.2));
    show("dropout", sum.len(), &mut || dropout_at(level, &mut sum, 7, 0.1));
}

/// Documents of a block as numbers of 8 bits: made, and scanned for queries that find nothing.
fn codes(level: Level) {
    const DOCS: usize = 256;
    for dim in [64, 384] {
        let numbers = numbers(DOCS * dim);
        let mut held = Codes::with_capacity(dim, DOCS);
        let make = || {
            let mut codes = Codes::with_capacity(dim, DOCS);
            codes.extend(numbers.chunks_exact(dim));
            codes
        };
        let per_second = rate(DOCS * dim, || held = make());
        print(&format!("Codes::extend, dim {dim}"), level, per_second, "numbers/ns", None);
        for n_queries in [1, 64] {
            let queries = QueryCodes::of(dim, &numbers[..n_queries * dim]);
            let (which, most) = ((0..n_queries as u32).collect::<Vec<u32>>(), vec![f32::INFINITY; n_queries]);
            let mut found = Vec::new();
            let per_second =
                rate(DOCS * dim * n_queries, || scan_at(level, &held, &queries, &which, &most, &mut found));
            print(&format!("scan, dim {dim}, {n_queries} queries"), level, per_second, "G products", None);
        }
    }
}

/// Loops over the vectors of a table of 256 rows.
fn vectors(level: Level) {
    const DIM: usize = 64;
    const ROWS: usize = 256;
    let grad = numbers(ROWS * DIM);
    let (mut values, mut norms) = (numbers(ROWS * DIM), vec![0.0; ROWS]);
    let (mut mean, mut square) = (vec![0.0; ROWS * DIM], vec![0.0; ROWS * DIM]);
    let show =
        |name: &str, run: &mut dyn FnMut()| print(name, level, rate(ROWS * DIM, run), "numbers/ns", None);
    show("dot", &mut || {
        values
            .chunks_exact(DIM)
            .zip(grad.chunks_exact(DIM))
            .for_each(|(a, b)| _ = black_box(dot_at(level, a, b)));
    });
    show("normalise_rows", &mut || normalise_rows_at(level, &mut values, DIM, &mut norms));
    let mut back = grad.clone();
    show("normalise_rows_back", &mut || normalise_rows_back_at(level, &values, &norms, DIM, &mut back));
    let step = AdamStep {
        rate: 1e-3,
        beta1: 0.9,
        beta2: 0.999,
        epsilon: 1e-8,
        correction1: 0.1,
        correction2: 0.001,
    };
    show("adam_row", &mut || {
        let states = mean.chunks_exact_mut(DIM).zip(square.chunks_exact_mut(DIM));
        let rows = values.chunks_exact_mut(DIM).zip(grad.chunks_exact(DIM)).zip(states);
        rows.for_each(|((row, grad), (mean, square))| adam_row_at(level, &step, row, mean, square, grad));
    });
}
