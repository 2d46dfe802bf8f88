//! Asks WinHTTP for the current user's settings, automatic detection and scripts.

use std::ffi::c_void;
use std::{ptr, slice};

use gloria_core::ports::ProxyRoute;
use url::Url;
use windows_sys::Win32::Foundation::{GetLastError, GlobalFree};
use windows_sys::Win32::Networking::WinHttp::{
    ERROR_WINHTTP_LOGIN_FAILURE, WINHTTP_ACCESS_TYPE_NAMED_PROXY, WINHTTP_ACCESS_TYPE_NO_PROXY,
    WINHTTP_AUTO_DETECT_TYPE_DHCP, WINHTTP_AUTO_DETECT_TYPE_DNS_A, WINHTTP_AUTOPROXY_AUTO_DETECT,
    WINHTTP_AUTOPROXY_CONFIG_URL, WINHTTP_AUTOPROXY_OPTIONS, WINHTTP_CURRENT_USER_IE_PROXY_CONFIG,
    WINHTTP_PROXY_INFO, WinHttpCloseHandle, WinHttpGetIEProxyConfigForCurrentUser, WinHttpGetProxyForUrl,
    WinHttpOpen, WinHttpSetTimeouts,
};
use windows_sys::core::PWSTR;

use super::lists;

/// For each step of downloading a script, in milliseconds.
const FETCH_TIMEOUT: i32 = 5_000;

pub(super) fn resolve(_bus: Option<&str>, origin: &Url) -> Vec<ProxyRoute> {
    let Some(settings) = Settings::of_current_user() else {
        return Vec::new();
    };
    if let Some(routes) = settings.automatic(origin) {
        return routes;
    }
    match &settings.proxy {
        Some(_) if lists::is_bypassed(settings.bypass.as_deref().unwrap_or_default(), origin) => {
            vec![ProxyRoute::Direct]
        }
        Some(list) => lists::of_list(list, origin),
        None => Vec::new(),
    }
}

/// The settings of the user or the administrator.
struct Settings {
    detect: bool,
    script: Option<String>,
    proxy: Option<String>,
    bypass: Option<String>,
}

impl Settings {
    fn of_current_user() -> Option<Self> {
        let mut config = WINHTTP_CURRENT_USER_IE_PROXY_CONFIG::default();
        // SAFETY: the structure is the one asked for, and is written before the call returns.
        #[expect(unsafe_code, reason = "the system's own interface has no safe form")]
        let answered = unsafe { WinHttpGetIEProxyConfigForCurrentUser(&raw mut config) };
        // Its fields are null if the call failed.
        let settings = Self {
            detect: config.fAutoDetect != 0,
            script: copy_and_free(config.lpszAutoConfigUrl),
            proxy: copy_and_free(config.lpszProxy),
            bypass: copy_and_free(config.lpszProxyBypass),
        };
        (answered != 0).then_some(settings)
    }

    /// The result of a script, if one is set or found.
    fn automatic(&self, origin: &Url) -> Option<Vec<ProxyRoute>> {
        if !self.detect && self.script.is_none() {
            return None;
        }
        let session = Session::open()?;
        let script = self.script.as_deref().map(to_utf16);
        let mut options = WINHTTP_AUTOPROXY_OPTIONS::default();
        if self.detect {
            options.dwFlags |= WINHTTP_AUTOPROXY_AUTO_DETECT;
            options.dwAutoDetectFlags = WINHTTP_AUTO_DETECT_TYPE_DHCP | WINHTTP_AUTO_DETECT_TYPE_DNS_A;
        }
        if let Some(script) = &script {
            options.dwFlags |= WINHTTP_AUTOPROXY_CONFIG_URL;
            options.lpszAutoConfigUrl = script.as_ptr();
        }
        let url = to_utf16(origin.as_str());
        let answer = session.proxy_for(&url, options).or_else(|error| {
            // A server may require authentication for the script; the system recommends to try without first.
            if error == ERROR_WINHTTP_LOGIN_FAILURE {
                options.fAutoLogonIfChallenged = 1;
                return session.proxy_for(&url, options);
            }
            Err(error)
        });
        match answer {
            Ok(Answer::Direct) => Some(vec![ProxyRoute::Direct]),
            Ok(Answer::Proxies { list, bypass }) => Some(if lists::is_bypassed(&bypass, origin) {
                vec![ProxyRoute::Direct]
            } else {
                lists::of_list(&list, origin)
            }),
            Err(error) => {
                // Detection is on by default, and most networks have no script.
                tracing::debug!(error, "Windows found no script for proxies");
                None
            }
        }
    }
}

