//! The processes of a command: their group, and what of them runs.

use std::process::Command;

/// How much of a process's command line is listed. The name of the test program and its first arguments are enough.
const MAX_LINE: usize = 200;

/// Makes a command the leader of a process group, so that all of it can be killed.
pub(crate) fn in_own_group(command: &mut Command) {
    #[cfg(unix)]
    std::os::unix::process::CommandExt::process_group(command, 0);
    #[cfg(not(unix))]
    let _ = command;
}

/// Kills the process group with this leader.
pub(crate) fn kill_group(leader: u32) {
    #[cfg(unix)]
    if let Some(leader) = i32::try_from(leader)
        .ok()
        .and_then(rustix::process::Pid::from_raw)
    {
        // An error means that it is gone, as intended.
        rustix::process::kill_process_group(leader, rustix::process::Signal::KILL).ok();
    }
    #[cfg(not(unix))]
    let _ = leader;
}

/// Returns a line for each process that this one started, and that those started: id, running time, state, and command
/// line.
pub(crate) fn descendants_of(ancestor: u32) -> String {
    let listed = Command::new("ps")
        .args(["-e", "-o", "pid=,ppid=,etime=,stat=,args="])
        .output();
    match listed {
        Ok(listed) => select(&String::from_utf8_lossy(&listed.stdout), ancestor),
        Err(error) => format!("cannot be listed: {error}\n"),
    }
}

/// Selects the descendants from a list in which a parent may be after its children, because ids are used again.
fn select(list: &str, ancestor: u32) -> String {
    let lines: Vec<_> = list.lines().filter_map(parse).collect();
    let mut family = vec![ancestor];
    loop {
        let known = family.len();
        for (id, parent, _) in &lines {
            if family.contains(parent) && !family.contains(id) {
                family.push(*id);
            }
        }
        if family.len() == known {
            break;
        }
    }
    let members = lines.iter().filter(|(id, ..)| family.contains(id));
    members
        .map(|(id, _, rest)| format!("{id} {}\n", rest.chars().take(MAX_LINE).collect::<String>()))
        .collect()
}

/// Returns a process's id, its parent's, and the rest of the line.
fn parse(line: &str) -> Option<(u32, u32, &str)> {
    let (id, rest) = line.trim_start().split_once(' ')?;
    let (parent, rest) = rest.trim_start().split_once(' ')?;
    Some((id.parse().ok()?, parent.parse().ok()?, rest.trim_start()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_descendants_are_listed_wherever_they_are() {
        let list = "    1     0    02:00 Ss   init
  900   800    00:10 S    grandchild --with words
   70     1    00:11 S    stranger
  100     1    01:00 S    cargo test
  800   100    00:10 Sl   child
";
        assert_eq!(
            select(list, 100),
            "900 00:10 S    grandchild --with words\n100 01:00 S    cargo test\n800 00:10 Sl   child\n"
        );
    }
}
