//! Temporary files of SQLite, which hold what a sort or a materialized view does not keep in memory: each write that makes
//! one grow is counted against what the running statement may take.

use std::ffi::{CStr, c_char, c_int, c_void};
use std::path::Path;
use std::sync::OnceLock;

use rusqlite::{Connection, OpenFlags, ffi};

use super::meter::take_temporary;
use crate::model::limits;

/// The name of the file system that connections are opened with.
const NAME: &CStr = c"daybook";

/// SQLite's own file system, under one that counts.
struct Counting {
    /// The system that does the work.
    below: *mut ffi::sqlite3_vfs,
}

// SAFETY: SQLite's file systems may be used by every thread; the pointer is never changed.
unsafe impl Send for Counting {}
// SAFETY: as above.
unsafe impl Sync for Counting {}

static COUNTING: OnceLock<Option<Counting>> = OnceLock::new();

/// What is kept of a temporary file, behind what the system below keeps of it.
#[repr(C)]
struct Temporary {
    /// As the file has them, but for `xWrite`.
    methods: ffi::sqlite3_io_methods,
    below: *const ffi::sqlite3_io_methods,
    bytes: i64,
}

/// Opens a connection whose temporary files are counted.
pub fn open(path: &Path, flags: OpenFlags) -> rusqlite::Result<Connection> {
    match file_system() {
        Some(name) => Connection::open_with_flags_and_vfs(path, flags, name),
        None => Connection::open_with_flags(path, flags),
    }
}

/// The file system to open a connection with; none where it cannot be had. It also bounds what SQLite keeps in memory for all
/// connections together: beyond that, caches take their own pages again and sorts go to a file.
fn file_system() -> Option<&'static str> {
    let counting = COUNTING.get_or_init(|| {
        // SAFETY: the default file system lives as long as the process; the copy that is registered does too, and has the
        // same functions over the same data, but for `xOpen`.
        unsafe {
            ffi::sqlite3_soft_heap_limit64(limits::SQLITE_BYTES_MAX as i64);
            let below = ffi::sqlite3_vfs_find(std::ptr::null());
            let mut own = Box::new(*below.as_ref()?);
            own.zName = NAME.as_ptr();
            own.pNext = std::ptr::null_mut();
            own.szOsFile = (padded(below) + size_of::<Temporary>()) as c_int;
            own.xOpen = Some(open_file);
            let is_known = ffi::sqlite3_vfs_register(Box::leak(own), 0) == ffi::SQLITE_OK;
            is_known.then_some(Counting { below })
        }
    });
    counting.as_ref().and_then(|_| NAME.to_str().ok())
}

/// Bytes that the system below keeps of a file, so that what comes behind them is aligned.
unsafe fn padded(below: *mut ffi::sqlite3_vfs) -> usize {
    // SAFETY: the caller's pointer is SQLite's own.
    let bytes = unsafe { (*below).szOsFile } as usize;
    bytes.next_multiple_of(align_of::<Temporary>())
}

unsafe fn temporary(file: *mut ffi::sqlite3_file) -> Option<*mut Temporary> {
    let below = COUNTING.get()?.as_ref()?.below;
    // SAFETY: SQLite gives each file as many bytes as `szOsFile` says.
    Some(unsafe { file.cast::<u8>().add(padded(below)).cast() })
}

unsafe extern "C" fn open_file(
    _: *mut ffi::sqlite3_vfs,
    name: *const c_char,
    file: *mut ffi::sqlite3_file,
    flags: c_int,
    out: *mut c_int,
) -> c_int {
    const COUNTED: c_int = ffi::SQLITE_OPEN_TEMP_DB
        | ffi::SQLITE_OPEN_TRANSIENT_DB
        | ffi::SQLITE_OPEN_TEMP_JOURNAL
        | ffi::SQLITE_OPEN_SUBJOURNAL;
    let Some(Some(Counting { below })) = COUNTING.get() else {
        return ffi::SQLITE_CANTOPEN;
    };
    // SAFETY: the arguments are SQLite's, for a file of this system; what is put behind the file has its place there.
    unsafe {
        let Some(open) = (**below).xOpen else {
            return ffi::SQLITE_CANTOPEN;
        };
        let code = open(*below, name, file, flags, out);
        if code == ffi::SQLITE_OK
            && flags & COUNTED != 0
            && let Some(methods) = (*file).pMethods.as_ref()
            && let Some(at) = temporary(file)
        {
            at.write(Temporary {
                methods: ffi::sqlite3_io_methods {
                    xWrite: Some(write_file),
                    ..*methods
                },
                below: methods,
                bytes: 0,
            });
            (*file).pMethods = &raw const (*at).methods;
        }
        code
    }
}

unsafe extern "C" fn write_file(
    file: *mut ffi::sqlite3_file,
    from: *const c_void,
    bytes: c_int,
    at: i64,
) -> c_int {
    // SAFETY: only files that `open_file` prepared have this function.
    unsafe {
        let Some(kept) = temporary(file) else {
            return ffi::SQLITE_IOERR_WRITE;
        };
        let end = at + i64::from(bytes);
        let more = end - (*kept).bytes;
        if more > 0 {
            if !take_temporary(more.unsigned_abs()) {
                return ffi::SQLITE_FULL;
            }
            (*kept).bytes = end;
        }
        match (*(*kept).below).xWrite {
            Some(write) => write(file, from, bytes, at),
            None => ffi::SQLITE_IOERR_WRITE,
        }
    }
}
