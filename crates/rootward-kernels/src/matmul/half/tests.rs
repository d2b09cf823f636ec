//! The product of bfloat16 numbers against a triple loop in double precision, with and without the instruction.

use proptest::prelude::*;

use super::*;

/// Numbers between -1 and 1 that look random.
fn numbers(len: usize, seed: u32) -> Vec<f32> {
    let number = |i: u32| (i.wrapping_add(seed).wrapping_mul(2_654_435_761) >> 8) as f32 / 8_388_608.0 - 1.0;
    (0..len as u32).map(number).collect()
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

    fn run(&self, product: impl Fn(&HalfRows, &HalfPacked, &mut [f32], usize)) -> Vec<f32> {
        let (mut a, mut b) = (HalfRows::default(), HalfPacked::default());
        // Once with something else, which must be forgotten.
        a.fill(2, 3, &[9.0; 6]);
        b.pack(3, 40, Strided::rows(&[9.0; 120], 40));
        a.fill(self.m, self.k, &self.a);
        b.pack(self.k, self.n, Strided::transposed(&self.b, self.k));
        let mut c = vec![7.0; self.m * (self.n + self.gap)];
        product(&a, &b, &mut c, self.n + self.gap);
        c
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
            let got = case.run(|a, b, c, stride| product_half_at(level, a, b, c, stride));
            for (got, expected) in got.into_iter().zip(&expected) {
                let error = (f64::from(got) - expected).abs();
                prop_assert!(error <= 1e-6 * (case.k + 1) as f64, "{got} at {level} is not {expected}");
            }
        }
    }

    #[test]
    fn the_instruction_and_every_level_give_the_same_bits(case in cases()) {
        let bits = |found: Vec<f32>| found.into_iter().map(f32::to_bits).collect::<Vec<_>>();
        let first = bits(case.run(|a, b, c, stride| product_half_plain_at(Level::Baseline, a, b, c, stride)));
        for level in Level::available() {
            prop_assert_eq!(&bits(case.run(|a, b, c, stride| product_half_at(level, a, b, c, stride))), &first);
            prop_assert_eq!(&bits(case.run(|a, b, c, stride| product_half_plain_at(level, a, b, c, stride))), &first);
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
    for m in 1..=26 {
        let case = Case::new(m, 5, 33, 1);
        let expected = case.naive();
        for level in Level::available() {
            let got = case.run(|a, b, c, stride| product_half_at(level, a, b, c, stride));
            assert!(
                got.iter().zip(&expected).all(|(a, b)| (f64::from(*a) - b).abs() < 1e-5),
                "{m} at {level}"
            );
        }
    }
}
