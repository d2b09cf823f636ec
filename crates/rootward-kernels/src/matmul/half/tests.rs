//! The product of bfloat16 numbers against a triple loop in double precision, with and without the instruction.

use proptest::prelude::*;

use super::operands::rounded;
use super::*;

/// Numbers between -1 and 1 that look random.
fn numbers(len: usize, seed: u32) -> Vec<f32> {
    let number = |i: u32| (i.wrapping_add(seed).wrapping_mul(2_654_435_761) >> 8) as f32 / 8_388_608.0 - 1.0;
    (0..len as u32).map(number).collect()
}

fn bits(numbers: Vec<f32>) -> Vec<u32> {
    numbers.into_iter().map(f32::to_bits).collect()
}

/// The bfloat16 number nearest to `x`, as a number.
fn near(x: f32) -> f64 {
    f64::from(first(rounded(x)))
}

struct Case {
    m: usize,
    k: usize,
    n: usize,
    gap: usize,
    a: Vec<f32>,
    b: Vec<f32>,
}

impl Case {
    fn new(m: usize, k: usize, n: usize, gap: usize) -> Self {
        Case { m, k, n, gap, a: numbers(m * k, 1), b: numbers(n * k, 2) }
    }

    fn run(&self, product: impl Fn(HalfLeft<'_>, &HalfPacked, &mut [f32], usize)) -> Vec<f32> {
        let (mut a, mut b) = (HalfRows::default(), HalfPacked::default());
        // Once with something else, which must be forgotten.
        a.fill(2, 3, &[9.0; 6]);
        b.pack(3, 40, Strided::rows(&[9.0; 120], 40));
        a.fill(self.m, self.k, &self.a);
        b.pack(self.k, self.n, Strided::transposed(&self.b, self.k));
        let mut c = vec![7.0; self.m * (self.n + self.gap)];
        product(a.all(), &b, &mut c, self.n + self.gap);
        c
    }

    /// The bits of the product in the order that tiles add in.
    fn tiled(&self) -> Vec<u32> {
        const TERMS: usize = 2 * LANES;
        let mut c = vec![7.0f32; self.m * (self.n + self.gap)];
        for i in 0..self.m {
            for j in 0..self.n {
                let (a, b) = (&self.a[i * self.k..][..self.k], &self.b[j * self.k..][..self.k]);
                let mut sum = 0.0;
                for (a, b) in a.chunks(TERMS).zip(b.chunks(TERMS)) {
                    let mut halves = [0.0f32; 2];
                    for (at, (a, b)) in a.iter().zip(b).enumerate() {
                        halves[at % 2] = (near(*a) as f32).mul_add(near(*b) as f32, halves[at % 2]);
                    }
                    sum += halves[0] + halves[1];
                }
                c[i * (self.n + self.gap) + j] = sum;
            }
        }
        bits(c)
    }

    fn naive(&self) -> Vec<f64> {
        let mut c = vec![7.0; self.m * (self.n + self.gap)];
        for i in 0..self.m {
            for j in 0..self.n {
                let term = |p: usize| near(self.a[i * self.k + p]) * near(self.b[j * self.k + p]);
                c[i * (self.n + self.gap) + j] = (0..self.k).map(term).sum::<f64>();
            }
        }
        c
    }
}

fn cases() -> impl Strategy<Value = Case> {
    let size = || prop_oneof![0usize..4, 4usize..70];
    let terms = prop_oneof![0usize..40, 500usize..600];
    (size(), terms, size(), 0usize..3).prop_map(|(m, k, n, gap)| Case::new(m, k, n, gap))
}

impl std::fmt::Debug for Case {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "({}, {}) times ({}, {}), gap {}", self.m, self.k, self.k, self.n, self.gap)
    }
}

