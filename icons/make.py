#!/usr/bin/env python3
"""Makes every icon file from source/*.svg, beside this program or in the folder that it is given.

Needs python3, rsvg-convert (Debian: librsvg2-bin) and icotool (Debian: icoutils).
"""

import struct
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).parent
APP = HERE / "source" / "app.svg"
TRAY = HERE / "source" / "tray.svg"

# The names that Tauri's bundler looks for, and the other sizes of Linux's packages.
APP_FILES = {
    "16x16.png": 16,
    "24x24.png": 24,
    "32x32.png": 32,
    "48x48.png": 48,
    "64x64.png": 64,
    "128x128.png": 128,
    "128x128@2x.png": 256,
    "256x256.png": 256,
    "icon.png": 512,
}

# What Windows shows at 100 to 250 % scaling, in title bars, the taskbar and Explorer.
ICO_SIZES = (16, 20, 24, 32, 40, 48, 64, 128, 256)

# Apple's type for each pixel size; the @2x types are of half the points.
ICNS_TYPES = (
    ("icp4", 16),
    ("icp5", 32),
    ("ic11", 32),
    ("ic12", 64),
    ("ic07", 128),
    ("ic13", 256),
    ("ic08", 256),
    ("ic14", 512),
    ("ic09", 512),
    ("ic10", 1024),
)

TRAY_STATES = ("connected", "reconnecting", "disconnected", "attention", "unread")

# Panels are 16 to 24 px high, twice that on dense screens; both shrink from a larger picture.
TRAY_SIZES = (32, 64)


def render(source, size, target, shown=None):
    with tempfile.NamedTemporaryFile("w", suffix=".css") as style:
        if shown:
            style.write(f".{shown} {{ display: inline !important }}")
        style.flush()
        subprocess.run(
            ["rsvg-convert", "--stylesheet", style.name, "--width", str(size), "--height", str(size)]
            + ["--output", target, source],
            check=True,
        )


def write_ico(pictures, target):
    # Windows reads PNG inside an icon at 256 px only, in every place where it reads icons at all.
    plain = [pictures[size] for size in ICO_SIZES if size < 256]
    subprocess.run(["icotool", "--create", "--output", target, f"--raw={pictures[256]}", *plain], check=True)


def write_icns(pictures, target):
    entries = b""
    for kind, size in ICNS_TYPES:
        picture = pictures[size].read_bytes()
        entries += kind.encode() + struct.pack(">I", 8 + len(picture)) + picture
    target.write_bytes(b"icns" + struct.pack(">I", 8 + len(entries)) + entries)


def main(folder):
    for name, size in APP_FILES.items():
        render(APP, size, folder / name)
    with tempfile.TemporaryDirectory() as scratch:
        pictures = {}
        for size in sorted({*ICO_SIZES, *(size for _, size in ICNS_TYPES)}):
            pictures[size] = Path(scratch) / f"{size}.png"
            render(APP, size, pictures[size])
        write_ico(pictures, folder / "icon.ico")
        write_icns(pictures, folder / "icon.icns")
    (folder / "tray").mkdir(exist_ok=True)
    for state in TRAY_STATES:
        for size in TRAY_SIZES:
            render(TRAY, size, folder / "tray" / f"{state}-{size}.png", shown=state)


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else HERE)
