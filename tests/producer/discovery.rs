//! Name servers that a web server tells.

use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use rocketmq_mock::{Core, Node, Options};
use rocketmq_producer::client::world::ByteStream;
use rocketmq_producer::error::ErrorKind;
use rocketmq_producer::producer::{Instant, SendOptions};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, DuplexStream, ReadBuf};

use crate::world::{Sim, message, send, simulate_one, within};

const WEB: &str = "10.0.0.80:8080";
const DOMAIN: &[(&str, &str)] = &[("namesrv.domain", "mq.example")];

/// What the web server does with a question.
#[derive(Clone)]
enum Page {
    /// Writes this and closes.
    Says(String),
    /// Writes this and nothing more.
    Hangs(String),
    /// Writes this again and again.
    Endless(String),
    /// Cuts the connection before the request is read.
    Cuts,
}

fn list(servers: &str) -> Page {
    Page::Says(format!(
        "HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{servers}\r\nsecond line",
        servers.len() + 13
    ))
}

/// A web server at `mq.example`.
#[derive(Clone)]
struct Web {
    page: Arc<Mutex<Page>>,
    requests: Arc<Mutex<Vec<String>>>,
}

impl Web {
    fn open(sim: &Sim, page: Page) -> Self {
        let web = Self { page: Arc::new(Mutex::new(page)), requests: Arc::default() };
        sim.resolver.0.lock().unwrap().insert("mq.example".into(), Ok(vec!["10.0.0.80".parse().unwrap()]));
        let shared = web.clone();
        sim.connector.listen(WEB, move |stream| {
            tokio::spawn(shared.clone().answer(stream));
        });
        web
    }

    fn set(&self, page: Page) {
        *self.page.lock().unwrap() = page;
    }

    fn requests(&self) -> Vec<String> {
        self.requests.lock().unwrap().clone()
    }

    async fn answer(self, mut stream: DuplexStream) {
        let page = self.page.lock().unwrap().clone();
        if matches!(page, Page::Cuts) {
            return self.requests.lock().unwrap().push(String::new());
        }
        let mut request = Vec::new();
        while !request.ends_with(b"\r\n\r\n") {
            if stream.read_buf(&mut request).await.unwrap() == 0 {
                return;
            }
        }
        self.requests.lock().unwrap().push(String::from_utf8(request).unwrap());
        // The client may be gone.
        match page {
            Page::Says(text) => drop(stream.write_all(text.as_bytes()).await),
            Page::Hangs(text) => {
                let _ = stream.write_all(text.as_bytes()).await;
                let _ = stream.read_u8().await;
            }
            Page::Endless(text) => while stream.write_all(text.as_bytes()).await.is_ok() {},
            Page::Cuts => {}
        }
    }
}

/// Reads come byte by byte.
struct OneByteReads(Box<dyn ByteStream>);

impl AsyncRead for OneByteReads {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let mut byte = [0];
        let mut one = ReadBuf::new(&mut byte);
        ready!(Pin::new(&mut self.0).poll_read(context, &mut one))?;
        buffer.put_slice(one.filled());
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for OneByteReads {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_shutdown(context)
    }
}

fn bare() {
    assert!(
        std::env::var_os("NAMESRV_ADDR").is_none(),
        "these tests need an environment without NAMESRV_ADDR"
    );
}

/// What the web server is asked with these settings and no other source of name servers.
fn asked(values: &'static [(&'static str, &'static str)]) -> String {
    bare();
    let mut asked = String::new();
    let out = &mut asked;
    simulate_one(|sim| async move {
        let web = Web::open(&sim, list(&sim.core.namesrv()));
        let p = sim.create_bare(values).unwrap();
        p.start(Some(Instant::now() + Duration::from_secs(1)), true).await.unwrap();
        *out = web.requests().pop().unwrap();
    });
    asked
}

