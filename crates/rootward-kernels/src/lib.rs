//! The loops that Rootward spends its time in, one thread each, over slices of `f32`.
//!
//! Matrix products, softmax, norms, GELU and Adam take nearly all of the time of training, so they are compiled for
//! AVX-512, for AVX2 with fused multiply-add, and for whatever every machine has; [`level()`] picks one when the
//! program runs. They are ordinary loops over arrays of 16 numbers that the compiler turns into vector
//! instructions, without dependencies and, but for the product of bfloat16 numbers, without intrinsics. Threads are
//! the caller's business.
//!
//! What always holds: a kernel checks the shapes of its operands before it begins. Its result depends on
//! nothing but its arguments and the level. The levels above [`Level::Baseline`] give the same bits, but for the product
//! of bfloat16 numbers at [`Level::Amx`]; all others differ by rounding only.
//!
//! Each kernel `f` has a twin `f_at` that takes the level first, for tests and benchmarks.

mod adam;
mod attention;
mod dropout;
mod exp;
mod gelu;
mod hyperbolic;
mod instructions;
mod int8;
mod lanes;
mod level;
mod matmul;
mod norm;
mod softmax;
#[cfg(all(target_arch = "x86_64", target_os = "linux"))]
mod tiles;
mod vector;

pub use adam::{AdamStep, adam_row, adam_row_at};
pub use attention::{
    attention_softmax, attention_softmax_at, attention_softmax_back, attention_softmax_back_at,
};
pub use dropout::{dropout, dropout_at};
pub use exp::{exp, exp_at};
pub use gelu::{Gelu, bias_gelu, bias_gelu_at, gelu_back, gelu_back_at};
pub use hyperbolic::{negative_distances, negative_distances_at};
pub use int8::{Codes, QueryCodes, Within, encode, encode_at, scan, scan_at};
pub use level::{Level, LevelError, VARIABLE, level, level_from};
pub use matmul::{
    HalfLeft, HalfPacked, HalfRows, Packed, Store, Strided, product, product_at, product_columns,
    product_columns_at, product_half, product_half_at, product_half_plain, product_half_plain_at,
    round_pairs, round_pairs_at,
};
pub use norm::{
    NormParameters, add_norm, add_norm_at, norm_back, norm_back_at, scale_and_shift, scale_and_shift_at,
};
pub use softmax::{
    count_above, count_above_at, exp_sum, exp_sum_at, scale_and_max, scale_and_max_at, scale_by, scale_by_at,
};
pub use vector::{
    add_scaled, add_scaled_at, dot, dot_at, normalise_rows, normalise_rows_at, normalise_rows_back,
    normalise_rows_back_at,
};

#[cfg(test)]
mod tests {
    use super::Level;

    /// Checks that a kernel gives the same bits at all levels above the baseline that the machine has.
    pub(crate) fn same_bits(kernel: impl Fn(Level) -> Vec<f32>) {
        let bits = |level| kernel(level).into_iter().map(f32::to_bits).collect::<Vec<_>>();
        let all: Vec<_> = Level::available().filter(|level| *level > Level::Baseline).map(bits).collect();
        assert!(all.windows(2).all(|two| two[0] == two[1]));
    }
}
