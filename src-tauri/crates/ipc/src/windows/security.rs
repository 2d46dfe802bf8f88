//! Access rights and owner of the pipe. By default, other users can read what is written to a pipe.

use std::ffi::c_void;
use std::io;
use std::os::windows::io::{AsRawHandle as _, FromRawHandle as _, OwnedHandle};
use std::ptr;

use tokio::net::windows::named_pipe::{NamedPipeClient, NamedPipeServer, ServerOptions};
use windows_sys::Win32::Foundation::{ERROR_SUCCESS, LocalFree};
use windows_sys::Win32::Security::Authorization::{
    ConvertSidToStringSidW, ConvertStringSecurityDescriptorToSecurityDescriptorW, GetSecurityInfo,
    SDDL_REVISION_1, SE_KERNEL_OBJECT,
};
use windows_sys::Win32::Security::{
    EqualSid, GetTokenInformation, OWNER_SECURITY_INFORMATION, PSID, SECURITY_ATTRIBUTES, TOKEN_QUERY,
    TOKEN_USER, TokenUser,
};
use windows_sys::Win32::System::Threading::{GetCurrentProcess, OpenProcessToken};

/// Creates a pipe that belongs to the user, and that only the user can open. The first instance must be the only one,
/// because another program may have taken the name to receive the app's requests.
pub(super) fn create_pipe(name: &str, is_first: bool) -> io::Result<NamedPipeServer> {
    let descriptor = Descriptor::of(&CurrentUser::find()?.text()?)?;
    let mut attributes = SECURITY_ATTRIBUTES {
        nLength: size_of::<SECURITY_ATTRIBUTES>() as u32,
        lpSecurityDescriptor: descriptor.0,
        bInheritHandle: 0,
    };
    let mut options = ServerOptions::new();
    options.first_pipe_instance(is_first).reject_remote_clients(true);
    // SAFETY: the attributes are whole, and their descriptor lives until after the call, which copies it.
    #[expect(unsafe_code, reason = "the system's own interface has no safe form")]
    unsafe {
        options.create_with_security_attributes_raw(name, (&raw mut attributes).cast())
    }
}

/// Whether this user created the pipe at the other end.
pub(super) fn is_own(pipe: &NamedPipeClient) -> io::Result<bool> {
    let user = CurrentUser::find()?;
    let mut owner: PSID = ptr::null_mut();
    let mut descriptor = Descriptor(ptr::null_mut());
    // SAFETY: the handle is open; the owner and the descriptor that it points into are written before the call returns,
    // and the descriptor is freed by its owner here. Pointers that are null are not written.
    #[expect(unsafe_code, reason = "the system's own interface has no safe form")]
    let answer = unsafe {
        GetSecurityInfo(
            pipe.as_raw_handle(),
            SE_KERNEL_OBJECT,
            OWNER_SECURITY_INFORMATION,
            &raw mut owner,
            ptr::null_mut(),
            ptr::null_mut(),
            ptr::null_mut(),
            &raw mut descriptor.0,
        )
    };
    if answer != ERROR_SUCCESS {
        return Err(io::Error::from_raw_os_error(answer.cast_signed()));
    }
    if owner.is_null() {
        return Ok(false);
    }
    // SAFETY: both are identifiers that the system wrote, in memory that lives until the end of this function.
    #[expect(unsafe_code, reason = "the system's own interface has no safe form")]
    Ok(unsafe { EqualSid(owner, user.sid()) } != 0)
}

/// The user of this process.
struct CurrentUser(Vec<u64>);

