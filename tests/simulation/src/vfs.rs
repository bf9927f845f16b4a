//! SQLite's way to the simulated disk: a VFS over the system's own, under every connection of this process.

use std::ffi::{CStr, c_char, c_int, c_void};
use std::path::Path;
use std::ptr;
use std::sync::Once;
use std::sync::atomic::{AtomicU64, Ordering};

use rusqlite::ffi;

use crate::disk::{Fate, disk};

/// A file as SQLite holds it; the system's own lies right behind.
#[repr(C)]
struct Opened {
    base: ffi::sqlite3_file,
    id: Option<(u64, u64)>,
}

/// The VFS, and the system's.
struct Over(*mut ffi::sqlite3_vfs);

// SAFETY: it is written once, before any connection is opened.
unsafe impl Sync for Over {}
unsafe impl Send for Over {}

static SYSTEM: std::sync::OnceLock<Over> = std::sync::OnceLock::new();

/// State of the generator behind what SQLite takes for random.
static RANDOM: AtomicU64 = AtomicU64::new(0);

/// Puts the simulated disk under every connection that is opened from now on.
pub fn install() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        // SAFETY: the default VFS is there for as long as the process, and so is this one, which is leaked.
        unsafe {
            let system = ffi::sqlite3_vfs_find(ptr::null());
            assert!(!system.is_null(), "SQLite has a VFS");
            assert!(SYSTEM.set(Over(system)).is_ok(), "only once");
            let mut over = *system;
            over.iVersion = 2;
            over.szOsFile += size_of::<Opened>() as c_int;
            over.pNext = ptr::null_mut();
            over.zName = c"simulated".as_ptr();
            over.xOpen = Some(open);
            over.xDelete = Some(delete);
            over.xAccess = Some(access);
            over.xFullPathname = Some(full_pathname);
            over.xRandomness = Some(randomness);
            over.xSleep = Some(sleep);
            let over = Box::leak(Box::new(over));
            assert_eq!(ffi::sqlite3_vfs_register(over, 1), ffi::SQLITE_OK);
        }
    });
}

/// What SQLite takes for random follows from a seed.
pub fn seed(seed: u64) {
    RANDOM.store(seed, Ordering::Relaxed);
    // SAFETY: without a buffer it only forgets what it had drawn.
    unsafe { ffi::sqlite3_randomness(0, ptr::null_mut()) };
}

fn system() -> *mut ffi::sqlite3_vfs {
    SYSTEM.get().expect("it is installed").0
}

unsafe fn real(file: *mut ffi::sqlite3_file) -> *mut ffi::sqlite3_file {
    // SAFETY: SQLite made room for both.
    unsafe { file.cast::<u8>().add(size_of::<Opened>()).cast() }
}

unsafe fn id(file: *mut ffi::sqlite3_file) -> Option<(u64, u64)> {
    // SAFETY: it was opened by `open`.
    unsafe { (*file.cast::<Opened>()).id }
}

unsafe fn path<'a>(name: *const c_char) -> Option<&'a Path> {
    if name.is_null() {
        return None;
    }
    // SAFETY: SQLite's names end with a zero.
    let name = unsafe { CStr::from_ptr(name) };
    name.to_str().ok().map(Path::new)
}

unsafe extern "C" fn open(
    _: *mut ffi::sqlite3_vfs,
    name: ffi::sqlite3_filename,
    file: *mut ffi::sqlite3_file,
    flags: c_int,
    out: *mut c_int,
) -> c_int {
    let opened = file.cast::<Opened>();
    // SAFETY: as SQLite promises for all of these.
    unsafe {
        (*opened).base.pMethods = ptr::null();
        (*opened).id = None;
        match disk().fate() {
            Fate::Done => {}
            _ => return ffi::SQLITE_CANTOPEN,
        }
        let real = real(file);
        let xopen = (*system()).xOpen.expect("it opens");
        let result = xopen(system(), name, real, flags, out);
        if result != ffi::SQLITE_OK || (*real).pMethods.is_null() {
            return result;
        }
        if let Some(path) = path(name) {
            (*opened).id = disk().opened(path);
        }
        (*opened).base.pMethods = &METHODS;
        ffi::SQLITE_OK
    }
}

