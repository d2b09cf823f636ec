//! Sixteen whole numbers or `f32` side by side, in what registers a machine has.
//!
//! The same source would do for all, but compilers do not find the instructions for sums of products of bytes.

use super::{Row, STEP};
use crate::lanes::LANES;

/// Operations on sixteen lanes.
pub(super) trait Registers {
    type Ints: Copy;
    type Floats: Copy;

    fn ints(x: i32) -> Self::Ints;
    /// Each lane's sum, and the products of its four bytes, unsigned, with those of `factor`, signed.
    fn dot(sums: Self::Ints, row: &Row, factor: u32) -> Self::Ints;
    fn floats(sums: Self::Ints) -> Self::Floats;
    fn splat(x: f32) -> Self::Floats;
    fn load(lanes: &[f32; LANES]) -> Self::Floats;
    fn store(lanes: Self::Floats) -> [f32; LANES];
    fn mul(a: Self::Floats, b: Self::Floats) -> Self::Floats;
    /// `a * b + c`, in one rounding or two.
    fn mul_add(a: Self::Floats, b: Self::Floats, c: Self::Floats) -> Self::Floats;
    /// Asks for what will be read soon; the place need not be there.
    fn prefetch(row: *const Row);
    /// A bit for each lane where `a < b` is false: a NaN is not below.
    fn not_below(a: Self::Floats, b: Self::Floats) -> u16;
}

/// Arrays, of which the compiler makes what it can.
pub(super) struct Plain;

impl Registers for Plain {
    type Ints = [i32; LANES];
    type Floats = [f32; LANES];

    #[inline(always)]
    fn ints(x: i32) -> Self::Ints {
        [x; LANES]
    }

    #[inline(always)]
    fn dot(mut sums: Self::Ints, row: &Row, factor: u32) -> Self::Ints {
        let factors = factor.to_le_bytes();
        for (sum, bytes) in sums.iter_mut().zip(row.0.as_chunks::<STEP>().0) {
            for at in 0..STEP {
                *sum += i32::from(bytes[at]) * i32::from(factors[at] as i8);
            }
        }
        sums
    }

    #[inline(always)]
    fn floats(sums: Self::Ints) -> Self::Floats {
        sums.map(|sum| sum as f32)
    }

    #[inline(always)]
    fn splat(x: f32) -> Self::Floats {
        [x; LANES]
    }

    #[inline(always)]
    fn load(lanes: &[f32; LANES]) -> Self::Floats {
        *lanes
    }

    #[inline(always)]
    fn store(lanes: Self::Floats) -> [f32; LANES] {
        lanes
    }

    #[inline(always)]
    fn mul(a: Self::Floats, b: Self::Floats) -> Self::Floats {
        std::array::from_fn(|lane| a[lane] * b[lane])
    }

    #[inline(always)]
    fn mul_add(a: Self::Floats, b: Self::Floats, c: Self::Floats) -> Self::Floats {
        std::array::from_fn(|lane| a[lane] * b[lane] + c[lane])
    }

    #[inline(always)]
    fn prefetch(_: *const Row) {}

    #[inline(always)]
    fn not_below(a: Self::Floats, b: Self::Floats) -> u16 {
        (0..LANES).fold(0, |mask, lane| {
            mask | (u16::from(!matches!(a[lane].partial_cmp(&b[lane]), Some(std::cmp::Ordering::Less)))
                << lane)
        })
    }
}

#[cfg(target_arch = "x86_64")]
pub(super) mod x86 {
    //! Registers of AVX2 and AVX-512. Only functions compiled for their instructions call these methods, and only on
    //! machines that have them.

    use std::arch::x86_64::*;
    use std::mem::transmute;

    use super::{LANES, Registers, Row};

    /// Every other byte of four.
    const EVEN: i32 = 0x00ff_00ff;

    /// The first and third of four signed bytes, and the second and fourth, each as pairs of 16 bits.
    #[inline(always)]
    fn pairs(factor: u32) -> (i32, i32) {
        let [a, b, c, d] = factor.to_le_bytes().map(|byte| u32::from(byte as i8 as i16 as u16));
        ((a | c << 16) as i32, (b | d << 16) as i32)
    }

