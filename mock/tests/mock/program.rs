//! The program, as a user starts it.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Child, ChildStdout, Command, Stdio};

use crate::support::{TOPIC, encode, route, send, send_frame, take};
use protocol::frame::HeaderFormat;
use serde_json::Value;

fn start(arguments: &[&str]) -> (Child, BufReader<ChildStdout>, String) {
    let mut child = Command::new(env!("CARGO_BIN_EXE_rocketmq-mock"))
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut out = BufReader::new(child.stdout.take().unwrap());
    let mut line = String::new();
    out.read_line(&mut line).unwrap();
    let address = line.strip_prefix("name server ").expect("the first line").trim().to_owned();
    (child, out, address)
}

fn exchange(address: &str, bytes: &[u8]) -> protocol::command::Command {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.write_all(bytes).unwrap();
    let mut input = Vec::new();
    loop {
        if let Some((_, command)) = take(&mut input) {
            return command;
        }
        let mut piece = [0; 4096];
        let count = stream.read(&mut piece).unwrap();
        assert!(count > 0, "closed without an answer");
        input.extend_from_slice(&piece[..count]);
    }
}

fn broker_of(namesrv: &str) -> String {
    let answer = exchange(namesrv, &route(TOPIC));
    protocol::route::RouteData::parse(&answer.body).unwrap().brokers[0].addresses[&0].clone()
}

fn json(line: &str) -> Value {
    serde_json::from_str(line).unwrap()
}

#[test]
fn prints_each_message_as_it_comes_and_all_at_the_end() {
    let (mut child, mut out, namesrv) = start(&["--topic", "Orders:4", "--print", "--list-on-exit"]);
    let broker = broker_of(&namesrv);
    exchange(&broker, &send(1));
    let mut line = String::new();
    out.read_line(&mut line).unwrap();
    let printed = json(&line);
    assert_eq!(printed["topic"], TOPIC);
    assert_eq!(printed["broker"], "broker-a");
    assert_eq!((&printed["queueId"], &printed["queueOffset"]), (&1.into(), &0.into()));
    assert_eq!((&printed["msgId"], &printed["tags"]), (&"ID".into(), &"TagA".into()));
    assert_eq!((&printed["keys"], &printed["properties"]["city"]), (&"k1 k2".into(), &"杭州".into()));
    assert_eq!((&printed["body"], &printed["bodyLength"]), (&"hello".into(), &5.into()));

    let (_, command) = take(&mut send_frame(2, false, HeaderFormat::Json, |_| {})).unwrap();
    exchange(&broker, &encode(&command.with_body(vec![0xFF, 0x00])));
    drop(child.stdin.take());
    let mut rest = String::new();
    out.read_to_string(&mut rest).unwrap();
    let lines: Vec<Value> = rest.lines().map(json).collect();
    assert_eq!(lines.len(), 4, "{rest}");
    assert_eq!((&lines[0]["bodyHex"], &lines[0]["bodyLength"]), (&"ff00".into(), &2.into()));
    assert_eq!((&lines[1], &lines[2], &lines[3]), (&printed, &lines[0], &serde_json::json!({"count": 2})));
    assert!(child.wait().unwrap().success());
}

#[test]
fn counts_what_it_discards() {
    let (mut child, mut out, namesrv) = start(&["--discard", "--list-on-exit", "--topic=Orders:4"]);
    let broker = broker_of(&namesrv);
    for opaque in 0..3 {
        exchange(&broker, &send(opaque));
    }
    drop(child.stdin.take());
    let mut rest = String::new();
    out.read_to_string(&mut rest).unwrap();
    assert_eq!(rest, "{\"count\":3}\n");
    assert!(child.wait().unwrap().success());
}

#[test]
fn runs_for_a_time_whatever_its_input_does() {
    let (mut child, _out, namesrv) = start(&["--for", "0.3", "--no-auto-create", "--brokers", "2"]);
    drop(child.stdin.take());
    assert_eq!(exchange(&namesrv, &route("TBW102")).code, 17);
    assert!(child.wait().unwrap().success());
}

#[test]
fn a_broker_that_was_killed_comes_back_at_the_port_it_is_given() {
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    for _ in 0..2 {
        let (mut child, _out, namesrv) =
            start(&["--topic=Orders:4", "--broker-port", &free.port().to_string()]);
        let broker = broker_of(&namesrv);
        assert_eq!(broker, free.to_string());
        assert_eq!(exchange(&broker, &send(1)).code, 0);
        child.kill().unwrap();
        child.wait().unwrap();
    }
}

#[test]
fn explains_itself_and_refuses_what_it_does_not_know() {
    let run = |arguments: &[&str]| {
        Command::new(env!("CARGO_BIN_EXE_rocketmq-mock"))
            .args(arguments)
            .stdin(Stdio::null())
            .output()
            .unwrap()
    };
    let help = run(&["--help"]);
    let text = String::from_utf8(help.stdout).unwrap();
    for option in [
        "--port",
        "--broker-port",
        "--brokers",
        "--topic",
        "--no-auto-create",
        "--print",
        "--list-on-exit",
        "--discard",
        "--for",
    ] {
        assert!(text.contains(option), "{option}");
    }
    assert!(help.status.success());
    let wrong = run(&["--nonsense"]);
    assert_eq!(wrong.status.code(), Some(2));
    assert_eq!(
        String::from_utf8(wrong.stderr).unwrap(),
        "rocketmq-mock: I do not know \"--nonsense\"; try --help.\n"
    );
}
