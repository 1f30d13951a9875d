//! The shortcut for measurements: a send that is only to be counted and answered, read in place and without a copy.
//! Whatever is out of the ordinary is left to the long way.

use std::sync::Arc;

use protocol::codes::{request, response};
use protocol::command::Head;
use protocol::frame::{Frame, HeaderFormat};
use protocol::message::batch::stored_bytes;

use crate::answer::SendReply;
use crate::dispatch::Outputs;
use crate::node::Node;
use crate::state::State;

impl State {
    /// Handles a plain send to a known topic; false leaves it to the long way.
    pub(crate) fn swallow(
        &mut self,
        node: Node,
        frame: &Frame<'_>,
        head: &Head<'_>,
        out: &mut Outputs,
    ) -> bool {
        if head.code != request::SEND_MESSAGE_V2 || head.is_response() {
            return false;
        }
        let Node::Broker(index) = node else { return false };
        if !self.only_counts(node) {
            return false;
        }
        let (mut topic, mut queue_id) = (None, None);
        for (name, value) in head.ext() {
            match &*name {
                "b" => topic = Some(value),
                "e" => queue_id = value.parse().ok(),
                _ => continue,
            }
            if topic.is_some() && queue_id.is_some() {
                break;
            }
        }
        let (Some(topic), Some(queue_id)) = (topic, queue_id) else { return false };
        let record_bytes = stored_bytes(topic.len(), frame.body.len(), 0);
        if record_bytes > self.options.message_bytes_max {
            return false;
        }
        let Some(broker) = self.brokers.get_mut(index) else { return false };
        let queue_offset = broker.topics.0.get_mut(&*topic).and_then(|topic| topic.append(queue_id));
        let Some(queue_offset) = queue_offset else { return false };
        let reply = SendReply {
            code: response::SUCCESS,
            remark: None,
            version: self.options.version,
            id_prefix: Arc::clone(&broker.id_prefix),
            commit_offset: broker.commit_offset,
            more_commit_offsets: Vec::new(),
            queue_id,
            queue_offset,
            recall_handle: None,
        };
        broker.commit_offset += i64::try_from(record_bytes).unwrap_or(0);
        self.log.count_request(node, head.code);
        if !head.is_oneway() {
            let format = if self.options.mirror_format { frame.format } else { HeaderFormat::Json };
            reply.encode(head.opaque, format, &mut out.now);
        }
        true
    }

    fn only_counts(&self, node: Node) -> bool {
        !self.options.keep
            && self.followers.is_empty()
            && self.director.is_none()
            && self.script.spares(node)
            && self.latency(node).is_zero()
    }
}
