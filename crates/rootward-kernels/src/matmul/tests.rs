//! The product against a triple loop in double precision, at every level of the machine.

use proptest::prelude::*;

use super::*;
use crate::Level;

/// A product of matrices that are laid out in any of the ways a caller may choose.
#[derive(Clone, Debug)]
struct Case {
    store: Store,
    m: usize,
    k: usize,
    n: usize,
    /// Numbers between the rows (or columns) of an operand.
    gap: usize,
    a_transposed: bool,
    b_transposed: bool,
    first_panel: usize,
}

fn cases() -> impl Strategy<Value = Case> {
    let size = || prop_oneof![0usize..4, 4usize..40, 40usize..70];
    let terms = prop_oneof![0usize..40, 200usize..600];
    (prop::bool::ANY, size(), terms, size(), 0usize..3, prop::bool::ANY, prop::bool::ANY, 0usize..3).prop_map(
        |(set, m, k, n, gap, a_transposed, b_transposed, panel)| {
            let store = if set { Store::Set } else { Store::Add };
            let first_panel = panel.min(n / LANES);
            Case { store, m, k, n, gap, a_transposed, b_transposed, first_panel }
        },
    )
}

/// Numbers between -1 and 1 that look random.
fn numbers(len: usize, seed: u32) -> Vec<f32> {
    let number = |i: u32| (i.wrapping_add(seed).wrapping_mul(2_654_435_761) >> 8) as f32 / 8_388_608.0 - 1.0;
    (0..len as u32).map(number).collect()
}

fn strided(data: &[f32], transposed: bool, rows: usize, cols: usize, gap: usize) -> Strided<'_> {
    if transposed { Strided::transposed(data, rows + gap) } else { Strided::rows(data, cols + gap) }
}

impl Case {
    fn columns(&self) -> Range<usize> {
        self.first_panel * LANES..self.n
    }

    fn c_stride(&self) -> usize {
        self.columns().len() + self.gap
    }

    /// What the result holds before the product.
    fn before(&self) -> Vec<f32> {
        numbers(self.m * self.c_stride(), 3)
    }

    fn operands(&self) -> [Vec<f32>; 2] {
        let len = |rows: usize, cols: usize| (rows + self.gap) * (cols + self.gap);
        [numbers(len(self.m, self.k), 1), numbers(len(self.k, self.n), 2)]
    }

    fn run(&self, level: Level) -> Vec<f32> {
        let [a, b] = self.operands();
        let mut packed = Packed::default();
        packed.pack(self.k, self.n, strided(&b, self.b_transposed, self.k, self.n, self.gap));
        let a = strided(&a, self.a_transposed, self.m, self.k, self.gap);
        let mut c = self.before();
        product_columns_at(level, self.store, self.m, a, &packed, self.columns(), &mut c, self.c_stride());
        c
    }

    fn naive(&self) -> Vec<f32> {
        let [a, b] = self.operands();
        let a = strided(&a, self.a_transposed, self.m, self.k, self.gap);
        let b = strided(&b, self.b_transposed, self.k, self.n, self.gap);
        let at = |x: Strided<'_>, i: usize, j: usize| f64::from(x.data[i * x.row_stride + j * x.col_stride]);
        let mut c = self.before();
        for i in 0..self.m {
            for (place, j) in self.columns().enumerate() {
                let c = &mut c[i * self.c_stride() + place];
                let before = if self.store == Store::Add { f64::from(*c) } else { 0.0 };
                *c = (before + (0..self.k).map(|p| at(a, i, p) * at(b, p, j)).sum::<f64>()) as f32;
            }
        }
        c
    }
}

proptest! {
    #[test]
    fn a_product_agrees_with_its_naive_twin(case in cases()) {
        let expected = case.naive();
        let rounding = 1e-6 * (case.k + 1) as f32;
        for level in Level::available() {
            for (i, (got, expected)) in case.run(level).into_iter().zip(&expected).enumerate() {
                let error = (got - expected).abs();
                prop_assert!(error <= rounding, "number {i} at {level} is {got}, not {expected}");
            }
        }
    }

    #[test]
    fn a_product_gives_the_same_bits_at_both_avx_levels(case in cases()) {
        crate::tests::same_bits(|level| case.run(level));
    }
}

