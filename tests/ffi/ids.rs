//! Message ids over processes: started together, forked out of one another, of one address.

use std::collections::BTreeMap;
use std::fs;
use std::io::{BufWriter, Write};
use std::path::Path;

use ::rocketmq_producer::client::world::World;
use ::rocketmq_producer::producer::Ids;

use crate::support::*;

/// Each forks one more.
const PROCESSES: usize = 8;
/// Made in each of both.
const COUNT: usize = 1_000_000;

/// Makes ids as a producer does that is started in this process, and writes the last 16 bytes of each.
fn make(count: usize, file: &Path) {
    let world = World::system().unwrap();
    let ids = Ids::new(&world);
    let mut out = BufWriter::new(fs::File::create(file).unwrap());
    for _ in 0..count {
        let id = ids.next(&*world.clock);
        let tail = &id.as_str()[id.as_str().len() - 32..];
        out.write_all(&u128::from_str_radix(tail, 16).unwrap().to_be_bytes()).unwrap();
    }
    out.flush().unwrap();
}

/// Forks. The child runs `work` and ends; the parent gets its process id.
fn fork(work: impl FnOnce()) -> libc::pid_t {
    let child = unsafe { libc::fork() };
    if child == 0 {
        // Should it hang, it ends.
        unsafe { libc::alarm(300) };
        let end = std::panic::catch_unwind(std::panic::AssertUnwindSafe(work));
        unsafe { libc::_exit(end.is_err().into()) }
    }
    assert!(child > 0);
    child
}

fn wait(child: libc::pid_t) {
    let mut status = 0;
    assert_eq!(unsafe { libc::waitpid(child, &raw mut status, 0) }, child);
    assert_eq!(status, 0, "a child failed");
}

/// Who made an id: 4 bytes of the address, 4 of the discriminator; without the 2 of the process id between them, which
/// containers share, and the 6 of time and counter.
const fn maker(id: u128) -> u128 {
    (id & !(0xFFFF << 80)) >> 48
}

#[test]
fn no_message_id_comes_twice_in_sixteen_processes_half_of_them_forked_out_of_the_others() {
    let _alone = alone();
    let cluster = cluster();
    // What a fork would copy is there: a runtime, a generator in use.
    let parent = running(&cluster);
    let folder = folder("ids");
    let file = |name: String| folder.join(name);
    let children: Vec<_> = (0..PROCESSES)
        .map(|number| {
            fork(|| {
                make(1, &file(format!("{number}-before")));
                let child = fork(|| make(COUNT, &file(format!("{number}-forked"))));
                make(COUNT, &file(format!("{number}-first")));
                wait(child);
            })
        })
        .collect();
    children.into_iter().for_each(wait);
    assert_eq!(shutdown(&parent), OK);

    let mut makers = BTreeMap::new();
    let mut made = 0;
    for entry in fs::read_dir(&folder).unwrap() {
        let path = entry.unwrap().path();
        let bytes = fs::read(&path).unwrap();
        let ids: Vec<_> = bytes.as_chunks::<16>().0.iter().map(|id| u128::from_be_bytes(*id)).collect();
        assert!(ids.is_sorted_by(|one, next| one < next), "{path:?}: an id is not above the one before");
        made += ids.len();
        for id in [ids.first(), ids.last()].into_iter().flatten() {
            // One month: time and counter only grow, so first and last have one maker, and all between.
            if let Some(other) = makers.insert(maker(*id), path.clone()) {
                assert_eq!(other, path, "two generators are equal but for the process id");
            }
        }
    }
    fs::remove_dir_all(&folder).unwrap();
    assert_eq!((made, makers.len()), (PROCESSES * (2 * COUNT + 1), PROCESSES * 3));
}
