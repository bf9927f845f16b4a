//! Where things are in the memory that is added.
//!
//! The second memory has, one after the other: a few words; a byte for each block of the largest memory, which is 1 where
//! the block was written to in this call; the blocks that were, in order; what stood in each block; and room for what
//! `look` copies.
//!
//! Memory cannot be made smaller, so some more of it is there from the beginning, and what the guest takes of it is only
//! counted. To the guest it has the size that it would have, and writing beyond that traps. Reading there gives zeros in
//! the pages that are there.

use crate::model::limits;

/// Blocks have 2⁸ bytes: small enough that little is copied for each place which a call writes to.
pub const BLOCK_SHIFT: u32 = 8;
pub const BLOCK_BYTES: u64 = 1 << BLOCK_SHIFT;
pub const VECTOR_BYTES: u64 = 16;
pub const BLOCKS_PER_PAGE_SHIFT: u32 = 16 - BLOCK_SHIFT;
pub const PAGE_BYTES: u64 = 65_536;

/// Blocks in the list.
pub const COUNT: u64 = 0;
/// Where `look` leaves its answer.
pub const ANSWER: u64 = 8;
/// Pages that the guest took beyond what its module declares; and how many it had when the instance was made.
pub const TAKEN: u64 = 16;
pub const TAKEN_AT_START: u64 = 20;
pub const MARKS: u64 = 64;
pub const BLOCKS_MAX: u64 = limits::MEMORY_BYTES_MAX as u64 >> BLOCK_SHIFT;
/// A mark and the next one are read at once, so there is one more.
pub const LIST: u64 = MARKS + BLOCKS_MAX + 64;
pub const MARKED: i32 = 1;
/// Two marks that follow one another.
pub const BOTH_MARKED: i32 = 0x0101;

/// Pages that are there beyond what a module declares.
pub const SPARE_PAGES_MAX: u64 = 128;

/// Where things are in the second memory of a component, by the pages that its memory begins with.
#[derive(Debug, Clone, Copy)]
pub struct Layout {
    pub declared: u64,
    /// Pages that are there beyond those.
    pub spare: u64,
    pub images: u64,
    pub look: u64,
}

impl Layout {
    /// Of a memory with so many pages, and at most so many. None: the second memory would be larger than a memory may be.
    pub fn of(declared: u64, maximum: Option<u64>) -> Option<Layout> {
        let pages_max = limits::MEMORY_BYTES_MAX as u64 / PAGE_BYTES;
        let maximum = maximum.unwrap_or(pages_max).min(pages_max);
        let spare = maximum.checked_sub(declared)?.min(SPARE_PAGES_MAX);
        let pages = declared + spare;
        let blocks = pages << BLOCKS_PER_PAGE_SHIFT;
        let images = (LIST + 4 * blocks).next_multiple_of(BLOCK_BYTES);
        let look = images + pages * PAGE_BYTES;
        let layout = Layout {
            declared,
            spare,
            images,
            look,
        };
        (layout.memory_pages() * PAGE_BYTES <= limits::MEMORY_BYTES_MAX as u64).then_some(layout)
    }

    /// Of the guest's memory, from the beginning on.
    pub fn pages(self) -> u64 {
        self.declared + self.spare
    }

    /// Of the second memory.
    pub fn memory_pages(self) -> u64 {
        (self.look + PAGE_BYTES).div_ceil(PAGE_BYTES)
    }
}