enum Answer {
    Direct,
    Proxies { list: String, bypass: String },
}

/// A WinHTTP session, which is closed when dropped.
struct Session(*mut c_void);

impl Session {
    fn open() -> Option<Self> {
        // SAFETY: all texts are null, which the call allows; a session without a proxy is the one to fetch scripts
        // with.
        #[expect(unsafe_code, reason = "the system's own interface has no safe form")]
        let handle = unsafe {
            WinHttpOpen(
                ptr::null(),
                WINHTTP_ACCESS_TYPE_NO_PROXY,
                ptr::null(),
                ptr::null(),
                0,
            )
        };
        if handle.is_null() {
            return None;
        }
        let session = Self(handle);
        // SAFETY: the handle is open.
        #[expect(unsafe_code, reason = "the system's own interface has no safe form")]
        let limited = unsafe {
            WinHttpSetTimeouts(
                session.0,
                FETCH_TIMEOUT,
                FETCH_TIMEOUT,
                FETCH_TIMEOUT,
                FETCH_TIMEOUT,
            )
        };
        (limited != 0).then_some(session)
    }

    /// The options' script, if any, must outlive the call.
    fn proxy_for(&self, url: &[u16], mut options: WINHTTP_AUTOPROXY_OPTIONS) -> Result<Answer, u32> {
        let mut info = WINHTTP_PROXY_INFO::default();
        // SAFETY: the handle is open, the texts end with a null and outlive the call, and the structures are those
        // asked for.
        #[expect(unsafe_code, reason = "the system's own interface has no safe form")]
        let answered =
            unsafe { WinHttpGetProxyForUrl(self.0, url.as_ptr(), &raw mut options, &raw mut info) };
        if answered == 0 {
            // SAFETY: it has no conditions.
            #[expect(unsafe_code, reason = "the system's own interface has no safe form")]
            return Err(unsafe { GetLastError() });
        }
        let (list, bypass) = (copy_and_free(info.lpszProxy), copy_and_free(info.lpszProxyBypass));
        Ok(match list {
            Some(list) if info.dwAccessType == WINHTTP_ACCESS_TYPE_NAMED_PROXY => Answer::Proxies {
                list,
                bypass: bypass.unwrap_or_default(),
            },
            Some(_) | None => Answer::Direct,
        })
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        // SAFETY: the handle is open, and nobody uses it after this.
        #[expect(unsafe_code, reason = "the system's own interface has no safe form")]
        let _ = unsafe { WinHttpCloseHandle(self.0) };
    }
}

/// As UTF-16 with a null at the end.
fn to_utf16(text: &str) -> Vec<u16> {
    text.encode_utf16().chain([0]).collect()
}

/// Copies and frees a text that one of the calls above returned.
fn copy_and_free(text: PWSTR) -> Option<String> {
    if text.is_null() {
        return None;
    }
    // SAFETY: WinHTTP's texts end with a null, and are the caller's until it frees them, which is here and once.
    #[expect(unsafe_code, reason = "the system's own interface has no safe form")]
    let copy = unsafe {
        let mut length = 0;
        while *text.add(length) != 0 {
            length += 1;
        }
        let copy = String::from_utf16_lossy(slice::from_raw_parts(text, length));
        GlobalFree(text.cast());
        copy
    };
    Some(copy).filter(|copy| !copy.trim().is_empty())
}
