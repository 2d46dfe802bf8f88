//! IOKit's signals of sleep, on a thread with a run loop of its own, because the command line has no other. A wake-up
//! without a screen is not signalled; the clocks show it.

use std::ffi::c_void;
use std::ptr;
use std::sync::atomic::{AtomicU32, Ordering};

use gloria_core::ports::Observation;
use objc2_core_foundation::{CFRunLoop, kCFRunLoopDefaultMode};
use objc2_io_kit::{IOAllowPowerChange, IONotificationPort, IORegisterForSystemPower};
use tokio::sync::mpsc;

// IOKit/IOMessage.h: `iokit_common_msg` of 0x270, 0x280 and 0x300.
const CAN_SYSTEM_SLEEP: u32 = 0xE000_0270;
const SYSTEM_WILL_SLEEP: u32 = 0xE000_0280;
const SYSTEM_HAS_POWERED_ON: u32 = 0xE000_0300;

struct Context {
    observations: mpsc::Sender<Observation>,
    /// The connection to the power domain; 0 until it is made.
    domain: AtomicU32,
}

pub(super) fn watch(_bus: Option<&str>, observations: &mpsc::Sender<Observation>) {
    // It is never freed, because the registration lasts as long as the process.
    let context: &'static Context = Box::leak(Box::new(Context {
        observations: observations.clone(),
        domain: AtomicU32::new(0),
    }));
    let (mut port, mut notifier) = (ptr::null_mut(), 0);
    // SAFETY: the context is never freed, `notified` has the signature asked for, and both results are written before
    // the call returns.
    #[expect(unsafe_code, reason = "the system's own interface has no safe form")]
    let domain = unsafe {
        IORegisterForSystemPower(
            ptr::from_ref(context).cast_mut().cast(),
            &raw mut port,
            Some(notified),
            &raw mut notifier,
        )
    };
    if domain == 0 {
        return tracing::warn!("macOS does not tell of sleep; the clocks still show it");
    }
    context.domain.store(domain, Ordering::Relaxed);
    // SAFETY: the port was made by the successful call above and is never destroyed; the mode is a constant of the
    // framework.
    #[expect(unsafe_code, reason = "the system's own interface has no safe form")]
    let (source, mode) = unsafe { (IONotificationPort::run_loop_source(port), kCFRunLoopDefaultMode) };
    if let Some(run_loop) = CFRunLoop::current() {
        run_loop.add_source(source.as_deref(), mode);
        CFRunLoop::run();
    }
}

/// Called by this thread's run loop.
#[expect(unsafe_code, reason = "the system's own interface has no safe form")]
unsafe extern "C-unwind" fn notified(
    context: *mut c_void,
    _service: u32,
    message: u32,
    argument: *mut c_void,
) {
    // SAFETY: the context is the one that `watch` leaked, which is never changed but through its atomic.
    let context = unsafe { &*context.cast::<Context>() };
    let observation = match message {
        SYSTEM_WILL_SLEEP => Some(Observation::AboutToSleep),
        SYSTEM_HAS_POWERED_ON => Some(Observation::Woke),
        _ => None,
    };
    if let Some(observation) = observation {
        // Sleep must not be delayed; if the core lags so far behind, it notices the sleep by the clocks.
        let _ = context.observations.try_send(observation);
    }
    if matches!(message, CAN_SYSTEM_SLEEP | SYSTEM_WILL_SLEEP) {
        // Without an answer the system waits for 30 s before it sleeps.
        IOAllowPowerChange(
            context.domain.load(Ordering::Relaxed),
            argument.addr().cast_signed(),
        );
    }
}
