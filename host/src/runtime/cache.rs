//! Compiled components on disk. Only a cache: an entry counts when its code under the book's key holds, and was
//! written by the same engine with the same flags; anything else is compiled again.

use std::fs::{OpenOptions, Permissions};
use std::io::Write as _;
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::PathBuf;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};

use sha2::{Digest as _, Sha256};
use wasmtime::Engine;
use wasmtime::component::Component;

use crate::model::Digest;

/// Machine code by component digest and engine. Entries carry a code over their bytes under a key that is kept in the
/// log, not in the cache: a file that somebody else put there is not run.
#[derive(Debug, Clone)]
pub struct ComponentCache {
    directory: PathBuf,
    key: [u8; 32],
    /// Entries, and bytes of them, that are kept: those that were made last. None: all.
    bounds: Option<(usize, u64)>,
}

/// How the cache is opened that components are kept in which no book has.
static KEEPER: OnceLock<fn() -> Option<ComponentCache>> = OnceLock::new();

/// That cache, once something was compiled.
static KEPT: OnceLock<Option<ComponentCache>> = OnceLock::new();

/// From now on this process keeps what it compiles of components that are not a book's. The cache is opened when the first of
/// them comes; without one each is compiled again.
pub fn keep_compiled(open: fn() -> Option<ComponentCache>) {
    KEEPER.get_or_init(|| open);
}

pub(super) fn kept() -> Option<&'static ComponentCache> {
    let open = KEEPER.get()?;
    KEPT.get_or_init(open).as_ref()
}

impl ComponentCache {
    pub fn new(directory: PathBuf, key: [u8; 32]) -> Self {
        ComponentCache {
            directory,
            key,
            bounds: None,
        }
    }

    /// Of so many entries and bytes at most; the oldest goes first.
    pub fn bounded(self, files_max: usize, bytes_max: u64) -> Self {
        ComponentCache {
            bounds: Some((files_max, bytes_max)),
            ..self
        }
    }

    /// Removes what is beyond the bounds. Best effort: what cannot be removed stays.
    fn shrink(&self) {
        let Some((files_max, bytes_max)) = self.bounds else {
            return;
        };
        let entries = std::fs::read_dir(&self.directory).into_iter().flatten();
        let mut files: Vec<_> = entries
            .flatten()
            .filter(|entry| entry.path().extension().is_some_and(|it| it == "cwasm"))
            .filter_map(|entry| {
                let metadata = entry.metadata().ok()?;
                Some((metadata.modified().ok()?, metadata.len(), entry.path()))
            })
            .collect();
        files.sort_by_key(|(made, ..)| std::cmp::Reverse(*made));
        let mut bytes = 0;
        for (place, (_, length, path)) in files.iter().enumerate() {
            bytes += length;
            if place >= files_max || bytes > bytes_max {
                let _ = std::fs::remove_file(path);
            }
        }
    }

    fn file(&self, engine: &Engine, digest: &Digest) -> PathBuf {
        let mut hasher = Fnv::default();
        std::hash::Hash::hash(&engine.precompile_compatibility_hash(), &mut hasher);
        self.directory.join(format!(
            "{digest}-{:016x}-{}.cwasm",
            std::hash::Hasher::finish(&hasher),
            super::reset::VERSION
        ))
    }

    fn code(&self, name: &str, artifact: &[u8]) -> [u8; 32] {
        let inner = Sha256::new_with_prefix(self.key)
            .chain_update(name)
            .chain_update(artifact)
            .finalize();
        Sha256::new_with_prefix(self.key)
            .chain_update(inner)
            .finalize()
            .into()
    }

    pub(super) fn get(&self, engine: &Engine, digest: &Digest) -> Option<Component> {
        let path = self.file(engine, digest);
        let bytes = std::fs::read(&path).ok()?;
        let (code, artifact) = bytes.split_at_checked(32)?;
        if code != self.code(&path.file_name()?.to_string_lossy(), artifact) {
            tracing::warn!(path = %path.display(), "a cached component is not what was written; compiling again");
            return None;
        }
        // SAFETY: the code shows that this host wrote exactly these bytes with `Component::serialize`; wasmtime
        // itself refuses artifacts of another version or other flags.
        match unsafe { Component::deserialize(engine, artifact) } {
            Ok(component) => Some(component),
            Err(error) => {
                tracing::debug!(%error, "a cached component does not fit the engine; compiling again");
                None
            }
        }
    }

    /// Best effort: a full disk costs the next start time, nothing else.
    pub(super) fn put(&self, engine: &Engine, digest: &Digest, component: &Component) {
        let path = self.file(engine, digest);
        let Ok(artifact) = component.serialize() else {
            return;
        };
        let name = path
            .file_name()
            .map(|name| name.to_string_lossy().into_owned())
            .unwrap_or_default();
        let mut bytes = self.code(&name, &artifact).to_vec();
        bytes.extend_from_slice(&artifact);
        // Two threads of a process may compile the same component at the same time.
        static FILES: AtomicU64 = AtomicU64::new(0);
        let number = FILES.fetch_add(1, Ordering::Relaxed);
        let unfinished = path.with_extension(format!("tmp{}-{number}", std::process::id()));
        let write = || {
            let mut options = OpenOptions::new();
            let mut file = options
                .write(true)
                .create_new(true)
                .mode(0o600)
                .open(&unfinished)?;
            // A umask may have taken the owner's own rights too.
            file.set_permissions(Permissions::from_mode(0o600))?;
            file.write_all(&bytes)?;
            std::fs::rename(&unfinished, &path)
        };
        let written = write();
        if let Err(error) = written {
            use std::io::ErrorKind::{NotFound, PermissionDenied, ReadOnlyFilesystem};
            if matches!(
                error.kind(),
                NotFound | PermissionDenied | ReadOnlyFilesystem
            ) {
                // A book that can only be read: its components are compiled each time.
                return;
            }
            tracing::warn!(%error, path = %path.display(), "keeping a compiled component");
            let _ = std::fs::remove_file(&unfinished);
        } else {
            self.shrink();
        }
    }
}

/// FNV-1a: a stable hash for file names (the standard library's is seeded).
struct Fnv(u64);

impl Default for Fnv {
    fn default() -> Self {
        Fnv(0xcbf2_9ce4_8422_2325)
    }
}

impl std::hash::Hasher for Fnv {
    fn finish(&self) -> u64 {
        self.0
    }
    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = (self.0 ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3);
        }
    }
}
