//! Returns memory to the system when a program comes to rest.

/// Returns the free parts of the heaps, and takes out of memory what was only read from files: most code and constants
/// of a program are used once, at its start. What is used again is mapped again, usually from the system's file cache.
///
/// It takes a few milliseconds, so it is for programs at rest.
#[cfg(target_os = "linux")]
pub fn return_memory() {
    let maps = match std::fs::read_to_string("/proc/self/smaps") {
        Ok(maps) => maps,
        Err(error) => return tracing::debug!(%error, "the program's mappings are not known"),
    };
    for range in unchanged(&maps) {
        unmap(&range);
    }
    drop(maps);
    trim_heaps();
}

/// Other systems trim idle programs by themselves.
#[cfg(not(target_os = "linux"))]
pub fn return_memory() {}

/// The address ranges of private, read-only file mappings of which no page was changed since it was mapped. A changed
/// page, such as a constant with an address in it, differs from the file and must stay, in memory or in swap.
#[cfg(target_os = "linux")]
fn unchanged(maps: &str) -> Vec<std::ops::Range<usize>> {
    let mut found = Vec::new();
    let mut candidate = None;
    for line in maps.lines() {
        if let Some(range) = header(line) {
            candidate = range;
        } else if let Some(size) = line.strip_prefix("Anonymous:") {
            candidate = candidate.filter(|_| size.trim() == "0 kB");
        } else if let Some(size) = line.strip_prefix("Swap:") {
            found.extend(candidate.take().filter(|_| size.trim() == "0 kB"));
        }
    }
    found
}

/// `None` if the line does not begin a mapping; `Some(None)` if it begins one that must stay as it is.
#[cfg(target_os = "linux")]
fn header(line: &str) -> Option<Option<std::ops::Range<usize>>> {
    let mut fields = line.split_whitespace();
    let (begin, end) = fields.next()?.split_once('-')?;
    let begin = usize::from_str_radix(begin, 16).ok()?;
    let end = usize::from_str_radix(end, 16).ok()?;
    let is_private_and_read_only = matches!(fields.next(), Some("r-xp" | "r--p"));
    let is_of_file = fields.nth(2).is_some_and(|inode| inode != "0");
    Some((is_private_and_read_only && is_of_file).then_some(begin..end))
}

#[cfg(target_os = "linux")]
#[expect(unsafe_code, reason = "only the system's own function does it")]
fn unmap(range: &std::ops::Range<usize>) {
    use rustix::mm::{Advice, madvise};

    let begin = std::ptr::without_provenance_mut(range.start);
    // SAFETY: the range is a mapping that this process cannot write to and whose pages are those of the file, so that
    // each page that is accessed from now on is read from the file with the same contents.
    let unmapped = unsafe { madvise(begin, range.len(), Advice::LinuxDontNeed) };
    if let Err(error) = unmapped {
        tracing::debug!(%error, "a part of the program stays in memory");
    }
}

#[cfg(all(target_os = "linux", target_env = "gnu"))]
fn trim_heaps() {
    use std::ffi::c_int;

    #[expect(unsafe_code, reason = "only the C library's own function does it")]
    // SAFETY: the declaration is that of malloc.h, and the function takes any number.
    unsafe extern "C" {
        safe fn malloc_trim(kept: usize) -> c_int;
    }

    // Whether anything was free does not matter.
    let _ = malloc_trim(0);
}

/// Other C libraries return free memory by themselves.
#[cfg(all(target_os = "linux", not(target_env = "gnu")))]
fn trim_heaps() {}

#[cfg(test)]
#[cfg(target_os = "linux")]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn only_read_only_private_mappings_of_files_without_changed_pages_are_taken_out() {
        let maps = "\
            1000-3000 r--p 00000000 fe:00 42 /usr/bin/gloria\n\
            Rss: 8 kB\nAnonymous: 0 kB\nSwap: 0 kB\nSwapPss: 0 kB\n\
            3000-5000 r-xp 00002000 fe:00 42 /usr/bin/gloria\n\
            Rss: 8 kB\nAnonymous: 0 kB\nSwap: 0 kB\nSwapPss: 0 kB\n\
            5000-6000 r--p 00004000 fe:00 42 /usr/bin/gloria\n\
            Rss: 4 kB\nAnonymous: 4 kB\nSwap: 0 kB\n\
            6000-7000 r--p 00004000 fe:00 42 /usr/bin/gloria\n\
            Rss: 0 kB\nAnonymous: 0 kB\nSwap: 4 kB\n\
            7000-8000 rw-p 00005000 fe:00 42 /usr/bin/gloria\n\
            Rss: 4 kB\nAnonymous: 0 kB\nSwap: 0 kB\n\
            8000-9000 rw-p 00000000 00:00 0 [heap]\n\
            Anonymous: 0 kB\nSwap: 0 kB\n\
            9000-a000 r-xp 00000000 00:00 0 [vdso]\n\
            Anonymous: 0 kB\nSwap: 0 kB\n\
            a000-b000 rw-s 00000000 fe:00 43 /home/inbox.sqlite-shm\n\
            Anonymous: 0 kB\nSwap: 0 kB\n\
            b000-c000 r-xp 00000000 fe:00 44 /usr/lib/a library.so\n\
            Anonymous: 0 kB\nSwap: 0 kB\nVmFlags: rd ex\n\
            c000-d000 r-xp 00000000 fe:00 44 /usr/lib/without-known-swap.so\n\
            Anonymous: 0 kB\n";
        let found = unchanged(maps);
        assert_eq!(found, [0x1000..0x3000, 0x3000..0x5000, 0xb000..0xc000]);
        assert!(unchanged("").is_empty());
    }

    fn resident_code() -> usize {
        let maps = fs::read_to_string("/proc/self/smaps").unwrap();
        let mut counts = false;
        let mut total = 0;
        for line in maps.lines() {
            if header(line).is_some() {
                counts = line.contains(" r-xp ");
            } else if let Some(size) = line.strip_prefix("Rss:") {
                let size = size.trim().trim_end_matches(" kB").parse::<usize>();
                total += if counts { size.unwrap() } else { 0 };
            }
        }
        total
    }

    #[test]
    fn code_that_ran_leaves_memory_and_runs_again() {
        let before = resident_code();
        return_memory();
        let after = resident_code();
        assert!(after < before, "{after} KiB of {before} KiB");
        return_memory();
        assert!(unchanged("").is_empty());
    }
}
