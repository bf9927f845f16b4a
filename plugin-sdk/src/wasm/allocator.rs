//! Memory for an instance that lives for one call, or for many: a pointer moves up from the end of the static data, and
//! goes back to the start when nothing is left of what was given out. A call gives back everything it took (the host sees
//! to what it returned), so the next call in the same instance begins with the same memory. What a plugin keeps from call
//! to call prevents that; the host then replaces the instance once its memory has grown. An instance has some memory from
//! the start; only what does not fit there costs a `memory.grow`.

use std::alloc::{GlobalAlloc, Layout};
use std::arch::wasm32::{memory_grow, memory_size};
use std::cell::Cell;
use std::ptr;

const PAGE_BYTES: usize = 64 * 1024;

unsafe extern "C" {
    /// Where the linker says that the stack and the static data end.
    static mut __heap_base: u8;
}

#[global_allocator]
static ALLOCATOR: Bump = Bump {
    next: Cell::new(ptr::null_mut()),
    live: Cell::new(0),
};

struct Bump {
    /// The first free byte; null before the first allocation.
    next: Cell<*mut u8>,
    /// Blocks that were given out and did not come back.
    live: Cell<usize>,
}

// SAFETY: the module is built without threads: there is one thread, and so no sharing.
unsafe impl Sync for Bump {}

impl Bump {
    fn next(&self) -> *mut u8 {
        let next = self.next.get();
        if next.is_null() {
            &raw mut __heap_base
        } else {
            next
        }
    }

    /// Makes the memory reach `end`; false where the host gives no more.
    #[cold]
    #[inline(never)]
    fn grow_to(end: usize) -> bool {
        let missing_bytes = end - memory_size::<0>() * PAGE_BYTES;
        memory_grow::<0>(missing_bytes.div_ceil(PAGE_BYTES)) != usize::MAX
    }

    /// Moves the free end to `end`; false where there is no such memory.
    fn claim(&self, end: usize) -> bool {
        // The memory may be the full 4 GiB, whose size in bytes does not fit: compare in pages.
        if end.div_ceil(PAGE_BYTES) > memory_size::<0>() && !Self::grow_to(end) {
            return false;
        }
        self.next.set(ptr::without_provenance_mut(end));
        true
    }
}

// SAFETY: blocks never overlap, as the pointer only moves back over a block that was given back or shrinks, and every
// block is aligned as its layout says.
unsafe impl GlobalAlloc for Bump {
    #[inline]
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        let start = self.next().addr().next_multiple_of(layout.align());
        match start.checked_add(layout.size()) {
            Some(end) if self.claim(end) => {
                self.live.set(self.live.get() + 1);
                ptr::with_exposed_provenance_mut(start)
            }
            _ => ptr::null_mut(),
        }
    }

    /// The last block comes back, which is enough for the short-lived texts and lists of a loop; and everything does
    /// with the last that is live.
    #[inline]
    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        let live = self.live.get() - 1;
        self.live.set(live);
        if live == 0 {
            self.next.set(ptr::null_mut());
        } else if block.addr() + layout.size() == self.next().addr() {
            self.next.set(block);
        }
    }

    /// The last block grows and shrinks where it is.
    #[inline]
    unsafe fn realloc(&self, block: *mut u8, layout: Layout, new_size: usize) -> *mut u8 {
        if block.addr() + layout.size() == self.next().addr() {
            return match block.addr().checked_add(new_size) {
                Some(end) if self.claim(end) => block,
                _ => ptr::null_mut(),
            };
        }
        if new_size <= layout.size() {
            return block;
        }
        // SAFETY: the caller promises a valid size for this alignment; the old block holds `layout.size()` bytes, which
        // are fewer than the new block's.
        unsafe {
            let moved = self.alloc(Layout::from_size_align_unchecked(new_size, layout.align()));
            if !moved.is_null() {
                ptr::copy_nonoverlapping(block, moved, layout.size());
                // The new block takes the old one's place among the live ones.
                self.live.set(self.live.get() - 1);
            }
            moved
        }
    }
}
