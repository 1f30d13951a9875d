//! The servers: two name servers and two masters, each a Java process in its namespace.

use std::collections::HashMap;
use std::fs::{self, File};
use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};
use std::time::Duration;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use protocol::codes::request;
use protocol::command::Command;
use protocol::frame::{self, FRAME_BYTES_MAX, HeaderFormat};

use crate::ROOT;
use crate::clock::wait_for;
use crate::net::{BROKERS, NAME_SERVERS, Node};

pub(crate) const BROKER_PORT: u16 = 10_911;
pub(crate) const NAME_SERVER_PORT: u16 = 9_876;
/// `RequestCode.GET_BROKER_CLUSTER_INFO` and `UPDATE_BROKER_CONFIG`, which the codec has no use for.
const GET_BROKER_CLUSTER_INFO: i32 = 106;
const UPDATE_BROKER_CONFIG: i32 = 25;
/// How long a start may take on a machine that is busy.
const READY_SECONDS: i64 = 90;

pub(crate) struct Servers {
    version: String,
    /// Where their files are.
    files: PathBuf,
    running: HashMap<String, Child>,
}

impl Servers {
    /// Starts all four; messages can be sent then.
    pub(crate) fn start(version: &str, files: &Path) -> Self {
        let jars = Path::new(ROOT).join("target/apache").join(version);
        assert!(jars.join("complete").exists(), "no {}: run `make apache`", jars.display());
        let mut servers =
            Self { version: version.to_owned(), files: files.to_owned(), running: HashMap::new() };
        for node in NAME_SERVERS.into_iter().chain(BROKERS) {
            servers.launch(node);
        }
        for node in NAME_SERVERS.into_iter().chain(BROKERS) {
            servers.wait_until_ready(node);
        }
        servers
    }

    /// Makes a topic on every broker; returns when every name server has the route to all of them.
    pub(crate) fn create_topic(&self, topic: &str, queues: u32) {
        for broker in BROKERS {
            let create = Command::request(request::UPDATE_AND_CREATE_TOPIC)
                .with("topic", topic)
                .with("defaultTopic", "TBW102")
                .with("readQueueNums", queues)
                .with("writeQueueNums", queues)
                .with("perm", 6)
                .with("topicFilterType", "SINGLE_TAG")
                .with("topicSysFlag", 0)
                .with("order", false);
            let answer = ask(broker.back_door(), BROKER_PORT, &create);
            assert!(answer.is_ok_and(|answer| answer.code == 0), "{broker} creates {topic}");
        }
        for name_server in NAME_SERVERS {
            let lookup = Command::request(request::GET_ROUTEINFO_BY_TOPIC).with("topic", topic);
            let known = || names_both(ask(name_server.address(), NAME_SERVER_PORT, &lookup));
            assert!(wait_for(READY_SECONDS, known), "{name_server} knows {topic}");
        }
    }

    /// Starts a server that is dead, on its files; brokers are known to every name server that runs then, and a
    /// name server to every broker.
    pub(crate) fn restart(&mut self, node: Node) {
        self.launch(node);
        self.wait_until_ready(node);
    }

    /// SIGKILL.
    pub(crate) fn kill(&mut self, node: Node) {
        let mut server = self.running.remove(&node.to_string()).expect("it runs");
        server.kill().expect("it can be killed");
        server.wait().expect("it dies");
    }

    /// SIGTERM; returns when it has ended, or not within a minute: then it is killed.
    pub(crate) fn end(&mut self, node: Node) {
        self.signal(node, Signal::SIGTERM);
        let mut server = self.running.remove(&node.to_string()).expect("it runs");
        wait_for(60, || server.try_wait().expect("it can be waited for").is_some());
        // It has ended already, usually.
        drop(server.kill());
        server.wait().expect("it ends");
    }

    pub(crate) fn signal(&self, node: Node, signal: Signal) {
        let server = &self.running[&node.to_string()];
        let pid = Pid::from_raw(server.id().try_into().expect("a process id"));
        kill(pid, signal).expect("a signal reaches it");
    }

    fn launch(&mut self, node: Node) {
        let home = self.files.join(node.to_string());
        fs::create_dir_all(home.join("conf")).expect("a folder");
        for name in ["logback_namesrv.xml", "logback_broker.xml"] {
            // 4.x servers end at once without these files.
            fs::write(home.join("conf").join(name), "<configuration><root level=\"OFF\"/></configuration>")
                .expect("a file");
        }
        fs::write(home.join("properties"), properties(node, &home)).expect("a file");
        let output = File::create(home.join("output")).expect("a file");
        let class = match node {
            Node::Broker(_) => "org.apache.rocketmq.broker.BrokerStartup",
            _ => "org.apache.rocketmq.namesrv.NamesrvStartup",
        };
        let folder = home.display();
        let server = node
            .command("java")
            .args(["-Xms64m", "-Xmx256m", "-XX:MaxDirectMemorySize=256m", "-XX:+UseSerialGC"])
            .args(["-XX:TieredStopAtLevel=1", "--add-opens=java.base/java.nio=ALL-UNNAMED"])
            .args(["--add-exports=java.base/jdk.internal.ref=ALL-UNNAMED", "-Dtls.server.mode=disabled"])
            .args([format!("-Duser.home={folder}"), format!("-Drocketmq.home.dir={folder}")])
            .args([format!("-Djava.io.tmpdir={folder}"), "-cp".into()])
            .args([format!("{ROOT}/target/apache/{}/*", self.version), class.into()])
            .args(["-c".into(), format!("{folder}/properties")])
            .env_remove("ROCKETMQ_HOME")
            .env_remove("NAMESRV_ADDR")
            .env_remove("JAVA_TOOL_OPTIONS")
            .stdin(Stdio::null())
            .stdout(output.try_clone().expect("a descriptor"))
            .stderr(output)
            .spawn()
            .expect("Java runs (`make deps` installs it)");
        assert!(self.running.insert(node.to_string(), server).is_none(), "{node} runs already");
    }