unsafe extern "C" fn delete(_: *mut ffi::sqlite3_vfs, name: *const c_char, sync: c_int) -> c_int {
    if disk().fate() != Fate::Done {
        return ffi::SQLITE_IOERR_DELETE;
    }
    // SAFETY: as SQLite promises.
    unsafe {
        if let Some(path) = path(name) {
            let id = disk().opened(path);
            if let Some(id) = id {
                disk().deleted(id);
            }
        }
        (*system()).xDelete.expect("it deletes")(system(), name, sync)
    }
}

unsafe extern "C" fn access(
    _: *mut ffi::sqlite3_vfs,
    name: *const c_char,
    flags: c_int,
    out: *mut c_int,
) -> c_int {
    // SAFETY: as SQLite promises.
    unsafe { (*system()).xAccess.expect("it looks")(system(), name, flags, out) }
}

unsafe extern "C" fn full_pathname(
    _: *mut ffi::sqlite3_vfs,
    name: *const c_char,
    room: c_int,
    out: *mut c_char,
) -> c_int {
    // SAFETY: as SQLite promises.
    unsafe { (*system()).xFullPathname.expect("it names")(system(), name, room, out) }
}

unsafe extern "C" fn randomness(_: *mut ffi::sqlite3_vfs, count: c_int, out: *mut c_char) -> c_int {
    for at in 0..count {
        let mut random = daybook_tests::Random::new(RANDOM.fetch_add(1, Ordering::Relaxed));
        // SAFETY: SQLite has room for so many.
        unsafe { *out.add(at as usize) = random.next() as c_char };
    }
    count
}

/// Nobody else could do anything meanwhile.
unsafe extern "C" fn sleep(_: *mut ffi::sqlite3_vfs, microseconds: c_int) -> c_int {
    microseconds
}

static METHODS: ffi::sqlite3_io_methods = ffi::sqlite3_io_methods {
    iVersion: 3,
    xClose: Some(close),
    xRead: Some(read),
    xWrite: Some(write),
    xTruncate: Some(truncate),
    xSync: Some(sync),
    xFileSize: Some(file_size),
    xLock: Some(lock),
    xUnlock: Some(unlock),
    xCheckReservedLock: Some(check_reserved_lock),
    xFileControl: Some(file_control),
    xSectorSize: Some(sector_size),
    xDeviceCharacteristics: Some(device_characteristics),
    xShmMap: Some(shm_map),
    xShmLock: Some(shm_lock),
    xShmBarrier: Some(shm_barrier),
    xShmUnmap: Some(shm_unmap),
    xFetch: Some(fetch),
    xUnfetch: Some(unfetch),
};

/// Passes a call on to the system's file.
macro_rules! pass {
    ($method:ident, $file:expr $(, $argument:expr)*) => {
        // SAFETY: the file was opened, so its methods are there; the arguments are SQLite's own.
        unsafe {
            let real = real($file);
            (*(*real).pMethods).$method.expect("the system's files have it")(real $(, $argument)*)
        }
    };
}

unsafe extern "C" fn write(
    file: *mut ffi::sqlite3_file,
    bytes: *const c_void,
    count: c_int,
    at: ffi::sqlite3_int64,
) -> c_int {
    let fate = disk().fate();
    if matches!(fate, Fate::Fails | Fate::Gone) {
        return ffi::SQLITE_IOERR_WRITE;
    }
    // SAFETY: it was opened.
    if let Some(id) = unsafe { id(file) } {
        disk().remember(id, at.cast_unsigned(), u64::from(count.cast_unsigned()));
    }
    let result = pass!(xWrite, file, bytes, count, at);
    match fate {
        Fate::Crashes => ffi::SQLITE_IOERR_WRITE,
        _ => result,
    }
}

