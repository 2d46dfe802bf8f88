//! Suspend and resume notifications. A computer with Modern Standby may never send them: there the network disappears
//! and returns, and the clocks show the sleep.

use std::ffi::c_void;
use std::ptr;

use gloria_core::ports::Observation;
use tokio::sync::mpsc;
use windows_sys::Win32::Foundation::ERROR_SUCCESS;
use windows_sys::Win32::System::Power::{
    DEVICE_NOTIFY_SUBSCRIBE_PARAMETERS, PowerRegisterSuspendResumeNotification,
};
use windows_sys::Win32::UI::WindowsAndMessaging::{
    DEVICE_NOTIFY_CALLBACK, PBT_APMRESUMEAUTOMATIC, PBT_APMRESUMESUSPEND, PBT_APMSUSPEND,
};

pub(super) fn watch(_bus: Option<&str>, observations: &mpsc::Sender<Observation>) {
    // Both are never freed, because the system may call at any time while the process lives.
    let context: &'static mpsc::Sender<Observation> = Box::leak(Box::new(observations.clone()));
    let parameters: &'static DEVICE_NOTIFY_SUBSCRIBE_PARAMETERS =
        Box::leak(Box::new(DEVICE_NOTIFY_SUBSCRIBE_PARAMETERS {
            Callback: Some(notified),
            Context: ptr::from_ref(context).cast_mut().cast(),
        }));
    let recipient = ptr::from_ref(parameters).cast_mut().cast();
    let mut registration = ptr::null_mut();
    // SAFETY: with DEVICE_NOTIFY_CALLBACK the recipient is a pointer to DEVICE_NOTIFY_SUBSCRIBE_PARAMETERS; it and what
    // it points to are never freed, and `registration` is written before the call returns.
    #[expect(unsafe_code, reason = "the system's own interface has no safe form")]
    let answer = unsafe {
        PowerRegisterSuspendResumeNotification(DEVICE_NOTIFY_CALLBACK, recipient, &raw mut registration)
    };
    if answer != ERROR_SUCCESS {
        tracing::warn!(answer, "Windows does not tell of sleep; the clocks still show it");
    }
}

/// Called by the system on one of its own threads.
#[expect(unsafe_code, reason = "the system's own interface has no safe form")]
unsafe extern "system" fn notified(context: *const c_void, event: u32, _setting: *const c_void) -> u32 {
    // SAFETY: the context is the sender that `watch` leaked, which is never changed and may be used by any thread.
    let observations = unsafe { &*context.cast::<mpsc::Sender<Observation>>() };
    let observation = match event {
        PBT_APMSUSPEND => Some(Observation::AboutToSleep),
        // The first is always sent, the second also if the user woke the computer.
        PBT_APMRESUMEAUTOMATIC | PBT_APMRESUMESUSPEND => Some(Observation::Woke),
        _ => None,
    };
    if let Some(observation) = observation {
        // The system must not be delayed; if the core lags so far behind, it notices the sleep by the clocks.
        let _ = observations.try_send(observation);
    }
    ERROR_SUCCESS
}