pub(crate) fn the_web_server_is_where_the_key_says(key: &'static str) {
    assert_eq!(DOMAIN[0].0, key);
    simulate_one(|sim| async move { assert!(sim.create_bare(&[]).is_err(), "no source of name servers") });
    assert!(asked(DOMAIN).contains("\r\nHost: mq.example:8080\r\n"));
}

pub(crate) fn this_list_is_asked_for(key: &'static str) {
    const OTHER: &[(&str, &str)] = &[DOMAIN[0], ("namesrv.subgroup", "other")];
    assert_eq!(OTHER[1].0, key);
    assert!(asked(DOMAIN).starts_with("GET /rocketmq/nsaddr HTTP/1.1"));
    assert!(asked(OTHER).starts_with("GET /rocketmq/other HTTP/1.1"));
}

#[test]
fn the_list_is_asked_for_at_the_start_and_its_first_line_counts() {
    bare();
    simulate_one(|sim| async move {
        let web = Web::open(&sim, list(&sim.core.namesrv()));
        for (values, first) in [
            (&[][..], "GET /rocketmq/nsaddr HTTP/1.1"),
            (&[("unit.name", "u1")], "GET /rocketmq/nsaddr-u1?nofix=1 HTTP/1.1"),
            (&[("namesrv.subgroup", "other")], "GET /rocketmq/other HTTP/1.1"),
        ] {
            let p = sim.create_bare(&[DOMAIN, values].concat()).unwrap();
            p.start(Some(Instant::now() + Duration::from_secs(1)), true).await.unwrap();
            send(&p, &message("T"), &SendOptions::default()).await.unwrap();
            let request = web.requests().pop().unwrap();
            assert_eq!(request.lines().next(), Some(first));
            assert!(request.contains("\r\nHost: mq.example:8080\r\n"), "{request}");
            p.shutdown(None).await.unwrap();
        }
        assert_eq!(web.requests().len(), 3);
    });
}

#[test]
fn without_any_source_of_name_servers_no_producer_is_made() {
    bare();
    simulate_one(|sim| async move {
        let error = sim.create_bare(&[]).err().unwrap();
        assert_eq!(error.kind(), ErrorKind::InvalidValue);
        for source in ["namesrv.addr", "NAMESRV_ADDR", "namesrv.domain"] {
            assert!(error.to_string().contains(source), "{error}");
        }
        let web = Web::open(&sim, list(&sim.core.namesrv()));
        let p = sim.start(DOMAIN).await;
        send(&p, &message("T"), &SendOptions::default()).await.unwrap();
        assert!(web.requests().is_empty(), "a list that is set wins");
    });
}

#[test]
fn the_list_is_asked_for_again_every_two_minutes() {
    bare();
    simulate_one(|sim| async move {
        let other = Core::new(Options::default());
        sim.connector.serve("10.0.0.2:9876", &other, Node::NameServer);
        let web = Web::open(&sim, list(&sim.core.namesrv()));
        let p = sim.create_bare(DOMAIN).unwrap();
        p.start(None, false).await.unwrap();
        send(&p, &message("T"), &SendOptions::default()).await.unwrap();
        web.set(list("10.0.0.2:9876"));
        tokio::time::sleep(Duration::from_secs(119)).await;
        assert_eq!((web.requests().len(), sim.core.open_connections(Node::NameServer)), (1, 1));
        tokio::time::sleep(Duration::from_secs(2)).await;
        assert_eq!((web.requests().len(), sim.core.open_connections(Node::NameServer)), (2, 0));
        p.prepare_topic("U", None).await.unwrap();
        assert_eq!(other.look_ups("U"), 1);
    });
}

