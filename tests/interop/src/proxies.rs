//! nginx and haproxy as reverse proxies.

use std::fs;
use std::process::Stdio;

use tempfile::TempDir;
use tokio::process::{Child, Command};

use crate::{free_port, listening};

/// How long a proxy keeps an idle connection open.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum IdleTimeout {
    /// The default: about a minute.
    Default,
    /// Shorter than any heartbeat.
    OneSecond,
}

/// nginx and haproxy in front of one server.
#[derive(Debug)]
pub struct Proxies {
    /// The port of nginx with default settings.
    pub nginx_as_it_comes: u16,
    /// The port where nginx uses HTTP/1.1 to the server, and buffers by default.
    pub nginx_buffering: u16,
    /// The port where nginx does not buffer.
    pub nginx_not_buffering: u16,
    /// The port of haproxy.
    pub haproxy: u16,
    _programs: [Child; 2],
    _home: TempDir,
}

impl Proxies {
    /// Starts the proxies in front of this port and waits until they listen.
    ///
    /// # Panics
    ///
    /// When they do not start.
    pub async fn before(server: u16, idle_timeout: IdleTimeout) -> Self {
        let home = tempfile::tempdir().unwrap();
        let mut ports = [0; 4];
        for port in &mut ports {
            *port = free_port().await;
        }
        let [nginx_as_it_comes, nginx_buffering, nginx_not_buffering, haproxy] = ports;
        let folder = home.path().display().to_string();
        let nginx_ports = [nginx_as_it_comes, nginx_buffering, nginx_not_buffering];
        fs::write(
            home.path().join("nginx.conf"),
            nginx(&folder, nginx_ports, server, idle_timeout),
        )
        .unwrap();
        fs::write(
            home.path().join("haproxy.cfg"),
            haproxy_settings(haproxy, server, idle_timeout),
        )
        .unwrap();
        let programs = [
            start(
                "nginx",
                &["-p", &folder, "-c", "nginx.conf", "-e", "stderr"],
                &home,
            ),
            start("haproxy", &["-db", "-f", "haproxy.cfg"], &home),
        ];
        for port in ports {
            if let Err(words) = listening(port).await {
                panic!(
                    "{words}: {}",
                    fs::read_to_string(home.path().join("printed")).unwrap_or_default()
                );
            }
        }
        Self {
            nginx_as_it_comes,
            nginx_buffering,
            nginx_not_buffering,
            haproxy,
            _programs: programs,
            _home: home,
        }
    }
}

fn start(name: &str, arguments: &[&str], home: &TempDir) -> Child {
    let printed = fs::File::options()
        .create(true)
        .append(true)
        .open(home.path().join("printed"))
        .unwrap();
    // On Debian, their folder is only in root's PATH.
    let installed = std::path::Path::new("/usr/sbin").join(name);
    let program = if installed.exists() {
        installed
    } else {
        name.into()
    };
    Command::new(program)
        .args(arguments)
        .current_dir(home.path())
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(printed)
        .kill_on_drop(true)
        .spawn()
        .unwrap_or_else(|error| panic!("{name}: {error}; run `cargo xtask test interop`"))
}

/// The first server has only the address to pass requests to.
fn nginx(
    folder: &str,
    [as_it_comes, buffering, not_buffering]: [u16; 3],
    server: u16,
    idle_timeout: IdleTimeout,
) -> String {
    let own_folders: String = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
        .iter()
        .map(|name| format!("    {name}_temp_path {folder}/{name};\n"))
        .collect();
    let seconds = match idle_timeout {
        IdleTimeout::Default => 60,
        IdleTimeout::OneSecond => 1,
    };
    format!(
        "daemon off;
master_process off;
pid {folder}/nginx.pid;
events {{ }}
http {{
    access_log off;
    proxy_read_timeout {seconds}s;
{own_folders}
    map $http_upgrade $connection_header {{ default upgrade; '' ''; }}
    server {{
        listen 127.0.0.1:{as_it_comes};
        location / {{ proxy_pass http://127.0.0.1:{server}; }}
    }}
    server {{
        listen 127.0.0.1:{buffering};
        location / {{
            proxy_pass http://127.0.0.1:{server};
            proxy_http_version 1.1;
            proxy_set_header Upgrade $http_upgrade;
            proxy_set_header Connection $connection_header;
        }}
    }}
    server {{
        listen 127.0.0.1:{not_buffering};
        location / {{
            proxy_pass http://127.0.0.1:{server};
            proxy_buffering off;
            proxy_http_version 1.1;
            proxy_set_header Upgrade $http_upgrade;
            proxy_set_header Connection $connection_header;
        }}
    }}
}}
"
    )
}

/// The limits are those of Debian's haproxy.cfg.
fn haproxy_settings(port: u16, server: u16, idle_timeout: IdleTimeout) -> String {
    let seconds = match idle_timeout {
        IdleTimeout::Default => 50,
        IdleTimeout::OneSecond => 1,
    };
    format!(
        "defaults
    mode http
    timeout connect 5s
    timeout client 50s
    timeout server {seconds}s
frontend all
    bind 127.0.0.1:{port}
    default_backend gloria
backend gloria
    server gloria 127.0.0.1:{server}
"
    )
}
