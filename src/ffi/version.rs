//! Which library this is.

use std::ffi::{CStr, c_char};

/// Text that Cargo or `build.rs` knows, with a NUL at its end.
macro_rules! static_text {
    ($($part:expr),+) => {
        match CStr::from_bytes_with_nul(concat!($($part),+, "\0").as_bytes()) {
            Ok(text) => text,
            Err(_) => c"",
        }
    };
}

const VERSION: &CStr = static_text!(env!("CARGO_PKG_VERSION"));

const BUILD_INFO: &CStr = static_text!(
    "commit ",
    env!("ROCKETMQ_BUILD_COMMIT"),
    ", target ",
    env!("ROCKETMQ_BUILD_TARGET"),
    ", ",
    env!("ROCKETMQ_BUILD_RUSTC"),
    ", TLS: no"
);

const NUMBER: u32 = (number(env!("CARGO_PKG_VERSION_MAJOR")) << 16)
    | (number(env!("CARGO_PKG_VERSION_MINOR")) << 8)
    | number(env!("CARGO_PKG_VERSION_PATCH"));

/// A version part, at compile time; Cargo gives digits only.
const fn number(digits: &str) -> u32 {
    match u32::from_str_radix(digits, 10) {
        Ok(number) => number,
        Err(_) => 0,
    }
}

/// Version of the loaded library, 0x00MMmmpp as `ROCKETMQ_VERSION_NUMBER`. It fits this header when MAJOR is
/// equal and, below 1.0, MINOR too. \[any\]
#[unsafe(no_mangle)]
pub extern "C" fn rocketmq_version_number() -> u32 {
    NUMBER
}

/// The same as text, "0.1.0". Static, never NULL. \[any\]
#[unsafe(no_mangle)]
pub extern "C" fn rocketmq_version_string() -> *const c_char {
    VERSION.as_ptr()
}

/// How the library was built: commit, target, compiler, TLS. For logs and bug reports; static, never NULL.
/// \[any\]
#[unsafe(no_mangle)]
pub extern "C" fn rocketmq_build_info() -> *const c_char {
    BUILD_INFO.as_ptr()
}
