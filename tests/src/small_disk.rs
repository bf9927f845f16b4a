//! Owns a small disk for the tests of a full one: a memory file system mounted on a folder, where that is permitted.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// Mounted until it is dropped.
#[derive(Debug)]
pub struct SmallDisk(PathBuf);

impl SmallDisk {
    /// Mounts a disk of so many KiB on a folder. None: this process may not mount.
    pub fn mount(folder: &Path, kibibytes: u32) -> Option<SmallDisk> {
        let status = Command::new("mount")
            .args(["-t", "tmpfs", "-o", &format!("size={kibibytes}k"), "tmpfs"])
            .arg(folder)
            .stderr(Stdio::null())
            .status();
        status
            .is_ok_and(|status| status.success())
            .then(|| SmallDisk(folder.to_owned()))
    }

    /// Fills what is left of the disk with a file, but for so many KiB, and gives the file's path.
    pub fn fill(&self, kibibytes_left: usize) -> PathBuf {
        let path = self.0.join("filler");
        let mut file = std::fs::File::create(&path).expect("a file on the small disk");
        let mut written = 0_u64;
        while file.write_all(&[0; 1024]).is_ok() {
            written += 1024;
        }
        file.set_len(written.saturating_sub(kibibytes_left as u64 * 1024))
            .expect("a file can be cut");
        path
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        // Lazily: a file that is still open must not keep the folder from going.
        let _ = Command::new("umount").arg("-l").arg(&self.0).status();
    }
}