impl CurrentUser {
    fn find() -> io::Result<Self> {
        let mut token = ptr::null_mut();
        // SAFETY: the pseudo handle of this process needs no closing, and the token is written before the call returns.
        #[expect(unsafe_code, reason = "the system's own interface has no safe form")]
        let opened = unsafe { OpenProcessToken(GetCurrentProcess(), TOKEN_QUERY, &raw mut token) };
        if opened == 0 {
            return Err(io::Error::last_os_error());
        }
        // SAFETY: the handle was opened just now, and nobody else has it.
        #[expect(unsafe_code, reason = "the system's own interface has no safe form")]
        let token = unsafe { OwnedHandle::from_raw_handle(token) };
        let mut length = 0;
        // SAFETY: with no room given nothing but the length is written.
        #[expect(unsafe_code, reason = "the system's own interface has no safe form")]
        unsafe {
            GetTokenInformation(
                token.as_raw_handle(),
                TokenUser,
                ptr::null_mut(),
                0,
                &raw mut length,
            );
        }
        // As wide as what is written into it has to be aligned.
        let mut user = vec![
            0_u64;
            (length as usize)
                .max(size_of::<TOKEN_USER>())
                .div_ceil(size_of::<u64>())
        ];
        let room = (user.len() * size_of::<u64>()) as u32;
        // SAFETY: there is as much room as is said, aligned for the structure that is written.
        #[expect(unsafe_code, reason = "the system's own interface has no safe form")]
        let found = unsafe {
            GetTokenInformation(
                token.as_raw_handle(),
                TokenUser,
                user.as_mut_ptr().cast(),
                room,
                &raw mut length,
            )
        };
        if found == 0 {
            return Err(io::Error::last_os_error());
        }
        Ok(Self(user))
    }

    fn sid(&self) -> PSID {
        // SAFETY: the system wrote this structure there, and it is aligned and large enough.
        #[expect(unsafe_code, reason = "the system's own interface has no safe form")]
        let user = unsafe { &*self.0.as_ptr().cast::<TOKEN_USER>() };
        user.User.Sid
    }

    /// As `S-1-5-21-…`.
    fn text(&self) -> io::Result<String> {
        let mut text = ptr::null_mut();
        // SAFETY: the identifier is one that the system wrote; the text is written before the call returns.
        #[expect(unsafe_code, reason = "the system's own interface has no safe form")]
        let made = unsafe { ConvertSidToStringSidW(self.sid(), &raw mut text) };
        if made == 0 {
            return Err(io::Error::last_os_error());
        }
        let mut length = 0;
        // SAFETY: the text ends with a null, up to which it is read, and is freed once, after that.
        #[expect(unsafe_code, reason = "the system's own interface has no safe form")]
        unsafe {
            while *text.add(length) != 0 {
                length += 1;
            }
            let copy = String::from_utf16_lossy(std::slice::from_raw_parts(text, length));
            LocalFree(text.cast());
            Ok(copy)
        }
    }
}

/// A security descriptor in memory of the system's, or none.
struct Descriptor(*mut c_void);

impl Descriptor {
    /// The user with this identifier is the owner, and has all rights; nobody else has any, nor inherits some.
    fn of(user: &str) -> io::Result<Self> {
        let text: Vec<u16> = format!("O:{user}D:P(A;;GA;;;{user})")
            .encode_utf16()
            .chain([0])
            .collect();
        let mut descriptor = Self(ptr::null_mut());
        // SAFETY: the text ends with a null; the descriptor is written before the call returns, and freed when dropped.
        #[expect(unsafe_code, reason = "the system's own interface has no safe form")]
        let made = unsafe {
            ConvertStringSecurityDescriptorToSecurityDescriptorW(
                text.as_ptr(),
                SDDL_REVISION_1,
                &raw mut descriptor.0,
                ptr::null_mut(),
            )
        };
        if made == 0 {
            return Err(io::Error::last_os_error());
        }
        Ok(descriptor)
    }
}

impl Drop for Descriptor {
    fn drop(&mut self) {
        // SAFETY: it was allocated by the system for us to free, or is null, which is no error.
        #[expect(unsafe_code, reason = "the system's own interface has no safe form")]
        unsafe {
            LocalFree(self.0);
        }
    }
}

#[cfg(test)]
mod tests {
    use tokio::net::windows::named_pipe::ClientOptions;

    use super::*;

    /// Wine 8 ignores the flag, so this one fails there.
    #[tokio::test]
    async fn nobody_takes_the_name_of_a_pipe() {
        let name = format!(r"\\.\pipe\gloria-notify-test-{}-1", std::process::id());
        let _server = create_pipe(&name, true).expect("a pipe");
        assert!(create_pipe(&name, true).is_err(), "the name is taken");
    }

    #[tokio::test]
    async fn a_pipe_is_its_users() {
        let name = format!(r"\\.\pipe\gloria-notify-test-{}-2", std::process::id());
        let server = create_pipe(&name, true).expect("a pipe");
        let client = ClientOptions::new().open(&name).expect("opened by its user");
        assert!(is_own(&client).expect("its owner is known"));
        drop((server, client));
    }
}
