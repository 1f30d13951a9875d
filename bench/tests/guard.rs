//! The guard at its cheapest, so that a change which breaks the hot path's shape fails the tests.

use std::process::Command;

#[test]
fn the_hot_path_keeps_its_shape() {
    let output = Command::new(env!("CARGO_BIN_EXE_rocketmq-bench")).arg("--quick").output().unwrap();
    let (stdout, stderr) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{}\n{stdout}{stderr}", output.status);
}