unsafe extern "C" fn truncate(file: *mut ffi::sqlite3_file, size: ffi::sqlite3_int64) -> c_int {
    if disk().fate() != Fate::Done {
        return ffi::SQLITE_IOERR_TRUNCATE;
    }
    // SAFETY: it was opened.
    if let Some(id) = unsafe { id(file) } {
        disk().remember_end(id, size.cast_unsigned());
    }
    pass!(xTruncate, file, size)
}

unsafe extern "C" fn sync(file: *mut ffi::sqlite3_file, _: c_int) -> c_int {
    match disk().fate() {
        Fate::Done => {}
        _ => return ffi::SQLITE_IOERR_FSYNC,
    }
    // SAFETY: it was opened. What the machine would lose is known without its own disk's help.
    if let Some(id) = unsafe { id(file) } {
        disk().synced(id);
    }
    ffi::SQLITE_OK
}

unsafe extern "C" fn read(
    file: *mut ffi::sqlite3_file,
    bytes: *mut c_void,
    count: c_int,
    at: ffi::sqlite3_int64,
) -> c_int {
    if disk().has_crashed() {
        return ffi::SQLITE_IOERR_READ;
    }
    pass!(xRead, file, bytes, count, at)
}

unsafe extern "C" fn close(file: *mut ffi::sqlite3_file) -> c_int {
    pass!(xClose, file)
}

unsafe extern "C" fn file_size(
    file: *mut ffi::sqlite3_file,
    size: *mut ffi::sqlite3_int64,
) -> c_int {
    pass!(xFileSize, file, size)
}

unsafe extern "C" fn lock(file: *mut ffi::sqlite3_file, level: c_int) -> c_int {
    pass!(xLock, file, level)
}

unsafe extern "C" fn unlock(file: *mut ffi::sqlite3_file, level: c_int) -> c_int {
    pass!(xUnlock, file, level)
}

unsafe extern "C" fn check_reserved_lock(file: *mut ffi::sqlite3_file, out: *mut c_int) -> c_int {
    pass!(xCheckReservedLock, file, out)
}

unsafe extern "C" fn file_control(
    file: *mut ffi::sqlite3_file,
    what: c_int,
    argument: *mut c_void,
) -> c_int {
    pass!(xFileControl, file, what, argument)
}

unsafe extern "C" fn sector_size(file: *mut ffi::sqlite3_file) -> c_int {
    pass!(xSectorSize, file)
}

unsafe extern "C" fn device_characteristics(file: *mut ffi::sqlite3_file) -> c_int {
    pass!(xDeviceCharacteristics, file)
}

unsafe extern "C" fn shm_map(
    file: *mut ffi::sqlite3_file,
    page: c_int,
    size: c_int,
    extend: c_int,
    out: *mut *mut c_void,
) -> c_int {
    pass!(xShmMap, file, page, size, extend, out)
}

unsafe extern "C" fn shm_lock(
    file: *mut ffi::sqlite3_file,
    offset: c_int,
    count: c_int,
    flags: c_int,
) -> c_int {
    pass!(xShmLock, file, offset, count, flags)
}

unsafe extern "C" fn shm_barrier(file: *mut ffi::sqlite3_file) {
    pass!(xShmBarrier, file);
}

unsafe extern "C" fn shm_unmap(file: *mut ffi::sqlite3_file, delete: c_int) -> c_int {
    pass!(xShmUnmap, file, delete)
}

unsafe extern "C" fn fetch(
    file: *mut ffi::sqlite3_file,
    at: ffi::sqlite3_int64,
    count: c_int,
    out: *mut *mut c_void,
) -> c_int {
    pass!(xFetch, file, at, count, out)
}

unsafe extern "C" fn unfetch(
    file: *mut ffi::sqlite3_file,
    at: ffi::sqlite3_int64,
    bytes: *mut c_void,
) -> c_int {
    pass!(xUnfetch, file, at, bytes)
}