    fn wait_until_ready(&self, node: Node) {
        let output = self.files.join(node.to_string()).join("output");
        let said = || fs::read_to_string(&output).unwrap_or_default();
        assert!(wait_for(READY_SECONDS, || said().contains("boot success")), "{node} starts:\n{}", said());
        for name_server in NAME_SERVERS {
            if matches!(node, Node::Broker(_)) && self.running.contains_key(&name_server.to_string()) {
                let known = || knows(name_server, node) || register(node);
                assert!(wait_for(READY_SECONDS, known), "{name_server} knows {node}");
            }
        }
    }
}

/// Whether a name server has a broker at its address.
fn knows(name_server: Node, broker: Node) -> bool {
    let answer = ask(name_server.address(), NAME_SERVER_PORT, &Command::request(GET_BROKER_CLUSTER_INFO));
    answer.is_ok_and(|answer| {
        String::from_utf8_lossy(&answer.body).contains(&format!("{}:{BROKER_PORT}", broker.address()))
    })
}

/// Makes a broker register at once: some miss their first registration and wait for the next. Never done yet.
fn register(broker: Node) -> bool {
    let change = Command::request(UPDATE_BROKER_CONFIG).with_body("brokerPermission=6\n");
    // What came of it is asked elsewhere.
    drop(ask(broker.back_door(), BROKER_PORT, &change));
    false
}

fn names_both(route: Result<Command, std::io::Error>) -> bool {
    let Ok(route) = route else { return false };
    let body = String::from_utf8_lossy(&route.body);
    BROKERS.iter().all(|broker| body.contains(&format!("\"{broker}\"")))
}

/// One request on a connection of its own.
fn ask(address: Ipv4Addr, port: u16, request: &Command) -> Result<Command, std::io::Error> {
    let limit = Duration::from_secs(2);
    let mut stream = TcpStream::connect_timeout(&SocketAddr::from((address, port)), limit)?;
    stream.set_read_timeout(Some(limit))?;
    let mut bytes = Vec::new();
    request.encode(HeaderFormat::Json, &mut bytes).expect("a request can be written");
    stream.write_all(&bytes)?;
    let mut answer = Vec::new();
    let mut more = [0; 4096];
    loop {
        if let Some(frame) = frame::decode(&answer, FRAME_BYTES_MAX).expect("an answer is a frame") {
            return Ok(Command::decode(&frame).expect("an answer is a command"));
        }
        match stream.read(&mut more)? {
            0 => return Err(std::io::ErrorKind::UnexpectedEof.into()),
            count => answer.extend_from_slice(&more[..count]),
        }
    }
}

fn properties(node: Node, home: &Path) -> String {
    let home = home.display();
    if !matches!(node, Node::Broker(_)) {
        return format!("listenPort={NAME_SERVER_PORT}\nkvConfigPath={home}/kv.json\n");
    }
    let name_servers = NAME_SERVERS.map(|node| format!("{}:{NAME_SERVER_PORT}", node.address())).join(";");
    let address = node.address();
    // One file serves all versions: keys that a version does not know are ignored. A 5.x broker that shuts down
    // gracefully sends its clients away for so many seconds before it closes.
    format!(
        "brokerClusterName=DefaultCluster
brokerName={node}
brokerId=0
brokerIP1={address}
brokerIP2={address}
listenPort={BROKER_PORT}
namesrvAddr={name_servers}
storePathRootDir={home}/store
storePathCommitLog={home}/store/commitlog
mappedFileSizeCommitLog=33554432
mappedFileSizeConsumeQueue=60000
maxHashSlotNum=5000
maxIndexNum=20000
brokerRole=ASYNC_MASTER
flushDiskType=ASYNC_FLUSH
autoCreateTopicEnable=false
autoCreateSubscriptionGroup=true
diskMaxUsedSpaceRatio=95
osPageCacheBusyTimeOutMills=10000
waitTimeMillsInSendQueue=10000
registerNameServerPeriod=10000
enableShutdownGracefully=true
shutdownWaitTimeSeconds=8
"
    )
}