#[test]
fn an_answer_that_is_no_list_keeps_the_list_there_is() {
    bare();
    let ok = "HTTP/1.1 200 OK\r\n";
    let pages = [
        Page::Cuts,
        Page::Says(String::new()),
        Page::Says("garbage\0\0\0".into()),
        Page::Says(format!("{ok}Content-Length: 0\r\n\r\n")),
        Page::Says(format!("{ok}\r\n\n10.0.0.9:1")),
        Page::Says(format!("{ok}\r\n  ;; ")),
        Page::Says(format!("{ok}\r\n10.0.0.9:1;nonsense")),
        Page::Says(format!("{ok}\r\n<html><body>Welcome</body></html>")),
        Page::Says(format!("{ok}Content-Length: 20\r\n\r\n10.0.0.9:1")),
        Page::Says("HTTP/1.1 500 Oops\r\n\r\n10.0.0.9:1".into()),
        Page::Says(format!("HTTP/1.1 302 Found\r\nLocation: http://{WEB}/x\r\n\r\n10.0.0.9:1")),
        Page::Hangs(String::new()),
        Page::Hangs("HTTP/1.1 200".into()),
        Page::Hangs(format!("{ok}\r\n10.0.0.9:1\n")),
        Page::Hangs(format!("{ok}Content-Length: 20\r\n\r\n10.0.0.9:1")),
        Page::Endless("x".into()),
        Page::Endless(format!("{ok}\r\n10.0.0.9:1\n")),
    ];
    for page in pages {
        simulate_one(|sim| async move {
            let web = Web::open(&sim, list(&sim.core.namesrv()));
            let p = sim.create_bare(DOMAIN).unwrap();
            p.start(None, false).await.unwrap();
            send(&p, &message("T"), &SendOptions::default()).await.unwrap();
            web.set(page);
            tokio::time::sleep(Duration::from_secs(125)).await;
            assert_eq!(web.requests().len(), 2, "a good list is not asked for more often");
            p.prepare_topic("U", None).await.unwrap();
            assert_eq!(sim.core.accepted(Node::NameServer), 1);
            web.set(list(&sim.core.namesrv()));
            tokio::time::sleep(Duration::from_secs(120)).await;
            assert_eq!(web.requests().len(), 3);
            let begun = Instant::now();
            p.shutdown(None).await.unwrap();
            assert!(begun.elapsed() < Duration::from_secs(1));
        });
    }
}

#[test]
fn chunked_and_unmeasured_answers_are_read_however_they_come() {
    bare();
    for head in
        ["Transfer-Encoding: chunked\r\n\r\n5\r\n127.0\r\nA\r\n.0.1:9876;\r\n0\r\n\r\n", "\r\n127.0.0.1:9876"]
    {
        simulate_one(|sim| async move {
            sim.connector.wrap(|stream, _| Box::new(OneByteReads(stream)));
            Web::open(&sim, Page::Says(format!("HTTP/1.1 200 OK\r\n{head}")));
            let p = sim.create_bare(DOMAIN).unwrap();
            p.start(None, false).await.unwrap();
            send(&p, &message("T"), &SendOptions::default()).await.unwrap();
        });
    }
}

#[test]
fn while_there_is_no_list_everyone_waits_until_his_own_deadline_and_the_web_server_is_spared() {
    bare();
    simulate_one(|sim| async move {
        let web = Web::open(&sim, Page::Says("HTTP/1.1 503 Later\r\n\r\n".into()));
        let p = sim.create_bare(DOMAIN).unwrap();
        let begun = Instant::now();
        p.start(None, false).await.unwrap();
        assert!(begun.elapsed().is_zero(), "a start that does not wait does not wait for it");
        tokio::time::sleep(Duration::from_secs(60)).await;
        assert_eq!(web.requests().len(), 1, "nobody waits");
        send(&p, &message("T"), &within(300)).await.unwrap_err();
        tokio::time::sleep(Duration::from_secs(60)).await;
        let before = web.requests().len();
        assert!(before <= 1 + 8, "nobody waits any more: {before}");
        let begun = Instant::now();
        let waiting = async {
            let short = async {
                let error = send(&p, &message("T"), &within(300)).await.unwrap_err();
                assert_eq!(error.kind(), ErrorKind::NoNamesrv);
                let text = error.to_string();
                assert!(
                    text.contains("http://mq.example:8080/rocketmq/nsaddr") && text.contains("503"),
                    "{text}"
                );
                assert_eq!(begun.elapsed().as_millis(), 300);
            };
            let long = async { send(&p, &message("T"), &within(20_000)).await.unwrap() };
            let elsewhere =
                async { p.prepare_topic("U", Some(begun + Duration::from_secs(20))).await.unwrap() };
            tokio::join!(short, long, elsewhere);
        };
        let healing = async {
            tokio::time::sleep(Duration::from_secs(10)).await;
            web.set(list(&sim.core.namesrv()));
        };
        tokio::join!(waiting, healing);
        assert!(begun.elapsed() <= Duration::from_millis(10_600), "{:?}", begun.elapsed());
        let count = web.requests().len() - before;
        assert!((15..=22).contains(&count), "one question at a time, with a pause: {count}");
    });
}

