//! Configures the C library's memory for a program that is idle for days.

/// Makes the program's threads share two heaps and return free memory, however it is started: variables like
/// `MALLOC_ARENA_MAX` would be missing if another program starts it. Must be called before there is another thread.
#[cfg(all(target_os = "linux", target_env = "gnu"))]
pub fn keep_heaps_small() {
    use std::ffi::c_int;

    // From malloc.h.
    const M_TRIM_THRESHOLD: c_int = -1;
    const M_TOP_PAD: c_int = -2;
    const M_MMAP_THRESHOLD: c_int = -3;
    const M_ARENA_MAX: c_int = -8;

    /// The thread that allocates most has one, all others share the second. By default each of the agent's ten threads
    /// would have one, and in total a megabyte would be wasted.
    const MAX_HEAPS: c_int = 2;
    /// In bytes. By default the C library reacts to the first large temporary block, such as a picture for the tray, by
    /// keeping two megabytes for the next one.
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
        // It rejects unknown parameters, and memory is then managed as usual.
        let _ = mallopt(parameter, value);
    }
}

/// Other C libraries have one heap and no such thresholds.
#[cfg(not(all(target_os = "linux", target_env = "gnu")))]
pub fn keep_heaps_small() {}
