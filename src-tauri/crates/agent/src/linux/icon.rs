//! The tray's pictures in the format of a StatusNotifierItem.

use std::io::Cursor;

use gloria_core::tray::TrayIcon;
use ksni::Icon;

/// The picture in two sizes, for ordinary and high-resolution panels.
pub(super) fn pixmaps(icon: TrayIcon) -> Vec<Icon> {
    files(icon).into_iter().filter_map(decoded).collect()
}

fn files(icon: TrayIcon) -> [&'static [u8]; 2] {
    macro_rules! sizes {
        ($name:literal) => {
            [
                include_bytes!(concat!("../../../../../icons/tray/", $name, "-32.png")),
                include_bytes!(concat!("../../../../../icons/tray/", $name, "-64.png")),
            ]
        };
    }
    match icon {
        TrayIcon::Connected => sizes!("connected"),
        TrayIcon::Unread => sizes!("unread"),
        TrayIcon::Reconnecting => sizes!("reconnecting"),
        TrayIcon::Disconnected => sizes!("disconnected"),
        TrayIcon::Attention => sizes!("attention"),
    }
}

/// Decodes a picture to ARGB32 in network byte order (StatusNotifierItem, Icons). `None` if it is not 8-bit RGBA, which
/// a test excludes.
fn decoded(png: &[u8]) -> Option<Icon> {
    let mut reader = png::Decoder::new(Cursor::new(png)).read_info().ok()?;
    let mut data = vec![0; reader.output_buffer_size()?];
    let info = reader.next_frame(&mut data).ok()?;
    if (info.color_type, info.bit_depth) != (png::ColorType::Rgba, png::BitDepth::Eight) {
        return None;
    }
    data.truncate(info.buffer_size());
    for pixel in data.chunks_exact_mut(4) {
        pixel.rotate_right(1);
    }
    Some(Icon {
        width: i32::try_from(info.width).ok()?,
        height: i32::try_from(info.height).ok()?,
        data,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_picture_is_there_in_both_sizes() {
        for icon in [
            TrayIcon::Connected,
            TrayIcon::Unread,
            TrayIcon::Reconnecting,
            TrayIcon::Disconnected,
            TrayIcon::Attention,
        ] {
            let sizes: Vec<_> = pixmaps(icon)
                .iter()
                .map(|icon| (icon.width, icon.height, icon.data.len()))
                .collect();
            assert_eq!(sizes, [(32, 32, 32 * 32 * 4), (64, 64, 64 * 64 * 4)], "{icon:?}");
        }
    }

    #[test]
    fn opacity_comes_first() {
        let [small, _] = files(TrayIcon::Connected);
        let picture = decoded(small).expect("a picture");
        let mut reader = png::Decoder::new(Cursor::new(small))
            .read_info()
            .expect("a picture");
        let mut rgba = vec![0; reader.output_buffer_size().expect("a size")];
        reader.next_frame(&mut rgba).expect("a frame");
        for (argb, rgba) in picture.data.chunks_exact(4).zip(rgba.chunks_exact(4)) {
            assert_eq!(argb, [rgba[3], rgba[0], rgba[1], rgba[2]]);
        }
    }
}
