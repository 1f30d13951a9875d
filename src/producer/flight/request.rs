//! A send as a connection sees it, and as a look-up of routes sees it.

use std::sync::Arc;

use protocol::header::send::PreparedSend;
use protocol::{EncodeError, HeaderFormat};
use tokio::time::Instant;

use crate::client::broker::{Done, Owner, Reply, Request};
use crate::client::call_error::CallError;
use crate::client::routes::{RouteError, RouteWaiter, TopicRoute};
use crate::client::write_buf::WriteBuf;
use crate::producer::attempt::{self, Failure};
use crate::producer::flight::Flight;
use crate::producer::result::Completion;
use crate::producer::select;

impl Request for Flight {
    fn owner(&self) -> Owner {
        self.owner
    }

    fn deadline(&self) -> Option<Instant> {
        self.target.as_ref().and_then(|target| target.deadline)
    }

    fn is_oneway(&self) -> bool {
        matches!(self.completion, Completion::None)
    }

    fn is_awaited(&self) -> bool {
        self.completion.is_awaited()
    }

    fn is_patient(&self) -> bool {
        self.parcel.place.is_fixed()
            || self
                .target
                .as_ref()
                .is_some_and(|target| !select::other_is_up(&target.route, target.queue.broker))
    }

    fn version_min(&self) -> i32 {
        if self.parcel.timed { attempt::TIMER_VERSION } else { 0 }
    }

    fn encode(&self, opaque: i32, format: HeaderFormat, out: &mut WriteBuf) -> Result<(), EncodeError> {
        // It has chosen a queue before it is submitted.
        let Some(target) = &self.target else { return Err(EncodeError::QueueId(-1)) };
        let settings = &self.producer.settings;
        let head = PreparedSend {
            sender: if self.parcel.wait_store { &settings.sender } else { &settings.sender_not_waiting },
            topic: &target.route.wire_topic,
            broker_name: target.route.brokers.get(target.queue.broker).map(|known| &known.wire_name),
            queue_id: target.queue.id,
            sys_flag: self.parcel.sys_flag,
            born_ms: target.born_ms,
            flag: self.parcel.flag,
            // Brokers from 5.0.0 on would give each record the properties of the header.
            id: (!self.parcel.batch).then_some(&self.result.id),
            properties: self.parcel.properties.as_deref().unwrap_or_default(),
            reconsume_times: 0,
            batch: self.parcel.batch,
        };
        let body = &self.parcel.body;
        let length = body.as_slice().len();
        out.frame(body, |bytes| head.encode(format, opaque, self.is_oneway(), length, bytes))
    }

    fn finish(self: Box<Self>, reply: Reply<'_>, done: &mut Done<'_>) {
        match reply {
            Reply::Answer(answer) => self.on_answer(answer, done),
            // A one-way send is over when it is written, and gives back its room.
            Reply::Written => self.land(done),
            Reply::Failed(CallError::VersionUnknown) => self.ask_version(done),
            Reply::Failed(error) => self.on_failure(&Failure::Call(error), done),
        }
    }
}

impl RouteWaiter for Flight {
    fn owner(&self) -> Owner {
        self.owner
    }

    fn deadline(&self) -> Option<Instant> {
        self.plan.deadline
    }

    fn ready(self: Box<Self>, route: Result<Arc<TopicRoute>, RouteError>, done: &mut Done<'_>) {
        match route {
            Ok(route) => {
                let moment = self.producer.moment();
                self.attempt(route, moment, done);
            }
            Err(error) => {
                let kind = self.producer.own_kind(attempt::route_kind(&error));
                let text = format!("no route for the topic {}: {error}", self.result.topic);
                self.end_with(kind, &text, done);
            }
        }
    }
}
