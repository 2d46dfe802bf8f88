//! Asks CFNetwork for static settings, scripts, and scripts that the network announces.

use std::cell::RefCell;
use std::ffi::c_void;
use std::ptr::{self, NonNull};

use gloria_core::ports::ProxyRoute;
use objc2_cf_network::{
    CFNetworkCopyProxiesForURL, CFNetworkCopySystemProxySettings, CFNetworkExecuteProxyAutoConfigurationURL,
    kCFProxyAutoConfigurationURLKey, kCFProxyHostNameKey, kCFProxyPortNumberKey,
    kCFProxyTypeAutoConfigurationURL, kCFProxyTypeHTTP, kCFProxyTypeHTTPS, kCFProxyTypeKey, kCFProxyTypeNone,
    kCFProxyTypeSOCKS,
};
use objc2_core_foundation::{
    CFArray, CFDictionary, CFError, CFNumber, CFRetained, CFRunLoop, CFStreamClientContext, CFString, CFType,
    CFURL, kCFRunLoopDefaultMode,
};
use url::Url;

use super::lists;

/// How long downloading and running a script may take, in seconds.
const SCRIPT_TIMEOUT: f64 = 10.0;

type Entry = CFDictionary<CFString, CFType>;

/// The result of a script.
type ScriptResult = RefCell<Option<CFRetained<CFArray>>>;

pub(super) fn resolve(_bus: Option<&str>, origin: &Url) -> Vec<ProxyRoute> {
    let Some(url) = CFURL::from_string(None, &CFString::from_str(origin.as_str()), None) else {
        return Vec::new();
    };
    // SAFETY: the call has no preconditions.
    #[expect(unsafe_code, reason = "the system's own interface has no safe form")]
    let Some(settings) = (unsafe { CFNetworkCopySystemProxySettings() }) else {
        return Vec::new();
    };
    // SAFETY: the settings are unchanged from the call above.
    #[expect(unsafe_code, reason = "the system's own interface has no safe form")]
    let proxies = unsafe { CFNetworkCopyProxiesForURL(&url, &settings) };
    let mut routes = Vec::new();
    for entry in entries(&proxies) {
        match script(&entry) {
            Some(script) => {
                let result = run(&script, &url);
                routes.extend(
                    result
                        .iter()
                        .flat_map(|result| entries(result))
                        .filter_map(|entry| route(&entry)),
                );
            }
            None => routes.extend(route(&entry)),
        }
    }
    routes
}

fn entries(proxies: &CFArray) -> Vec<CFRetained<Entry>> {
    // SAFETY: CFNetwork's lists of proxies contain dictionaries whose keys are strings.
    #[expect(unsafe_code, reason = "the system's own interface has no safe form")]
    let proxies = unsafe { proxies.cast_unchecked::<Entry>() };
    proxies.to_vec()
}

fn text(entry: &Entry, key: &CFString) -> Option<CFRetained<CFString>> {
    entry.get(key)?.downcast().ok()
}

/// The URL of an entry's script.
fn script(entry: &Entry) -> Option<CFRetained<CFURL>> {
    // SAFETY: they are constants of the framework.
    #[expect(unsafe_code, reason = "the system's own interface has no safe form")]
    let (kind, of_script, address) = unsafe {
        (
            kCFProxyTypeKey,
            kCFProxyTypeAutoConfigurationURL,
            kCFProxyAutoConfigurationURLKey,
        )
    };
    if *text(entry, kind)? != *of_script {
        return None;
    }
    entry.get(address)?.downcast().ok()
}

/// The route for an entry.
fn route(entry: &Entry) -> Option<ProxyRoute> {
    // SAFETY: they are constants of the framework.
    #[expect(unsafe_code, reason = "the system's own interface has no safe form")]
    let (kind, host, port, none, http, https, socks) = unsafe {
        (
            kCFProxyTypeKey,
            kCFProxyHostNameKey,
            kCFProxyPortNumberKey,
            kCFProxyTypeNone,
            kCFProxyTypeHTTP,
            kCFProxyTypeHTTPS,
            kCFProxyTypeSOCKS,
        )
    };
    let kind = text(entry, kind)?;
    if *kind == *none {
        return Some(ProxyRoute::Direct);
    }
    // An HTTPS proxy is an HTTP proxy that tunnels https.
    let (scheme, usual) = if *kind == *http || *kind == *https {
        ("http", 80)
    } else if *kind == *socks {
        ("socks5", 1080)
    } else {
        return None;
    };
    let port = entry.get(port).and_then(|port| port.downcast::<CFNumber>().ok());
    let port = port
        .and_then(|port| u16::try_from(port.as_i32()?).ok())
        .unwrap_or(usual);
    lists::of_parts(scheme, &text(entry, host)?.to_string(), port)
}

/// Runs a script on this thread's run loop.
fn run(script: &CFURL, url: &CFURL) -> Option<CFRetained<CFArray>> {
    let run_loop = CFRunLoop::current()?;
    let result = Box::new(ScriptResult::default());
    let mut context = CFStreamClientContext {
        version: 0,
        info: ptr::from_ref::<ScriptResult>(&result).cast_mut().cast(),
        retain: None,
        release: None,
        copyDescription: None,
    };
    // SAFETY: `on_result` has the required signature, the context is copied by the call, and its target is not freed
    // before the result arrives.
    #[expect(unsafe_code, reason = "the system's own interface has no safe form")]
    let source = unsafe {
        CFNetworkExecuteProxyAutoConfigurationURL(script, url, Some(on_result), NonNull::from(&mut context))
    };
    // SAFETY: it is a constant of the framework.
    #[expect(unsafe_code, reason = "the system's own interface has no safe form")]
    let mode = unsafe { kCFRunLoopDefaultMode };
    run_loop.add_source(Some(&source), mode);
    CFRunLoop::run_in_mode(mode, SCRIPT_TIMEOUT, false);
    run_loop.remove_source(Some(&source), mode);
    source.invalidate();
    let answer = result.take();
    if answer.is_none() {
        tracing::info!("no answer of the script for proxies in time");
        // After a timeout the callback may still write to it, so it is leaked instead of freed.
        Box::leak(result);
    }
    answer
}

/// Called by the run loop of `run`, once.
#[expect(unsafe_code, reason = "the system's own interface has no safe form")]
unsafe extern "C-unwind" fn on_result(
    context: NonNull<c_void>,
    proxies: NonNull<CFArray>,
    error: *mut CFError,
) {
    // SAFETY: the context is the one that `run` passed, which is used by this thread alone.
    let result = unsafe { context.cast::<ScriptResult>().as_ref() };
    if error.is_null() {
        // SAFETY: without an error it is a list, which is the caller's; this keeps it.
        result.replace(Some(unsafe { CFRetained::retain(proxies) }));
    }
    if let Some(run_loop) = CFRunLoop::current() {
        run_loop.stop();
    }
}
