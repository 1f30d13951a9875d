//! Host names that lead somewhere, nowhere, somewhere else than before, or are never answered.

use std::collections::BTreeMap;
use std::io;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use rocketmq_producer::client::world::{Promise, Resolver};

use crate::book::{Book, note};
use crate::world::lock;

/// What becomes of a question for a name.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Answer {
    Known,
    Fails,
    Hangs,
    Late(Duration),
}

pub(crate) struct Names {
    book: Arc<Book>,
    table: Mutex<BTreeMap<String, (Vec<IpAddr>, Answer)>>,
}

impl Names {
    pub(crate) fn new(book: Arc<Book>) -> Arc<Self> {
        Arc::new(Self { book, table: Mutex::default() })
    }

    pub(crate) fn set(&self, host: &str, ips: Vec<IpAddr>) {
        lock(&self.table).insert(host.to_owned(), (ips, Answer::Known));
    }

    pub(crate) fn hosts(&self) -> Vec<String> {
        lock(&self.table).keys().cloned().collect()
    }

    pub(crate) fn ips(&self, host: &str) -> Vec<IpAddr> {
        lock(&self.table).get(host).map(|(ips, _)| ips.clone()).unwrap_or_default()
    }

    pub(crate) fn set_answer(&self, host: &str, answer: Answer) {
        lock(&self.table).entry(host.to_owned()).and_modify(|entry| entry.1 = answer);
    }

    /// Every name leads where somebody is again.
    pub(crate) fn heal(&self, is_gone: impl Fn(&IpAddr) -> bool) {
        for (ips, answer) in lock(&self.table).values_mut() {
            *answer = Answer::Known;
            ips.retain(|ip| !is_gone(ip));
        }
    }
}

impl Resolver for Names {
    fn resolve(&self, host: &str) -> Promise<io::Result<Vec<IpAddr>>> {
        let entry = lock(&self.table).get(host).cloned();
        note!(self.book, "the name {host} is asked for: {entry:?}");
        let Some((ips, answer)) = entry else {
            return Box::pin(async { Err(io::ErrorKind::NotFound.into()) });
        };
        match answer {
            Answer::Known => Box::pin(async { Ok(ips) }),
            Answer::Fails => {
                self.book.count("name fails");
                Box::pin(async { Err(io::ErrorKind::NotFound.into()) })
            }
            Answer::Hangs => {
                self.book.count("name hangs");
                Box::pin(std::future::pending())
            }
            Answer::Late(pause) => {
                self.book.count("name late");
                Box::pin(async move {
                    tokio::time::sleep(pause).await;
                    Ok(ips)
                })
            }
        }
    }

    fn local_address(&self) -> IpAddr {
        Ipv4Addr::new(10, 0, 0, 9).into()
    }
}
