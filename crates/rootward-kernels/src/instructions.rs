//! One body for each kernel, compiled once for each [`Level`](crate::Level).
//!
//! A kernel is written once, as a loop over arrays of 16 numbers, generic over [`Instructions`]. The macro
//! [`kernel!`] compiles it three times and picks one of the results when it is called. Both AVX levels
//! fuse the same multiply-adds and sum the same 16 lanes in the same order, so they give the same bits; the
//! baseline cannot fuse and differs by rounding.

/// What a kernel's body may depend on.
pub(crate) trait Instructions {
    /// Rows of the tile that a matrix product keeps in registers.
    const TILE_ROWS: usize;
    /// Panels of 16 columns that the tile is wide: 1 or 2.
    const TILE_PANELS: usize;

    /// `a * b + c`, rounded once where the machine can.
    fn mul_add(a: f32, b: f32, c: f32) -> f32;
}

/// 32 registers of 16 numbers.
#[cfg(target_arch = "x86_64")]
pub(crate) struct Avx512;

/// 16 registers of 8 numbers.
#[cfg(target_arch = "x86_64")]
pub(crate) struct Avx2;

/// Registers of 4 numbers: 16 on x86-64, 32 on 64-bit ARM.
pub(crate) struct Baseline;

#[cfg(target_arch = "x86_64")]
impl Instructions for Avx512 {
    const TILE_ROWS: usize = 12;
    const TILE_PANELS: usize = 2;

    #[inline(always)]
    fn mul_add(a: f32, b: f32, c: f32) -> f32 {
        a.mul_add(b, c)
    }
}

#[cfg(target_arch = "x86_64")]
impl Instructions for Avx2 {
    const TILE_ROWS: usize = 6;
    const TILE_PANELS: usize = 1;

    #[inline(always)]
    fn mul_add(a: f32, b: f32, c: f32) -> f32 {
        a.mul_add(b, c)
    }
}

impl Instructions for Baseline {
    const TILE_ROWS: usize = if cfg!(target_arch = "aarch64") { 6 } else { 2 };
    const TILE_PANELS: usize = 1;

    #[inline(always)]
    fn mul_add(a: f32, b: f32, c: f32) -> f32 {
        // Without the instruction, `f32::mul_add` calls a slow function of the mathematical library.
        if cfg!(any(target_arch = "aarch64", target_feature = "fma")) { a.mul_add(b, c) } else { a * b + c }
    }
}

/// Defines a kernel `$name` and its twin `$name_at`, which takes the level as its first argument.
///
/// The body is generic over the type parameter named in angle brackets. Whatever it calls has to be
/// `#[inline(always)]`: only what ends up inside the compiled variants may use their instructions.
macro_rules! kernel {
    (
        $(#[$meta:meta])*
        $vis:vis fn $name:ident, $name_at:ident<$instructions:ident>($($arg:ident: $type:ty),* $(,)?) $(-> $out:ty)?
        $body:block
    ) => {
        $(#[$meta])*
        #[inline]
        $vis fn $name($($arg: $type),*) $(-> $out)? {
            $name_at($crate::level::level(), $($arg),*)
        }

        #[doc = concat!("[`", stringify!($name), "`] at a given level, so that one process can compare them all.")]
        ///
        /// # Panics
        #[doc = concat!("As [`", stringify!($name), "`], and when this machine does not have the level.")]
        $vis fn $name_at(level: $crate::level::Level, $($arg: $type),*) $(-> $out)? {
            #[inline(always)]
            fn body<$instructions: $crate::instructions::Instructions>($($arg: $type),*) $(-> $out)? $body

            #[cfg(target_arch = "x86_64")]
            {
                #[target_feature(enable = "avx512f,avx512vl,avx512dq,avx512bw,avx2,fma")]
                fn avx512($($arg: $type),*) $(-> $out)? {
                    body::<$crate::instructions::Avx512>($($arg),*)
                }

                #[target_feature(enable = "avx2,fma")]
                fn avx2($($arg: $type),*) $(-> $out)? {
                    body::<$crate::instructions::Avx2>($($arg),*)
                }

                let detected = $crate::level::Level::detected();
                assert!(level <= detected, "kernels for {level} were asked for, this machine has at most {detected}");
                match level {
                    // SAFETY: the line above made sure that this machine has the instructions of the level.
                    $crate::level::Level::Amx | $crate::level::Level::Avx512 => return unsafe { avx512($($arg),*) },
                    // SAFETY: as above.
                    $crate::level::Level::Avx2 => return unsafe { avx2($($arg),*) },
                    $crate::level::Level::Baseline => {}
                }
            }
            #[cfg(not(target_arch = "x86_64"))]
            assert!(level == $crate::level::Level::Baseline, "this machine has no kernels for {level}, only for baseline");
            body::<$crate::instructions::Baseline>($($arg),*)
        }
    };
}

pub(crate) use kernel;
