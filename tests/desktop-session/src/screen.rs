//! The screen, of X11 or Wayland.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use anyhow::{Result, ensure};

use crate::process::{Process, output};
use crate::session::{Screen, Session, run};

impl Session {
    /// Returns the kind of screen.
    pub fn screen(&self) -> Screen {
        self.options.screen
    }

    /// Returns the name of the display, as in the environment of applications.
    pub fn display(&self) -> &str {
        &self.display
    }

    /// Returns the environment variables for the screen.
    pub(crate) fn screen_env(&self) -> Vec<(&'static str, OsString)> {
        let display = OsString::from(&self.display);
        match self.options.screen {
            Screen::X11 => vec![
                ("DISPLAY", display),
                ("XDG_CURRENT_DESKTOP", "XFCE".into()),
                ("XDG_SESSION_TYPE", "x11".into()),
                ("GDK_BACKEND", "x11".into()),
            ],
            Screen::Sway => vec![
                ("WAYLAND_DISPLAY", display),
                ("SWAYSOCK", self.sway_socket().into()),
                ("XDG_CURRENT_DESKTOP", "sway".into()),
                ("XDG_SESSION_TYPE", "wayland".into()),
            ],
        }
    }

    /// Returns the ids of the windows on screen whose name matches this regular expression.
    ///
    /// # Errors
    /// When `xdotool` cannot be run.
    pub fn windows(&self, name: &str) -> Result<Vec<String>> {
        let search = ["search", "--onlyvisible", "--name", name];
        let found = output(self.command("xdotool").args(search))?;
        Ok(String::from_utf8(found.stdout)?
            .lines()
            .map(str::to_owned)
            .collect())
    }

    /// Returns the file in which the X server stores the screen's pixels, in the format of `XWDFile.h`.
    ///
    /// # Errors
    /// When the session was started without it.
    pub fn frame_buffer(&self) -> Result<PathBuf> {
        ensure!(self.options.frame_buffer, "the screen has no file");
        Ok(self.dir.path().join("Xvfb_screen0"))
    }

    /// Saves a picture of the screen to `path`, as PNG.
    ///
    /// # Errors
    /// When the picture cannot be taken or written.
    pub fn screenshot(&self, path: &Path) -> Result<()> {
        let mut picture = match self.options.screen {
            Screen::X11 => {
                let mut import = self.command("import");
                // Without timestamps, so that equal screens produce equal files.
                import.args(["-window", "root", "-define", "png:exclude-chunks=date,time"]);
                import
            }
            Screen::Sway => self.command("grim"),
        };
        picture.arg(path);
        run(&picture)
    }

    pub(crate) fn start_tray_host(&self) -> Result<Process> {
        match self.options.screen {
            Screen::X11 => self.start_panel(),
            Screen::Sway => self.start_swaybar(),
        }
    }

    pub(crate) fn start_notifications(&self) -> Result<Process> {
        match self.options.screen {
            Screen::X11 => self.start_dunst(),
            Screen::Sway => self.start_mako(),
        }
    }
}
