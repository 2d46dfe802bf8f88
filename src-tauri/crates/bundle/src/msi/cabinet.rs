//! The cabinet with the files, in the order of the table `File`.

use std::io::{Cursor, Write as _};

use anyhow::{Context as _, Result, ensure};
use cab::{CabinetBuilder, CompressionType};
use time::{OffsetDateTime, PrimitiveDateTime};

use super::schema::id_of;
use crate::windows::Contents;

pub(super) fn of(contents: &Contents) -> Result<Vec<u8>> {
    let time = OffsetDateTime::from(contents.time);
    let time = PrimitiveDateTime::new(time.date(), time.time());
    let mut builder = CabinetBuilder::new();
    // The crate writes no LZX, which would be a third smaller.
    let folder = builder.add_folder(if contents.is_fast {
        CompressionType::None
    } else {
        CompressionType::MsZip
    });
    for file in &contents.files {
        folder.add_file(id_of(&file.path)).set_datetime(time);
    }
    let mut cabinet = builder.build(Cursor::new(Vec::new()))?;
    let mut files = contents.files.iter();
    while let Some(mut written) = cabinet.next_file()? {
        let file = files
            .next()
            .context("a cabinet with more files than were added")?;
        written.write_all(&file.bytes)?;
    }
    ensure!(
        files.next().is_none(),
        "a cabinet with fewer files than were added"
    );
    Ok(cabinet.finish()?.into_inner())
}
