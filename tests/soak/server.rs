//! The mock cluster in a process of its own, which can be killed.

use std::io::{BufRead, BufReader};
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::process::{Child, Command, Stdio};

use crate::program::libraries;

/// A process with one broker, whose own name server nobody asks: the routes of another cluster lead to the broker.
pub(crate) struct Server {
    child: Child,
    pub(crate) address: SocketAddr,
}

impl Server {
    /// At this address; ready when this returns.
    pub(crate) fn start(address: SocketAddr, topic: &str) -> Self {
        let program = libraries().parent().unwrap().join("rocketmq-mock");
        let mut child = Command::new(&program)
            .args([
                "--discard",
                "--topic",
                &format!("{topic}:4"),
                "--broker-port",
                &address.port().to_string(),
            ])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap_or_else(|error| panic!("{} does not start: {error}", program.display()));
        let mut line = String::new();
        BufReader::new(child.stdout.as_mut().unwrap()).read_line(&mut line).unwrap();
        assert!(line.starts_with("name server"), "{line:?}");
        Self { child, address }
    }

    /// As `kill -9` does.
    pub(crate) fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It ends when its input is closed, if it has not ended.
        drop(self.child.stdin.take());
        let _ = self.child.wait();
    }
}

/// An address that is free now.
pub(crate) fn free_address() -> SocketAddr {
    TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap().local_addr().unwrap()
}
