//! What a broker sends of its own accord: questions about half messages, and replies.
#![expect(clippy::disallowed_methods, reason = "tokio::test blocks on the test's own runtime")]

use crate::support::{Client, TOPIC, core, encode, send, send_frame, soon};
use mock_cluster::{Core, End, Options, Transaction, Unpushed, What};
use protocol::codes::request;
use protocol::command::Command;
use protocol::frame::HeaderFormat;
use protocol::header::{heartbeat, unregister};
use protocol::message::flags;

const HALF: &str = "TRAN_MSG\x01true\x02UNIQ_KEY\x01HALF\x02WAIT\x01true\x02PGROUP\x01PG\x02TAGS\x01TagA\x02";

fn half(opaque: i32) -> Vec<u8> {
    send_frame(opaque, false, HeaderFormat::Json, |send| {
        send.sys_flag = flags::TRANSACTION_PREPARED;
        send.properties = &[HALF];
    })
}

async fn beat(client: &mut Client, id: &str, group: &str) {
    assert_eq!(client.exchange(&encode(&heartbeat::request(id, [group].into_iter()))).await.code, 0);
}

/// The end of the transaction that a send's answer, or a question, is about.
fn end(of: &Command, commit_or_rollback: i32) -> Command {
    let log = of.ext("commitLogOffset").map(str::to_owned).unwrap_or_else(|| {
        let id = of.ext("msgId").unwrap();
        i64::from_str_radix(&id[16..], 16).unwrap().to_string()
    });
    Command::request(request::END_TRANSACTION)
        .with("producerGroup", "PG")
        .with("commitLogOffset", log)
        .with("msgId", "HALF")
        .with(
            "tranStateTableOffset",
            of.ext("tranStateTableOffset").or_else(|| of.ext("queueOffset")).unwrap(),
        )
        .with("commitOrRollback", commit_or_rollback)
        .with("fromTransactionCheck", of.code == request::CHECK_TRANSACTION_STATE)
}

/// Everything that producers said about transactions.
fn ends(core: &Core) -> Vec<End> {
    let events = core.events().into_iter();
    events.filter_map(|event| if let What::End(end) = event.what { Some(end) } else { None }).collect()
}

#[tokio::test(start_paused = true)]
async fn a_half_message_is_in_its_topic_from_its_commit_on() {
    let core = core(Options::default());
    let mut client = Client::connect(&core, 0);
    client.exchange(&send(1)).await;
    let answer = client.exchange(&half(2)).await;
    assert_eq!((answer.code, answer.ext("queueId"), answer.ext("queueOffset")), (0, Some("1"), Some("0")));
    assert_eq!((core.message_count(TOPIC), core.transaction("HALF")), (1, Some(Transaction::Open)));

    // Nothing happens, and nothing is said.
    client.write(&encode(&end(&answer, 0))).await;
    assert!(client.hears_nothing_for(1000).await);
    assert_eq!((core.message_count(TOPIC), core.transaction("HALF")), (1, Some(Transaction::Open)));

    assert_eq!(client.exchange(&encode(&end(&answer, 8))).await.code, 0);
    assert_eq!(core.transaction("HALF"), Some(Transaction::Committed));
    let [plain, message] = &core.messages(TOPIC)[..] else { panic!("not two messages") };
    assert_eq!((message.queue_id, message.queue_offset), (1, 1));
    assert_eq!((message.sys_flag, &message.body[..]), (flags::TRANSACTION_COMMIT, &b"hello"[..]));
    assert_eq!((message.unique_id.as_str(), message.tags.as_str()), ("HALF", "TagA"));
    assert_eq!((message.property("TRAN_MSG"), message.property("PGROUP")), (None, Some("PG")));
    assert_ne!(plain.offset_id, message.offset_id);
    assert_ne!(Some(message.offset_id.as_str()), answer.ext("msgId"));

    // Once is enough.
    let again = client.exchange(&encode(&end(&answer, 8))).await;
    assert_eq!((again.code, core.message_count(TOPIC)), (1, 2));
    let told: Vec<_> = ends(&core).iter().map(|end| (end.commit_or_rollback, end.answer)).collect();
    assert_eq!(told, [(0, None), (8, Some(0)), (8, Some(1))]);
}

#[tokio::test(start_paused = true)]
async fn a_half_message_that_is_rolled_back_is_gone() {
    let core = core(Options::default());
    let mut client = Client::connect(&core, 0);
    let answer = client.exchange(&half(1)).await;
    client.write(&encode(&end(&answer, 12).oneway())).await;
    soon(core.reach_events(|events| events.iter().any(|event| matches!(event.what, What::End(_))))).await;
    assert_eq!((core.message_count(TOPIC), core.transaction("HALF")), (0, Some(Transaction::RolledBack)));
    assert_eq!(core.ask("HALF"), Err(Unpushed::Ended(Transaction::RolledBack)));
    let [end] = &ends(&core)[..] else { panic!("not one end") };
    assert_eq!((end.unique_id.as_str(), end.oneway, end.from_check, end.answer), ("HALF", true, false, None));
}

#[tokio::test(start_paused = true)]
async fn an_end_that_fits_no_half_message_is_refused() {
    let core = core(Options::default());
    let mut client = Client::connect(&core, 0);
    let answer = client.exchange(&half(1)).await;
    let good = end(&answer, 8);
    for (bad, remark) in [
        (good.clone().with("producerGroup", "other"), "The producer group wrong"),
        (good.clone().with("tranStateTableOffset", 7), "The transaction state table offset wrong"),
        (good.clone().with("commitLogOffset", 7), "Find prepared transaction message failed"),
        (good.clone().with("commitOrRollback", 7), "commitOrRollback field wrong"),
        (Command::request(request::END_TRANSACTION), "commitOrRollback field wrong"),
    ] {
        let answer = client.exchange(&encode(&bad)).await;
        assert_eq!((answer.code, answer.remark.as_deref()), (1, Some(remark)));
    }
    assert_eq!((core.message_count(TOPIC), core.transaction("HALF")), (0, Some(Transaction::Open)));
    assert_eq!(client.exchange(&encode(&good)).await.code, 0);
}

