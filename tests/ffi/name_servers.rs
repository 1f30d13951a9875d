//! Name servers over real sockets: changed while the producer runs, behind IPv6, asked by many threads at once.

use std::ffi::c_void;
use std::ptr;
use std::sync::mpsc::{Sender, channel};

use ::rocketmq_producer::ffi::*;
use rocketmq_mock::{Cluster, Node, Options, What};

use crate::support::*;

fn update(p: *mut rocketmq_producer, key: &str, value: &str) -> i32 {
    let (key, value) = (c(key), c(value));
    status(|error| unsafe { rocketmq_producer_update(p, key.as_ptr(), value.as_ptr(), error) })
}

fn send(p: *mut rocketmq_producer, topic: &str) -> i32 {
    let message = message(topic, b"x");
    status(|error| unsafe { rocketmq_producer_send(p, message.object, ptr::null(), ptr::null_mut(), error) })
}

#[test]
fn name_servers_change_while_the_producer_runs() {
    let _others = with_others();
    let (first, second) = (cluster(), cluster());
    let producer = running(&first);
    let p = producer.object;
    assert_eq!(send(p, "Changing"), OK);
    assert_eq!(update(p, "send.retries", "1"), INVALID_ARGUMENT);
    assert_eq!(update(p, "sendRetries", "1"), UNKNOWN_KEY);
    assert_eq!(update(p, "namesrv.addr", "nonsense"), INVALID_VALUE);
    assert_eq!(update(p, "namesrv.addr", &second.namesrv()), OK);
    assert_eq!(send(p, "Another"), OK);
    assert_eq!((first.message_count("Another"), second.message_count("Another")), (0, 1));
    assert!(first.wait_for_events(PATIENCE, |events| {
        events.iter().any(|event| event.node == Node::NameServer && matches!(event.what, What::Closed))
    }));
    assert_eq!(shutdown(&producer), OK);
}

struct Changing {
    producer: *mut rocketmq_producer,
    list: String,
    told: Sender<i32>,
}

unsafe extern "C-unwind" fn change(
    _: *const rocketmq_send_result,
    _: *const rocketmq_error,
    data: *mut c_void,
) {
    let changing = unsafe { &*data.cast::<Changing>() };
    changing.told.send(update(changing.producer, "namesrv.addr", &changing.list)).unwrap();
}

#[test]
fn a_callback_may_change_them() {
    let _others = with_others();
    let (first, second) = (cluster(), cluster());
    let producer = running(&first);
    let (told, status_told) = channel();
    let changing = Box::new(Changing { producer: producer.object, list: second.namesrv(), told });
    let message = message("Changing", b"x");
    let data = ptr::from_ref(&*changing).cast_mut().cast();
    call(|error| unsafe {
        let (p, m) = (producer.object, message.object);
        rocketmq_producer_send_async(p, m, ptr::null(), Some(change), data, error)
    })
    .unwrap();
    assert_eq!(status_told.recv_timeout(PATIENCE).unwrap(), OK);
    assert_eq!(send(producer.object, "Another"), OK);
    assert_eq!(second.message_count("Another"), 1);
    assert_eq!(shutdown(&producer), OK);
}

#[test]
fn name_server_and_broker_may_be_behind_ipv6() {
    let _others = with_others();
    let options = Options { ipv6: true, host: "::1".into(), ..Options::default() };
    let cluster = match Cluster::start(options) {
        Ok(cluster) => cluster,
        Err(error) => return assert!(!std::path::Path::new("/proc/net/if_inet6").exists(), "{error}"),
    };
    let producer = running(&cluster);
    assert_eq!(send(producer.object, "V6"), OK);
    assert_eq!(cluster.message_count("V6"), 1);
    assert_eq!(shutdown(&producer), OK);
}

#[test]
fn a_thousand_threads_on_a_cold_topic_make_one_look_up_and_one_connection() {
    const THREADS: usize = 1000;
    let _others = with_others();
    let cluster = cluster();
    cluster.add_topic("Cold", 4);
    let producer = running(&cluster);
    let p = producer.object.expose_provenance();
    let senders: Vec<_> = (0..THREADS)
        .map(|_| {
            let thread = std::thread::Builder::new().stack_size(256 * 1024);
            thread.spawn(move || send(ptr::with_exposed_provenance_mut(p), "Cold")).unwrap()
        })
        .collect();
    assert!(senders.into_iter().all(|sender| sender.join().unwrap() == OK));
    assert_eq!((cluster.look_ups("Cold"), cluster.accepted(0)), (1, 1));
    assert_eq!(cluster.message_count("Cold"), THREADS);
    assert_eq!(shutdown(&producer), OK);
}
