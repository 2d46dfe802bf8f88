//! A named network namespace, which is removed with its owner.

use std::fs::{self, File};
use std::os::fd::AsFd as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, Once};
use std::thread;

use rustix::thread::{LinkNameSpaceType, move_into_link_name_space};

/// The prefix of the namespaces' names, before the process id.
const PREFIX: &str = "gloria-netns-";

/// A machine of the test network. Its files in `/etc/netns` replace those in `/etc` for its programs.
pub(crate) struct Host {
    name: String,
}

impl Host {
    /// Returns a host with loopback, forwarding, and no name server.
    pub(crate) fn new(role: &str) -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        // The first `ip netns add` on a machine creates its folder, and two at the same time conflict.
        static ADDING: Mutex<()> = Mutex::new(());
        static SWEEP: Once = Once::new();
        SWEEP.call_once(sweep);
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let host = Self {
            name: format!("{PREFIX}{}-{number}-{role}", std::process::id()),
        };
        {
            let _adding = ADDING.lock().unwrap();
            run(Command::new("ip").args(["netns", "add", &host.name]));
        }
        host.ip("link set lo up");
        host.within(|| {
            for (setting, value) in [
                ("ipv4/ip_forward", "1"),
                ("ipv6/conf/all/forwarding", "1"),
                // Duplicate address detection would take seconds.
                ("ipv6/conf/all/accept_dad", "0"),
                ("ipv6/conf/default/accept_dad", "0"),
                // A response may return over another link than its request.
                ("ipv4/conf/all/rp_filter", "0"),
                ("ipv4/conf/default/rp_filter", "0"),
            ] {
                fs::write(Path::new("/proc/sys/net").join(setting), value).unwrap();
            }
        });
        host.write("hosts", "127.0.0.1 localhost\n");
        // Nothing listens there, which fails at once.
        host.write("resolv.conf", "nameserver 127.0.0.1\n");
        host
    }

    /// Runs `ip` with these arguments on this host.
    pub(crate) fn ip(&self, words: &str) {
        run(Command::new("ip").args(["-n", &self.name]).args(words.split(' ')));
    }

    /// Like [`Host::ip`], for what some kernels do not support. Returns whether it succeeded.
    pub(crate) fn try_ip(&self, words: &str) -> bool {
        let mut command = Command::new("ip");
        succeeds(command.args(["-n", &self.name]).args(words.split(' ')))
    }

    /// Connects `link` of this host with `far_link` of another, and sets both up.
    pub(crate) fn cable(&self, link: &str, far: &Self, far_link: &str) {
        self.ip(&format!(
            "link add {link} type veth peer name {far_link} netns {}",
            far.name
        ));
        self.ip(&format!("link set {link} up"));
        far.ip(&format!("link set {far_link} up"));
    }

    /// Gives a link an address, such as `192.0.2.2/24`.
    pub(crate) fn address(&self, link: &str, address: &str) {
        self.ip(&format!("address add {address} dev {link}"));
    }

    /// Replaces the packet filter of this host by these rules at one hook, `forward` or `output`.
    pub(crate) fn filter(&self, hook: &str, rules: &str) {
        let chain = format!("chain {hook} {{\ntype filter hook {hook} priority 0\n{rules}\n}}");
        let table = format!("flush ruleset\ntable inet faults {{\n{chain}\n}}\n");
        let file = tempfile::NamedTempFile::new().unwrap();
        fs::write(file.path(), table).unwrap();
        run(self.command("nft").arg("-f").arg(file.path()));
    }

    /// Removes the packet filter.
    pub(crate) fn unfilter(&self) {
        run(self.command("nft").args(["flush", "ruleset"]));
    }

    /// Returns the local addresses of established TCP connections to a remote port.
    pub(crate) fn connected_from(&self, port: u16) -> Vec<String> {
        let mut command = self.command("ss");
        command.args(["-Htn", "state", "established", "dport", "=", &format!(":{port}")]);
        let text = String::from_utf8(run(&mut command).stdout).unwrap();
        let local = text.lines().filter_map(|line| line.split_whitespace().nth(2));
        local
            .map(|address| address.rsplit_once(':').unwrap().0.to_owned())
            .collect()
    }

    /// Runs `tc` with these arguments, which some kernels do not support. Returns whether it succeeded.
    pub(crate) fn try_queue(&self, words: &str) -> bool {
        succeeds(self.command("tc").arg("qdisc").args(words.split(' ')))
    }

    /// Writes a file that programs on this host find in `/etc`, including running ones.
    pub(crate) fn write(&self, file: &str, text: &str) {
        let folder = self.files();
        fs::create_dir_all(&folder).unwrap();
        // In place, because running programs have this file mounted.
        fs::write(folder.join(file), text).unwrap();
    }

    /// Returns a command on this host. Its process is killed when the thread that starts it ends.
    pub(crate) fn command(&self, program: impl AsRef<Path>) -> Command {
        let mut command = Command::new("ip");
        command.args(["netns", "exec", &self.name]);
        command.args(["setpriv", "--pdeathsig", "KILL", "--"]);
        command.arg(program.as_ref());
        command
    }

    /// Runs `work` on a thread in this host's namespace: sockets that it opens stay there.
    pub(crate) fn within<T: Send>(&self, work: impl FnOnce() -> T + Send) -> T {
        let namespace = File::open(Path::new("/run/netns").join(&self.name)).unwrap();
        thread::scope(|scope| {
            let work = scope.spawn(move || {
                move_into_link_name_space(namespace.as_fd(), Some(LinkNameSpaceType::Network)).unwrap();
                work()
            });
            work.join().unwrap()
        })
    }

    fn files(&self) -> PathBuf {
        Path::new("/etc/netns").join(&self.name)
    }
}

impl Drop for Host {
    fn drop(&mut self) {
        remove(&self.name);
    }
}

/// Removes the namespaces of killed runs.
fn sweep() {
    let names = fs::read_dir("/run/netns").into_iter().flatten().flatten();
    for name in names.filter_map(|entry| entry.file_name().into_string().ok()) {
        let owner = name
            .strip_prefix(PREFIX)
            .and_then(|rest| rest.split('-').next())
            .and_then(|pid| pid.parse::<u32>().ok());
        if owner.is_some_and(|pid| !Path::new("/proc").join(pid.to_string()).exists()) {
            remove(&name);
        }
    }
}

fn remove(name: &str) {
    succeeds(Command::new("ip").args(["netns", "del", name]));
    // It may not exist.
    let _ = fs::remove_dir_all(Path::new("/etc/netns").join(name));
}

/// Runs a command to its end, which must be a success.
fn run(command: &mut Command) -> Output {
    let output = command.stdin(Stdio::null()).output().unwrap();
    assert!(
        output.status.success(),
        "{command:?} ended with {}: {}",
        output.status,
        String::from_utf8_lossy(&output.stderr)
    );
    output
}

fn succeeds(command: &mut Command) -> bool {
    command
        .stdin(Stdio::null())
        .output()
        .is_ok_and(|output| output.status.success())
}
