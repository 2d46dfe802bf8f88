//! Files that only the administrator can write, which core checks.

use std::path::Path;

use gloria_files::paths::{Managed, Source};

/// The administrator's folder.
const ADMINISTRATORS: &str = "/etc/gloria-notify";

pub(in super::super) fn sources() -> Managed {
    let file = |name: &str| Source::File(Path::new(ADMINISTRATORS).join(name));
    Managed {
        defaults: file("defaults.toml"),
        policy: file("policy.toml"),
    }
}
