//! What the library starts and leaves behind in its host: threads, descriptors, memory.

use crate::program::{Language, Program, cluster, libraries, shared};

#[test]
fn loading_the_library_starts_no_thread_and_opens_nothing() {
    let linked = Program::new("load_only").run(&[]).well();
    let loaded = Program::linked(Language::C99, &["load_only"], &["-DBY_DLOPEN".into(), "-ldl".into()]);
    let loaded = loaded.run(&[libraries().join("librocketmq_producer.so").to_str().unwrap()]).well();
    println!("linked:\n{}\nby dlopen:\n{}", linked.shown(), loaded.shown());
    // Both programs inherit the same from this one.
    let before = (1, loaded.number("descriptors_before"));
    assert_eq!(loaded.number("threads_before"), 1);
    for ended in [&linked, &loaded] {
        assert_eq!((ended.number("threads"), ended.number("descriptors")), before);
    }
    assert_eq!(loaded.number("mapped_after_dlclose"), 1);
}

/// What the kernel was asked for, in the words of strace, while a program only loads the library.
#[test]
fn loading_the_library_opens_no_file_of_its_own() {
    let calls = "trace=%file,%network,%process,write,writev,eventfd2,epoll_create1,pipe2,rt_sigaction";
    let program = Program::linked(Language::C99, &["load_only"], &shared());
    let ended = program.under(&["strace", "-f", "-qq", "-e", calls]).run(&[]).well();
    // Until `main` reads the folders of /proc, it is the loader alone.
    let calls: Vec<_> = ended.errors.iter().take_while(|call| !call.contains("/proc/self/task")).collect();
    assert!(calls.iter().any(|call| call.contains("librocketmq_producer.so")), "{calls:#?}");
    for call in &calls {
        let name = call.split('(').next().unwrap();
        let looks = matches!(name, "execve" | "access" | "arch_prctl" | "newfstatat" | "fstat" | "stat");
        let loader = looks || (name == "openat" && call.contains(".so") && call.contains("O_RDONLY"));
        assert!(loader, "beside the loader's calls: {call}");
    }
    println!("{} system calls before main looks, all of the loader", calls.len());
}

/// Five lives of the library, each with a global shutdown; `destroyed` tells whether all producers are destroyed
/// before it.
fn five_lives(destroyed: &str) {
    let cluster = cluster();
    let ended = Program::new("lifecycle").run(&[&cluster.namesrv(), destroyed]).well();
    println!("{}", ended.shown());
    assert!(ended.number("threads_while") >= 4, "main, a worker, a callback thread, the log thread");
    assert!(ended.number("descriptors_while") > ended.number("descriptors_before"));
    for life in ended.all("life") {
        assert_eq!(life, "1 threads 0 more descriptors");
    }
    assert_eq!(ended.all("life").len(), 5);
    // Three messages in each.
    assert_eq!(cluster.message_count("Lifecycle"), 15);
}

#[test]
fn a_global_shutdown_leaves_no_thread_and_no_descriptor_and_new_producers_work() {
    five_lives("destroyed");
}

#[test]
fn a_global_shutdown_leaves_no_descriptor_while_producers_wait_to_be_destroyed() {
    five_lives("waiting");
}

#[test]
fn two_hundred_producers_leave_threads_and_descriptors_flat_and_less_than_a_kibibyte_each() {
    let cluster = cluster();
    let ended = Program::new("lifecycle").run(&[&cluster.namesrv(), "rounds"]).well();
    let held = ended.number("held_more") / ended.number("rounds");
    println!("{}\nheld bytes a round: {held}", ended.shown());
    assert_eq!((ended.number("threads_more"), ended.number("descriptors_more")), (0, 0));
    assert!(held < 1024, "{held} bytes more are held after each round");
    assert_eq!(cluster.message_count("Lifecycle"), 600);
    assert_eq!(cluster.open_connections(0), 0);
}
