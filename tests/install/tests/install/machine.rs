//! A machine to install on: this one's files under a layer that takes all changes and vanishes with it.

use std::ffi::OsStr;
use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};

use tempfile::TempDir;

use crate::commands::PROGRAM_TIMEOUT;

/// What keeps the mounts, in a namespace of its own, until its input ends: then the kernel removes them.
const KEEP: &str = "
set -e
mount -t tmpfs -o size=3g gloria \"$0\"
mkdir \"$0/upper\" \"$0/work\" \"$0/root\"
mount -t overlay -o \"lowerdir=/,upperdir=$0/upper,workdir=$0/work\" overlay \"$0/root\"
for folder in proc dev sys tmp; do mount --rbind \"/$folder\" \"$0/root/$folder\"; done
echo ready
cat
";

pub(crate) struct Machine {
    keeper: Child,
    folder: TempDir,
}

impl Machine {
    pub(crate) fn new() -> Self {
        // Not in /tmp, which the machine shares with this one.
        let folder = tempfile::Builder::new()
            .prefix("gloria-machine-")
            .tempdir_in("/var/tmp")
            .unwrap();
        let mut keep = Command::new("unshare");
        keep.args(["--mount", "--propagation", "private", "sh", "-c", KEEP])
            .arg(folder.path());
        let mut keeper = keep.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(keeper.stdout.as_mut().unwrap())
            .read_line(&mut line)
            .unwrap();
        assert_eq!(
            line, "ready\n",
            "the layers cannot be mounted; the reason is above"
        );
        Self { keeper, folder }
    }

    /// Turns a command into one that runs on this machine, with the environment that it sets, and limited in time.
    pub(crate) fn enter(&self, command: &Command) -> Command {
        let mut inner = Command::new("timeout");
        inner.args(["--kill-after=5", &PROGRAM_TIMEOUT.to_string()]);
        self.add_way(&mut inner);
        copy(command, &mut inner);
        inner
    }

    /// Returns the command of a program on this machine.
    pub(crate) fn command(&self, program: impl AsRef<OsStr>) -> Command {
        let mut command = self.enter(&Command::new(program));
        command
            .env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin")
            .env("HOME", "/root");
        command
            .env("DEBIAN_FRONTEND", "noninteractive")
            .env("LC_ALL", "C.UTF-8");
        command
    }

    fn add_way(&self, command: &mut Command) {
        command.args(["nsenter", "--mount", "--target", &self.keeper.id().to_string()]);
        // By its path, because it is not in the users' PATH.
        command
            .arg("/usr/sbin/chroot")
            .arg(self.folder.path().join("root"));
    }

    /// Everything that differs from the machine below and has the app's name, with files that were removed left out.
    pub(crate) fn traces(&self) -> Vec<String> {
        let mut find = Command::new("nsenter");
        find.args(["--mount", "--target", &self.keeper.id().to_string(), "find"]);
        find.arg(self.folder.path().join("upper"));
        find.args(["-iname", "*gloria*", "-not", "-type", "c", "-printf", "%P\n"]);
        let output = find.output().unwrap();
        assert!(output.status.success(), "{output:?}");
        String::from_utf8(output.stdout)
            .unwrap()
            .lines()
            .map(str::to_owned)
            .collect()
    }
}

impl Drop for Machine {
    fn drop(&mut self) {
        drop(self.keeper.stdin.take());
        let _ = self.keeper.wait();
    }
}

fn copy(from: &Command, to: &mut Command) {
    to.arg(from.get_program()).args(from.get_args()).env_clear();
    for (name, value) in from.get_envs() {
        match value {
            Some(value) => to.env(name, value),
            None => to.env_remove(name),
        };
    }
}
