//! How the C library keeps memory for a program that does little for days.

/// Has the threads of this program share two heaps and give back what is free, however it was started: variables like
/// `MALLOC_ARENA_MAX` would be missing where somebody else starts it. Must be called before there is another thread.
#[cfg(all(target_os = "linux", target_env = "gnu"))]
pub fn keep_heaps_small() {
    use std::ffi::c_int;

    // Of malloc.h.
    const M_TRIM_THRESHOLD: c_int = -1;
    const M_TOP_PAD: c_int = -2;
    const M_MMAP_THRESHOLD: c_int = -3;
    const M_ARENA_MAX: c_int = -8;

    /// The thread that allocates most has one, all others share the second. By itself each of the agent's ten threads
    /// would have one, and a megabyte in all would stay half empty.
    const MAX_HEAPS: c_int = 2;
    /// In bytes. By itself the C library learns from the first megabyte that was needed for a moment, such as a picture
    /// for the tray, to keep two megabytes for the next.
    const MAX_KEPT_BYTES: c_int = 64 * 1024;

    #[expect(unsafe_code, reason = "only the C library's own function sets it")]
    // SAFETY: the declaration is that of malloc.h, and the function takes any two numbers.
    unsafe extern "C" {
        safe fn mallopt(parameter: c_int, value: c_int) -> c_int;
    }

    for (parameter, value) in [
        (M_ARENA_MAX, MAX_HEAPS),
        (M_MMAP_THRESHOLD, MAX_KEPT_BYTES),
        (M_TRIM_THRESHOLD, MAX_KEPT_BYTES),
        (M_TOP_PAD, MAX_KEPT_BYTES),
    ] {
        // It refuses what it does not know, and memory is then kept as usual.
        let _ = mallopt(parameter, value);
    }
}

/// Other C libraries have one heap and no such thresholds.
#[cfg(not(all(target_os = "linux", target_env = "gnu")))]
pub fn keep_heaps_small() {}