#[test]
fn a_web_server_that_is_not_there_fails_a_start_that_waits_with_its_address() {
    bare();
    simulate_one(|sim| async move {
        sim.resolver.0.lock().unwrap().insert("mq.example".into(), Err(io::ErrorKind::NotFound));
        let p = sim.create_bare(DOMAIN).unwrap();
        let begun = Instant::now();
        let error = p.start(Some(begun + Duration::from_millis(1500)), true).await.unwrap_err();
        assert!(begun.elapsed() <= Duration::from_millis(1500), "{:?}", begun.elapsed());
        assert_eq!(error.kind(), ErrorKind::NoNamesrv);
        assert!(error.to_string().contains("mq.example:8080"), "{error}");
        let web = Web::open(&sim, list(&sim.core.namesrv()));
        p.start(Some(Instant::now() + Duration::from_millis(1500)), true).await.unwrap();
        assert_eq!(web.requests().len(), 1);
    });
}

#[test]
fn a_list_that_is_set_while_it_runs_ends_discovery() {
    bare();
    simulate_one(|sim| async move {
        let web = Web::open(&sim, Page::Hangs(String::new()));
        let p = sim.create_bare(&[DOMAIN, &[("instance.name", "same")]].concat()).unwrap();
        p.start(None, false).await.unwrap();
        let begun = Instant::now();
        let changing = async {
            tokio::time::sleep(Duration::from_millis(200)).await;
            p.update("namesrv.addr", &sim.core.namesrv()).unwrap();
            web.set(list("10.0.0.9:1"));
        };
        let (m, options) = (message("T"), SendOptions::default());
        let (sent, ()) = tokio::join!(send(&p, &m, &options), changing);
        sent.unwrap();
        assert_eq!(begun.elapsed().as_millis(), 200);
        tokio::time::sleep(Duration::from_secs(600)).await;
        assert_eq!(web.requests().len(), 1);
        p.prepare_topic("U", None).await.unwrap();
        // Who still goes by the domain is not taken in.
        let q = sim.create_bare(&[DOMAIN, &[("instance.name", "same")]].concat()).unwrap();
        q.start(None, false).await.unwrap();
        assert_eq!(send(&q, &message("T"), &within(500)).await.unwrap_err().kind(), ErrorKind::NoNamesrv);
        assert_eq!(web.requests().len(), 2);
    });
}

#[test]
fn producers_with_one_domain_share_what_it_tells() {
    bare();
    simulate_one(|sim| async move {
        let web = Web::open(&sim, list(&sim.core.namesrv()));
        for _ in 0..2 {
            let p = sim.create_bare(&[DOMAIN, &[("instance.name", "same")]].concat()).unwrap();
            p.start(None, false).await.unwrap();
            send(&p, &message("T"), &SendOptions::default()).await.unwrap();
            std::mem::forget(p);
        }
        assert_eq!((web.requests().len(), sim.core.accepted(Node::NameServer)), (1, 1));
    });
}