    macro_rules! avx512 {
        ($(#[$meta:meta])* $name:ident, |$sums:ident, $row:ident, $factor:ident| $dot:expr) => {
            $(#[$meta])*
            pub(in super::super) struct $name;

            impl Registers for $name {
                type Ints = __m512i;
                type Floats = __m512;

                #[inline(always)]
                fn ints(x: i32) -> __m512i {
                    // SAFETY: as the module says, the machine has the instruction.
                    unsafe { _mm512_set1_epi32(x) }
                }

                #[inline(always)]
                fn dot($sums: __m512i, $row: &Row, $factor: u32) -> __m512i {
                    // SAFETY: as above; a row is the 64 bytes of a register.
                    unsafe { let $row = transmute::<Row, __m512i>(*$row); $dot }
                }

                #[inline(always)]
                fn floats(sums: __m512i) -> __m512 {
                    // SAFETY: as above.
                    unsafe { _mm512_cvtepi32_ps(sums) }
                }

                #[inline(always)]
                fn splat(x: f32) -> __m512 {
                    // SAFETY: as above.
                    unsafe { _mm512_set1_ps(x) }
                }

                #[inline(always)]
                fn load(lanes: &[f32; LANES]) -> __m512 {
                    // SAFETY: both are sixteen numbers.
                    unsafe { transmute::<[f32; LANES], __m512>(*lanes) }
                }

                #[inline(always)]
                fn store(lanes: __m512) -> [f32; LANES] {
                    // SAFETY: both are sixteen numbers.
                    unsafe { transmute::<__m512, [f32; LANES]>(lanes) }
                }

                #[inline(always)]
                fn mul(a: __m512, b: __m512) -> __m512 {
                    // SAFETY: as above.
                    unsafe { _mm512_mul_ps(a, b) }
                }

                #[inline(always)]
                fn mul_add(a: __m512, b: __m512, c: __m512) -> __m512 {
                    // SAFETY: as above.
                    unsafe { _mm512_fmadd_ps(a, b, c) }
                }

                #[inline(always)]
                fn prefetch(row: *const Row) {
                    // SAFETY: it reads nothing.
                    unsafe { _mm_prefetch::<_MM_HINT_T0>(row.cast()) }
                }

                #[inline(always)]
                fn not_below(a: __m512, b: __m512) -> u16 {
                    // SAFETY: as above.
                    unsafe { _mm512_cmp_ps_mask::<_CMP_NLT_UQ>(a, b) }
                }
            }
        };
    }

    avx512! {
        /// AVX-512 with `VPDPBUSD`.
        Vnni, |sums, row, factor| _mm512_dpbusd_epi32(sums, row, _mm512_set1_epi32(factor as i32))
    }

    avx512! {
        /// AVX-512 without it: bytes become pairs of 16 bits, whose products cannot overflow.
        Avx512, |sums, row, factor| {
            let (even, odd) = pairs(factor);
            let evens = _mm512_madd_epi16(_mm512_and_si512(row, _mm512_set1_epi32(EVEN)), _mm512_set1_epi32(even));
            let odds = _mm512_madd_epi16(_mm512_srli_epi16::<8>(row), _mm512_set1_epi32(odd));
            _mm512_add_epi32(sums, _mm512_add_epi32(evens, odds))
        }
    }

    impl Vnni {
        /// Sixteen whole numbers as they were stored.
        #[cfg(target_os = "linux")]
        #[inline(always)]
        pub(in super::super) fn load_ints(lanes: &[i32; LANES]) -> __m512i {
            // SAFETY: both are sixteen numbers.
            unsafe { transmute::<[i32; LANES], __m512i>(*lanes) }
        }
    }

    /// AVX2: as AVX-512 without `VPDPBUSD`, in halves.
    pub(in super::super) struct Avx2;

    impl Registers for Avx2 {
        type Ints = [__m256i; 2];
        type Floats = [__m256; 2];

        #[inline(always)]
        fn ints(x: i32) -> Self::Ints {
            // SAFETY: as the module says, the machine has the instruction.
            unsafe { [_mm256_set1_epi32(x); 2] }
        }

        #[inline(always)]
        fn dot([left, right]: Self::Ints, row: &Row, factor: u32) -> Self::Ints {
            let (even, odd) = pairs(factor);
            // SAFETY: as above; a row is the 64 bytes of two registers.
            unsafe {
                let halves = transmute::<Row, [__m256i; 2]>(*row);
                let (mask, even, odd) =
                    (_mm256_set1_epi32(EVEN), _mm256_set1_epi32(even), _mm256_set1_epi32(odd));
                let evens = halves.map(|half| _mm256_madd_epi16(_mm256_and_si256(half, mask), even));
                let odds = halves.map(|half| _mm256_madd_epi16(_mm256_srli_epi16::<8>(half), odd));
                [
                    _mm256_add_epi32(left, _mm256_add_epi32(evens[0], odds[0])),
                    _mm256_add_epi32(right, _mm256_add_epi32(evens[1], odds[1])),
                ]
            }
        }

        #[inline(always)]
        fn floats([left, right]: Self::Ints) -> Self::Floats {
            // SAFETY: as above.
            unsafe { [_mm256_cvtepi32_ps(left), _mm256_cvtepi32_ps(right)] }
        }

        #[inline(always)]
        fn splat(x: f32) -> Self::Floats {
            // SAFETY: as above.
            unsafe { [_mm256_set1_ps(x); 2] }
        }

        #[inline(always)]
        fn load(lanes: &[f32; LANES]) -> Self::Floats {
            // SAFETY: both are sixteen numbers.
            unsafe { transmute::<[f32; LANES], [__m256; 2]>(*lanes) }
        }

        #[inline(always)]
        fn store(lanes: Self::Floats) -> [f32; LANES] {
            // SAFETY: both are sixteen numbers.
            unsafe { transmute::<[__m256; 2], [f32; LANES]>(lanes) }
        }

        #[inline(always)]
        fn mul(a: Self::Floats, b: Self::Floats) -> Self::Floats {
            // SAFETY: as above.
            unsafe { [_mm256_mul_ps(a[0], b[0]), _mm256_mul_ps(a[1], b[1])] }
        }

        #[inline(always)]
        fn mul_add(a: Self::Floats, b: Self::Floats, c: Self::Floats) -> Self::Floats {
            // SAFETY: as above.
            unsafe { [_mm256_fmadd_ps(a[0], b[0], c[0]), _mm256_fmadd_ps(a[1], b[1], c[1])] }
        }

        #[inline(always)]
        fn prefetch(row: *const Row) {
            // SAFETY: it reads nothing.
            unsafe { _mm_prefetch::<_MM_HINT_T0>(row.cast()) }
        }

        #[inline(always)]
        fn not_below(a: Self::Floats, b: Self::Floats) -> u16 {
            // SAFETY: as above.
            let [left, right] = unsafe {
                [0, 1].map(|half| _mm256_movemask_ps(_mm256_cmp_ps::<_CMP_NLT_UQ>(a[half], b[half])))
            };
            (left | right << 8) as u16
        }
    }
}
