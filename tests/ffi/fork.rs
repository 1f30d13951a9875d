//! The child of a fork.

use std::ptr;

use ::rocketmq_producer::ffi::*;

use crate::support::*;

/// Runs `check` in a child process and returns its answer.
fn in_child(check: impl FnOnce() -> i32) -> i32 {
    match unsafe { libc::fork() } {
        0 => {
            // Should it hang, it ends.
            unsafe { libc::alarm(20) };
            let answer = std::panic::catch_unwind(std::panic::AssertUnwindSafe(check)).unwrap_or(99);
            unsafe { libc::_exit(answer) }
        }
        child => {
            let mut status = 0;
            assert_eq!(unsafe { libc::waitpid(child, &raw mut status, 0) }, child);
            assert!(libc::WIFEXITED(status), "the child died: {status}");
            libc::WEXITSTATUS(status)
        }
    }
}

#[test]
fn the_parent_s_producers_are_refused_in_the_child_and_new_ones_work() {
    // Alone, so that no other test holds a lock of the harness at the fork.
    let _alone = alone();
    let cluster = cluster();
    let address = cluster.namesrv();
    let running = || {
        let producer = producer(&[("namesrv.addr", &address)]);
        call(|error| unsafe { rocketmq_producer_start(producer.object, 5000, error) }).unwrap();
        producer
    };
    let producer = running();
    let message = message("Forked", b"x");
    let send = |producer: *mut rocketmq_producer| {
        status(|error| unsafe {
            rocketmq_producer_send(producer, message.object, ptr::null(), ptr::null_mut(), error)
        })
    };
    let answer = in_child(|| unsafe {
        let p = producer.object;
        if send(p) != FORKED || status(|error| rocketmq_producer_shutdown(p, 100, error)) != FORKED {
            return 1;
        }
        if rocketmq_producer_state(p) != -1 || *rocketmq_producer_client_id(p) != 0 {
            return 2;
        }
        let mut json = ptr::null_mut();
        if status(|error| rocketmq_producer_stats_json(p, &raw mut json, error)) != FORKED || !json.is_null()
        {
            return 6;
        }
        rocketmq_producer_destroy(p);
        if send(p) != FORKED {
            return 3;
        }
        let own = running();
        if send(own.object) != OK {
            return 4;
        }
        if status(|error| rocketmq_global_shutdown(5000, error)) != OK {
            return 5;
        }
        0
    });
    assert_eq!(answer, 0);
    assert_eq!(send(producer.object), OK, "the parent goes on");
    assert_eq!(cluster.message_count("Forked"), 2);
    assert_eq!(shutdown(&producer), OK);
}
