//! Tiles (AMX): registers of up to sixteen rows of 64 bytes, which are multiplied with each other as a whole.
//!
//! The compiler knows nothing of them. What uses them asks once whether they are there, and then holds an [`InUse`] around
//! pieces of assembly that leave nothing in tiles which another piece needs.

use std::arch::asm;
use std::arch::x86_64::__cpuid_count;

use crate::level::Level;

/// Rows of a tile.
pub(crate) const ROWS: usize = 16;
/// Bytes of a row.
pub(crate) const BYTES: usize = 64;

/// The shapes of all eight tiles, as `LDTILECFG` reads them.
#[repr(C, align(64))]
pub(crate) struct Shapes([u8; 64]);

/// Tiles that are shaped, until it is dropped: a thread that has tiles in use is slower to switch to.
pub(crate) struct InUse;

impl Shapes {
    /// Rows and bytes of a row of each tile; zeros where one is not used.
    ///
    /// # Panics
    /// When one is larger than a tile is.
    pub(crate) const fn new(shapes: [(usize, usize); 8]) -> Self {
        let mut all = [0; 64];
        all[0] = 1; // the only kind of configuration there is
        let mut tile = 0;
        while tile < shapes.len() {
            let (rows, bytes) = shapes[tile];
            assert!(rows <= ROWS && bytes <= BYTES, "a tile has at most 16 rows of 64 bytes");
            all[16 + 2 * tile] = bytes as u8;
            all[48 + tile] = rows as u8;
            tile += 1;
        }
        Shapes(all)
    }
}

impl InUse {
    /// Shapes this thread's tiles; not to be called while another instance is alive in it.
    ///
    /// # Panics
    /// Where there are no tiles.
    pub(crate) fn new(shapes: &Shapes) -> Self {
        assert!(Level::detected() == Level::Amx, "this machine has no tiles");
        // SAFETY: the line above made sure that there are tiles.
        unsafe { asm!("ldtilecfg [{}]", in(reg) &raw const *shapes, options(nostack, readonly)) };
        InUse
    }
}

impl Drop for InUse {
    fn drop(&mut self) {
        // SAFETY: where there is an instance there are tiles.
        unsafe { asm!("tilerelease", options(nostack, nomem)) };
    }
}

/// Whether this machine has tiles and multiplies bytes and bfloat16 numbers in them, and Linux lets this process use them,
/// which it asks for here.
pub(crate) fn are_there() -> bool {
    const BFLOAT16: u32 = 1 << 22;
    const TILES: u32 = 1 << 24;
    const INT8: u32 = 1 << 25;
    let features = __cpuid_count(7, 0).edx;
    features & (BFLOAT16 | TILES | INT8) == BFLOAT16 | TILES | INT8 && are_permitted()
}

/// Asks Linux for the memory that a thread's tiles are kept in while another one runs: see
/// `Documentation/arch/x86/xstate.rst` of its sources. Where that is older than tiles, or forbids them, it says no.
fn are_permitted() -> bool {
    const ARCH_PRCTL: isize = 158;
    const REQUEST_PERMISSION: usize = 0x1023;
    const TILE_DATA: usize = 18;
    let answer: isize;
    // SAFETY: the call reads no memory and changes none of this program's.
    unsafe {
        asm!(
            "syscall",
            inlateout("rax") ARCH_PRCTL => answer,
            in("rdi") REQUEST_PERMISSION,
            in("rsi") TILE_DATA,
            out("rcx") _,
            out("r11") _,
            options(nostack),
        );
    }
    answer == 0
}
