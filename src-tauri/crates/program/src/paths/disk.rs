//! Whether a folder is on this computer or on a network.

use std::path::Path;

use gloria_files::paths::Disk;

/// The kind of disk that a folder is on, or will be. An unknown file system counts as local, because the inbox notices
/// itself what does not work.
pub(super) fn of(folder: &Path) -> Disk {
    // A folder that does not exist yet will be created in its nearest existing parent.
    let folder = std::path::absolute(folder).unwrap_or_else(|_| folder.to_owned());
    if folder
        .ancestors()
        .find(|folder| folder.exists())
        .is_some_and(is_network)
    {
        Disk::Network
    } else {
        Disk::Local
    }
}

/// How many bytes this user can still write where a folder is, or will be; `None` if the system does not say it.
pub fn free_bytes(folder: &Path) -> Option<u64> {
    let folder = std::path::absolute(folder).ok()?;
    let folder = folder.ancestors().find(|folder| folder.exists())?;
    #[cfg(target_os = "linux")]
    {
        let found = rustix::fs::statvfs(folder).ok()?;
        found.f_bavail.checked_mul(found.f_frsize)
    }
    #[cfg(not(target_os = "linux"))]
    {
        let _ = folder;
        None
    }
}

#[cfg(target_os = "linux")]
fn is_network(folder: &Path) -> bool {
    rustix::fs::statfs(folder).is_ok_and(|found| is_network_type(found.f_type))
}

/// Network file systems by their numbers in statfs(2) and the kernel's `magic.h`. FUSE is included for sshfs and the
/// like; on a local FUSE disk this only costs speed.
#[cfg(target_os = "linux")]
fn is_network_type(magic: impl Into<i64>) -> bool {
    const NETWORKS: [i64; 14] = [
        0x6969,      // NFS
        0x517B,      // SMB
        0xFF53_4D42, // CIFS
        0xFE53_4D42, // SMB2
        0x5346_414F, // AFS
        0x6B41_4653, // kAFS
        0x7375_7245, // Coda
        0x0102_1997, // 9P, also of virtual machines
        0x00C3_6400, // Ceph
        0x0BD0_0BD0, // Lustre
        0x4750_4653, // GPFS
        0x7461_636F, // OCFS2
        0x786F_4256, // shared folders of VirtualBox
        0x6573_5546, // FUSE
    ];
    // The kernel's numbers have 32 bits; in a signed field of that size they look negative.
    NETWORKS.contains(&(magic.into() & 0xFFFF_FFFF))
}

/// The path of a share is `\\server\share`.
#[cfg(target_os = "windows")]
fn is_network(folder: &Path) -> bool {
    use std::path::{Component, Prefix};
    matches!(
        folder.components().next(),
        Some(Component::Prefix(prefix)) if matches!(prefix.kind(), Prefix::UNC(..) | Prefix::VerbatimUNC(..))
    )
}

#[cfg(not(any(target_os = "linux", target_os = "windows")))]
fn is_network(_folder: &Path) -> bool {
    false
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn network_file_systems_are_distinguished_from_local_ones() {
        for network in [
            0x6969,
            0xFF53_4D42,
            i64::from(0xFF53_4D42_u32.cast_signed()),
            0x6573_5546,
        ] {
            assert!(is_network_type(network), "{network:x}");
        }
        // ext4, xfs, btrfs, tmpfs, overlayfs.
        for local in [0xEF53_i64, 0x5846_5342, 0x9123_683E, 0x0102_1994, 0x794C_7630] {
            assert!(!is_network_type(local), "{local:x}");
        }
        assert_eq!(of(Path::new("/proc/self/not/there/yet")), Disk::Local);
    }
}
