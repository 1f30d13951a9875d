//! Takes messages with timers back: one request, to the broker that a message's handle names.

use std::sync::Arc;

use protocol::DecodeError;
use protocol::codes::response;
use protocol::command::Command;
use protocol::header::recall::{self, RecallHandle};
use tokio::time::Instant;

use crate::client::broker::Broker;
use crate::client::call_error::CallError;
use crate::error::{Error, ErrorKind};
use crate::producer::attempt::{self, Failure};
use crate::producer::{Message, Producer};
use crate::text::Text;

/// The first version of brokers that know recalls, 5.3.2. Of the older ones some do not answer requests that they do not
/// know.
const RECALL_VERSION: i32 = 477;

/// No handle is as long, and a request that is too long would end the connection that others use.
const HANDLE_BYTES_MAX: usize = 16 * 1024;

impl Producer {
    /// Has the broker not deliver the message of `topic` that `handle` is of; the id that it was sent with.
    pub async fn recall(
        self: &Arc<Self>,
        topic: &str,
        handle: &str,
        deadline: Option<Instant>,
    ) -> Result<Text, Error> {
        self.check_running()?;
        Message::new(topic)?;
        let failed = |kind, why: &str| Error::new(kind, format!("recalling a message of {topic}: {why}"));
        let message =
            self.read_handle(topic, handle).map_err(|why| failed(ErrorKind::InvalidArgument, &why))?;
        let Some((broker, shown)) = self.holder(topic, &message.broker_name, deadline).await? else {
            let why = format!("it is on {}, to which the topic's route does not lead", message.broker_name);
            return Err(failed(ErrorKind::Connect, &why));
        };
        // As a send holds it, so that a shutdown waits for the end, and at its limit brings it about.
        let _room = self.room(0, false, deadline).await?;
        self.check_running()?;
        // A quick broker could answer what nobody waits for.
        if deadline.is_some_and(|deadline| deadline <= self.now()) {
            return Err(failed(ErrorKind::Timeout, "the time limit passed before the request was sent"));
        }
        let request = recall::request(&self.settings.group, &message.topic, handle, &message.broker_name);
        self.take_back(&broker, request, deadline).await.map_err(|failure| {
            let error = failed(self.recall_kind(&failure), &format!("{shown}: {}", reason(&failure)));
            let error = error.with_outcome(failure.outcome()).with_broker(shown);
            let error = error.with_send(&message.unique_id, 1);
            match failure {
                Failure::Refused { code, remark } => error.with_answer(code, &remark),
                Failure::Call(_) | Failure::Garbled(_) => error,
            }
        })
    }

    /// Which message `handle` is of, or why it is of none of `topic`. Handles have topics as brokers know them.
    fn read_handle(&self, topic: &str, handle: &str) -> Result<RecallHandle, String> {
        if handle.is_empty() {
            let text = "there is no recall handle: brokers from 5.3.2 on give one to a message with a timer";
            return Err(text.to_owned());
        }
        if handle.len() > HANDLE_BYTES_MAX {
            return Err(format!("not a recall handle: it has {} bytes", handle.len()));
        }
        let message: RecallHandle = handle.parse().map_err(|error: DecodeError| error.to_string())?;
        if message.topic != self.settings.on_the_wire(topic) {
            return Err(format!("the recall handle is of a message of {}", message.topic));
        }
        Ok(message)
    }

    /// The broker of this name, and how to show it. The route is asked for anew if the one that is known does not lead
    /// there.
    async fn holder(
        &self,
        topic: &str,
        name: &str,
        deadline: Option<Instant>,
    ) -> Result<Option<(Arc<Broker>, Text)>, Error> {
        for anew in [false, true] {
            if anew {
                self.fetch_queues(topic, deadline).await?;
            }
            let route = self.route(topic, deadline).await?;
            if let Some(known) = route.brokers.iter().find(|known| known.name.as_str() == name) {
                let shown = format!("{name}@{}", known.broker.address());
                return Ok(Some((Arc::clone(&known.broker), shown.into())));
            }
        }
        Ok(None)
    }

    /// Sends the request once; again only if the broker says that it did not serve it.
    async fn take_back(
        &self,
        broker: &Arc<Broker>,
        request: Command,
        deadline: Option<Instant>,
    ) -> Result<Text, Failure> {
        let mut went_away = false;
        loop {
            // Only this broker has the message: it is dialled although that failed a moment ago.
            let caller = (self.owner(), RECALL_VERSION);
            let answer = match broker.call_of(caller, request.clone(), deadline, true).await {
                Err(CallError::VersionUnknown) => {
                    self.ask_version(broker, deadline).await.map_err(Failure::Call)?;
                    continue;
                }
                answer => answer.map_err(Failure::Call)?,
            };
            match answer.code {
                response::SUCCESS => {
                    let id = recall::message_id(&answer).map(Text::new);
                    return id.map_err(|error| Failure::Garbled(error.to_string()));
                }
                response::GO_AWAY if !went_away && self.may_go_on() => went_away = true,
                code => return Err(Failure::Refused { code, remark: answer.remark.unwrap_or_default() }),
            }
        }
    }

    /// Has the broker answer something, and so name its version.
    async fn ask_version(&self, broker: &Arc<Broker>, deadline: Option<Instant>) -> Result<(), CallError> {
        let Some(instance) = self.instance() else { return Err(CallError::Closed { sent: false }) };
        let answer = broker.call_of((self.owner(), 0), instance.heartbeat(), deadline, true).await;
        // Whatever became of the question, the message was not recalled.
        answer.map(drop).map_err(|error| error.with_sent(false))
    }

    fn recall_kind(&self, failure: &Failure) -> ErrorKind {
        match failure {
            Failure::Refused { code: response::REQUEST_CODE_NOT_SUPPORTED, .. } => ErrorKind::NotSupported,
            Failure::Call(_) => self.own_kind(failure.kind()),
            Failure::Refused { .. } | Failure::Garbled(_) => failure.kind(),
        }
    }
}

/// The sentence's second half.
fn reason(failure: &Failure) -> String {
    match failure {
        Failure::Call(CallError::TooOld { version }) => {
            let version = attempt::shown_version(*version);
            format!("the broker is of version {version}, and recalls are known from 5.3.2 on")
        }
        failure => failure.reason(),
    }
}
