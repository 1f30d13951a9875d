//! The mock's header and library, held to what the producer's are.

use std::fs;

use crate::support::{beside, root};
use crate::{declarations, header, symbols};

fn text() -> String {
    fs::read_to_string(root().join("include/rocketmq_mock.h")).unwrap()
}

#[test]
fn the_mock_s_header_declares_what_its_sources_export() {
    let text = text();
    let declared = declarations::of(&text);
    header::declares_what_the_sources_export("mock/c/src", &declared);
    assert!(header::names_only_functions_that_exist(&text, &declared) > 5);
}

#[test]
fn the_mock_s_header_compiles_alone_in_every_mode_and_beside_the_producer_s() {
    header::compiles_in_every_mode(
        "rocketmq_mock.h",
        "#include <rocketmq_producer.h>\nint any(void);\nint any(void) { return ROCKETMQ_MOCK_ANY_BROKER; }\n",
    );
}

#[test]
fn the_mock_s_library_exports_the_functions_of_its_header_and_nothing_else() {
    symbols::exports(&beside("librocketmq_mock.so"), &declarations::of(&text()));
}

#[cfg(target_os = "linux")]
#[test]
fn the_mock_s_library_is_never_unmapped_and_is_named_by_its_series() {
    symbols::is_named_and_stays(&beside("librocketmq_mock.so"));
}