proptest! {
    #[test]
    fn a_product_of_bfloat16_agrees_with_its_naive_twin(case in cases()) {
        let expected = case.naive();
        for level in Level::available() {
            let got = case.run(|a, b, c, stride| product_half_at(level, Store::Set, a, b, c, stride));
            for (got, expected) in got.into_iter().zip(&expected) {
                let error = (f64::from(got) - expected).abs();
                prop_assert!(error <= 1e-6 * (case.k + 1) as f64, "{got} at {level} is not {expected}");
            }
        }
    }

    #[test]
    fn the_instruction_and_every_level_give_the_same_bits(case in cases()) {
        let plain = |level| bits(case.run(|a, b, c, stride| product_half_plain_at(level, Store::Set, a, b, c, stride)));
        let first = plain(Level::Baseline);
        for level in Level::available() {
            let got = bits(case.run(|a, b, c, stride| product_half_at(level, Store::Set, a, b, c, stride)));
            prop_assert_eq!(&got, if level == Level::Amx { &case.tiled() } else { &first });
            prop_assert_eq!(&plain(level), &first);
        }
    }

    #[test]
    fn operands_are_the_same_however_they_come(case in cases()) {
        let Case { m, k, n, .. } = case;
        let turn = |rows: &[f32], height: usize| -> Vec<f32> {
            let width = rows.len() / height.max(1);
            (0..rows.len()).map(|at| rows[at % height * width + at / height]).collect()
        };
        let (mut rows, mut turned) = (HalfRows::default(), HalfRows::default());
        rows.fill(m, k, &case.a);
        turned.fill_transposed(9, 2, &[9.0; 18]);
        turned.fill_transposed(m, k, &turn(&case.a, m));
        prop_assert!(rows.pairs == turned.pairs && (rows.m, rows.k) == (turned.m, turned.k));

        let packed = |b: Strided<'_>| {
            let mut packed = HalfPacked::default();
            packed.pack(3, 40, Strided::rows(&[9.0; 120], 40));
            packed.pack(k, n, b);
            packed.panels
        };
        let columns = packed(Strided::transposed(&case.b, k));
        prop_assert!(columns == packed(Strided::rows(&turn(&case.b, n), n)));
        let apart: Vec<f32> = turn(&case.b, n).into_iter().flat_map(|x| [x, f32::NAN]).collect();
        let apart = Strided { data: &apart, row_stride: 2 * n, col_stride: 2 };
        prop_assert!(columns == packed(apart));
    }

    #[test]
    fn some_rows_are_those_of_the_whole_product_and_can_be_added(case in cases(), from in 0usize..5) {
        let (from, stride) = (16 * from, case.n + case.gap);
        prop_assume!(from <= case.m);
        for level in Level::available() {
            let whole = case.run(|a, b, c, stride| product_half_at(level, Store::Set, a, b, c, stride));
            let (mut a, mut b) = (HalfRows::default(), HalfPacked::default());
            a.fill(case.m, case.k, &case.a);
            b.pack(case.k, case.n, Strided::transposed(&case.b, case.k));
            let mut c = vec![0.5; (case.m - from) * stride];
            product_half_at(level, Store::Add, a.rows(from..case.m), &b, &mut c, stride);
            for (at, (c, whole)) in c.into_iter().zip(&whole[from * stride..]).enumerate() {
                let expected = if at % stride < case.n { 0.5 + whole } else { 0.5 };
                prop_assert!((c - expected).abs() < 1e-4, "{c} at {level}, not {expected}");
            }
        }
    }

    #[test]
    fn rounding_takes_the_nearest_and_the_even_one_of_two(bits: u32) {
        let x = f32::from_bits(bits);
        let got = first(rounded(x));
        if x.is_nan() || x == 0.0 || !x.is_normal() {
            prop_assert!(got.is_nan() == x.is_nan() && (got == x || x.is_nan() || got == 0.0));
        } else {
            let step = |up: u32| f64::from(f32::from_bits((bits & 0xffff_0000).wrapping_add(up << 16)));
            let (down, up) = (step(0), step(1));
            let (below, above) = ((f64::from(x) - down).abs(), (up - f64::from(x)).abs());
            let even = if bits >> 16 & 1 == 0 { down } else { up };
            let expected = if below == above { even } else if below < above { down } else { up };
            let last = !up.is_finite();
            prop_assert!(last || f64::from(got) == expected, "{x} became {got}, not {expected}");
        }
    }
}

#[test]
fn every_height_of_a_block_is_right() {
    for m in 1..=70 {
        let case = Case::new(m, 5, 33, 1);
        let expected = case.naive();
        for level in Level::available() {
            let got = case.run(|a, b, c, stride| product_half_at(level, Store::Set, a, b, c, stride));
            assert!(
                got.iter().zip(&expected).all(|(a, b)| (f64::from(*a) - b).abs() < 1e-5),
                "{m} at {level}"
            );
        }
    }
}