#[test]
fn every_height_of_a_block_is_right() {
    for m in 1..=40 {
        for n in [8, 16, 33, 64] {
            let case = Case {
                store: Store::Set,
                m,
                k: 5,
                n,
                gap: 1,
                a_transposed: false,
                b_transposed: false,
                first_panel: 0,
            };
            let expected = case.naive();
            for level in Level::available() {
                let close = case.run(level).iter().zip(&expected).all(|(a, b)| (a - b).abs() < 1e-5);
                assert!(close, "{m} rows of {n} at {level}");
            }
        }
    }
}

#[test]
fn an_empty_sum_is_zero() {
    let mut packed = Packed::default();
    packed.pack(0, 2, Strided::rows(&[], 2));
    let mut c = [7.0; 5];
    product(Store::Set, 2, Strided::rows(&[], 0), &packed, &mut c, 3);
    assert_eq!(c, [0.0, 0.0, 7.0, 0.0, 0.0]);
}

#[test]
fn an_element_does_not_depend_on_the_rows_around_it() {
    let (a, b) = (numbers(40 * 64, 1), numbers(64 * 64, 2));
    let mut packed = Packed::default();
    packed.pack(64, 64, Strided::transposed(&b, 64));
    for level in Level::available() {
        let (mut all, mut one) = (vec![0.0; 40 * 64], vec![0.0; 64]);
        product_at(level, Store::Set, 40, Strided::rows(&a, 64), &packed, &mut all, 64);
        product_at(level, Store::Set, 1, Strided::rows(&a[39 * 64..], 64), &packed, &mut one, 64);
        assert_eq!(all[39 * 64..], one, "at {level}");
    }
}

#[test]
fn infinities_stay_in_their_row() {
    let a = [1.0, f32::NEG_INFINITY, 1.0];
    let mut packed = Packed::default();
    packed.pack(1, 1, Strided::rows(&[2.0], 1));
    for level in Level::available() {
        let mut c = [0.0; 3];
        product_at(level, Store::Set, 3, Strided::rows(&a, 1), &packed, &mut c, 1);
        assert_eq!(c, [2.0, f32::NEG_INFINITY, 2.0]);
    }
}

#[test]
fn a_shape_beyond_the_data_is_refused() {
    let data = [0.0; 6];
    assert!(Strided::rows(&data, 3).holds(2, 3) && Strided::transposed(&data, 3).holds(3, 2));
    assert!(!Strided::rows(&data, 3).holds(3, 1) && !Strided::rows(&data, 3).holds(2, 4));
    assert!(!Strided { data: &data, row_stride: usize::MAX, col_stride: 1 }.holds(3, 3));
}

#[test]
fn a_packed_operand_is_read_transposed_on_the_left() {
    let (k, n, cols) = (7, 37, 5);
    let (left, right) = (numbers(k * n, 1), numbers(k * cols, 2));
    let (mut packed_left, mut packed) = (Packed::default(), Packed::default());
    packed_left.pack(k, n, Strided::rows(&left, n));
    packed.pack(k, cols, Strided::rows(&right, cols));
    let (mut whole, mut by_panels) = (vec![0.0; n * cols], vec![0.0; n * cols]);
    product(Store::Set, n, Strided::transposed(&left, n), &packed, &mut whole, cols);
    for (panel, rows) in by_panels.chunks_mut(LANES * cols).enumerate() {
        product(Store::Set, rows.len() / cols, packed_left.columns_as_rows(panel), &packed, rows, cols);
    }
    assert_eq!(whole, by_panels);
}

#[test]
fn packing_again_forgets_the_last_operand() {
    let mut packed = Packed::default();
    packed.pack(4, 40, Strided::rows(&[9.0; 160], 40));
    packed.pack(2, 3, Strided::transposed(&[1.0, 2.0, 3.0, 4.0, 5.0, 6.0], 2));
    let panel = packed.panel(0, 0..2);
    assert_eq!(
        (panel[0].0[..4].to_vec(), panel[1].0[..4].to_vec()),
        (vec![1.0, 3.0, 5.0, 0.0], vec![2.0, 4.0, 6.0, 0.0])
    );
}