/// A number of a message as it is stored, at this place.
fn number(record: &[u8], at: usize) -> i64 {
    i64::from_be_bytes(record[at..at + 8].try_into().unwrap())
}

#[tokio::test(start_paused = true)]
async fn a_question_goes_to_a_producer_of_the_group_and_its_places_are_good_for_the_end() {
    let core = core(Options::default());
    let mut other = Client::connect(&core, 0);
    let mut sender = Client::connect(&core, 0);
    beat(&mut other, "other", "PG_OTHER").await;
    let answer = sender.exchange(&half(1)).await;
    assert_eq!(core.ask("HALF"), Err(Unpushed::NotConnected));
    assert_eq!(core.ask("NONE"), Err(Unpushed::Unknown));
    beat(&mut sender, "sender", "PG").await;
    let mut first = None;
    for times in 1..=2 {
        core.ask("HALF").unwrap();
        let question = sender.next().await.unwrap();
        assert_eq!((question.code, question.is_oneway()), (39, true));
        assert_eq!((question.ext("msgId"), question.ext("transactionId")), (Some("HALF"), Some("HALF")));
        assert_eq!(question.ext("tranStateTableOffset"), Some(times.to_string().as_str()));
        assert_ne!(end(&question, 0).ext("commitLogOffset"), end(&answer, 0).ext("commitLogOffset"));
        let record = &question.body;
        assert_eq!(
            record.len(),
            usize::try_from(u32::from_be_bytes(record[..4].try_into().unwrap())).unwrap()
        );
        assert_eq!(number(record, 20).to_string(), question.ext("tranStateTableOffset").unwrap());
        assert_eq!(number(record, 28).to_string(), question.ext("commitLogOffset").unwrap());
        let text = String::from_utf8_lossy(record);
        assert!(text.contains("hello") && text.contains(TOPIC) && text.contains("PGROUP\x01PG\x02"));
        assert!(text.contains(&format!("TRANSACTION_CHECK_TIMES\x01{times}\x02")));
        first.get_or_insert(question);
    }
    // The first question's places serve as well as the last one's.
    assert_eq!(sender.exchange(&encode(&end(&first.unwrap(), 8))).await.code, 0);
    assert!(ends(&core)[0].from_check);
    assert_eq!(core.message_count(TOPIC), 1);
    assert_eq!(core.ask("HALF"), Err(Unpushed::Ended(Transaction::Committed)));
    assert!(other.hears_nothing_for(1000).await);
}

#[tokio::test(start_paused = true)]
async fn a_question_goes_to_another_of_the_group_when_the_sender_is_gone() {
    let core = core(Options { version: 513, ..Options::default() });
    let mut sender = Client::connect(&core, 0);
    let mut second = Client::connect(&core, 0);
    beat(&mut sender, "sender", "PG").await;
    beat(&mut second, "second", "PG").await;
    sender.exchange(&half(1)).await;
    sender.exchange(&encode(&unregister::request("sender", "PG"))).await;
    core.ask("HALF").unwrap();
    let question = second.next().await.unwrap();
    assert_eq!((question.ext("topic"), question.ext("bname")), (Some(TOPIC), Some("broker-a")));
    assert!(sender.hears_nothing_for(1000).await);
}

#[tokio::test(start_paused = true)]
async fn a_reply_is_pushed_to_the_client_that_asked() {
    let core = core(Options::default());
    let mut other = Client::connect(&core, 0);
    let mut client = Client::connect(&core, 0);
    beat(&mut other, "other", "PG").await;
    client.exchange(&send(1)).await;
    const ASKS: &str =
        "REPLY_TO_CLIENT\x01asker\x02UNIQ_KEY\x01ASK\x02TTL\x018000\x02CORRELATION_ID\x01c-1\x02";
    client.exchange(&send_frame(2, false, HeaderFormat::Json, |send| send.properties = &[ASKS])).await;
    assert_eq!(core.reply("NONE", "pong"), Err(Unpushed::Unknown));
    assert_eq!(core.reply("ID", "pong"), Err(Unpushed::NoRequest));
    assert_eq!(core.reply("ASK", "pong"), Err(Unpushed::NotConnected));
    beat(&mut client, "asker", "PG").await;
    core.reply("ASK", "pong").unwrap();
    let pushed = client.next().await.unwrap();
    assert_eq!((pushed.code, pushed.is_oneway(), &pushed.body[..]), (326, false, &b"pong"[..]));
    assert_eq!(pushed.ext("topic"), Some("DefaultCluster_REPLY_TOPIC"));
    let wire = pushed.ext("properties").unwrap();
    for property in [
        "CORRELATION_ID\x01c-1\x02",
        "REPLY_TO_CLIENT\x01asker\x02",
        "MSG_TYPE\x01reply\x02",
        "TTL\x018000\x02",
    ] {
        assert!(wire.contains(property), "{wire:?}");
    }
    client.write(&encode(&Command::response(0, pushed.opaque))).await;
    let answered = |what: &What| matches!(what, What::Answer(answer) if answer.opaque == pushed.opaque);
    soon(core.reach_events(|events| events.iter().any(|event| answered(&event.what)))).await;
    assert!(other.hears_nothing_for(1000).await);
}
