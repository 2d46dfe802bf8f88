//! What the list of settings becomes. The names that this uses are those of the module of the list.

/// For each setting: its key, the field with type and built-in default, the name in files, the environment variable,
/// how a value is parsed (a function from `forms`, which may depend on settings earlier in the list), whether an
/// administrator's policy can enforce it, a valid value in TOML, and its default and description as shown in
/// docs/admin.md.
macro_rules! settings {
    ($($key:ident {
        field: $field:ident: $type:ty = $default:expr,
        file: $file:literal,
        environment: $variable:literal,
        read: $read:expr,
        lockable: $lockable:literal,
        example: $example:literal,
        shown: $shown:literal,
        doc: $doc:literal $(,)?
    })*) => {
        /// One setting.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Key {
            $(#[doc = $doc] $key,)*
        }

        impl Key {
            /// All keys, in the order in which they are read.
            pub const ALL: &'static [Self] = &[$(Self::$key),*];

            /// Its names, lock and documentation.
            pub fn about(self) -> &'static About {
                match self {
                    $(Self::$key => &About {
                        file: $file,
                        variable: $variable,
                        lockable: $lockable,
                        example: $example,
                        shown: $shown,
                        doc: $doc,
                    },)*
                }
            }
        }

        /// The settings in force.
        #[derive(Debug, Clone, PartialEq)]
        pub struct Settings {
            $(#[doc = $doc] pub $field: $type,)*
        }

        impl Default for Settings {
            fn default() -> Self {
                Self { $($field: $default,)* }
            }
        }

        impl Settings {
            /// Parses a value and stores it. An invalid value changes nothing.
            pub(crate) fn read(&mut self, key: Key, raw: &Raw) -> Result<(), Mistake> {
                match key {
                    $(Key::$key => {
                        let read: fn(&Raw, &Self) -> Result<$type, Mistake> = $read;
                        self.$field = read(raw, self)?;
                    })*
                }
                Ok(())
            }

            /// Returns its value without secrets; null where it is not set.
            pub(super) fn shown(&self, key: Key) -> serde_json::Value {
                match key {
                    $(Key::$key => self.$field.show(),)*
                }
            }
        }
    };
}

pub(super) use settings;
