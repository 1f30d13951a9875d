//! One frame at a time: reads it, finds its fault, lets the node answer, and says what to do with the connection.

use std::time::Duration;

use protocol::codes::{Language, request, response};
use protocol::command::{Command, Head};
use protocol::frame::{Frame, HeaderFormat};

use crate::answer::Answer;
use crate::fault::{Arrival, Fault, is_send};
use crate::log::What;
use crate::node::Node;
use crate::state::State;

/// What a connection has to do after its frames were handled.
#[derive(Debug, Default)]
pub(crate) struct Outputs {
    /// To be written now.
    pub(crate) now: Vec<u8>,
    /// To be written after that long, in the order given.
    pub(crate) later: Vec<(Duration, Vec<u8>)>,
    /// Close after `now` is written; whatever was not handled is lost.
    pub(crate) cut: bool,
    /// Read no more.
    pub(crate) stall: bool,
}

/// Where a frame came from.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Origin {
    pub(crate) node: Node,
    pub(crate) connection: u64,
    pub(crate) at: Duration,
}

/// A request being answered.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Request<'a> {
    pub(crate) connection: u64,
    pub(crate) at: Duration,
    pub(crate) format: HeaderFormat,
    pub(crate) command: &'a Command,
}

impl State {
    /// Handles one frame.
    pub(crate) fn handle(&mut self, origin: Origin, frame: &Frame<'_>, out: &mut Outputs) {
        let command = match Head::read(frame) {
            Ok(head) if self.swallow(origin.node, frame, &head, out) => return,
            Ok(_) => Command::decode(frame),
            Err(error) => Err(error),
        };
        match command {
            Err(error) => self.broken(origin, error.to_string(), out),
            Ok(command) if command.is_response() => {
                self.record(origin.at, origin.node, origin.connection, What::Answer(command));
            }
            Ok(command) => self.answer(origin, frame.format, &command, out),
        }
    }

    /// Notes bytes that make no sense and ends the connection, as Netty's decoder does.
    pub(crate) fn broken(&mut self, origin: Origin, why: String, out: &mut Outputs) {
        self.record(origin.at, origin.node, origin.connection, What::Broken(why));
        out.cut = true;
    }

    fn answer(&mut self, origin: Origin, format: HeaderFormat, command: &Command, out: &mut Outputs) {
        self.log.count_request(origin.node, command.code);
        let fault = self.fault(origin, command);
        let performs = fault.as_ref().is_none_or(Fault::performs);
        let request = Request { connection: origin.connection, at: origin.at, format, command };
        let (answer, mut what) = match origin.node {
            Node::NameServer => self.answer_as_name_server(&request, performs),
            Node::Broker(broker) => self.answer_as_broker(broker, &request, performs),
        };
        let answer = self.replace(answer, fault.as_ref(), command);
        match &mut what {
            What::Send(attempt) => attempt.answer = answer.code(),
            What::End(end) => end.answer = answer.code(),
            What::Route { answer: code, .. } | What::Other { answer: code, .. } => *code = answer.code(),
            _ => {}
        }
        self.record(origin.at, origin.node, origin.connection, what);
        let format = if self.options.mirror_format { format } else { HeaderFormat::Json };
        let latency = self.latency(origin.node);
        deliver(&answer, fault.as_ref(), (command.opaque, format), latency, out);
    }

    fn fault(&mut self, origin: Origin, command: &Command) -> Option<Fault> {
        let short_names = is_send(command.code)
            && !matches!(command.code, request::SEND_MESSAGE | request::SEND_REPLY_MESSAGE);
        let arrival = Arrival {
            node: origin.node,
            connection: origin.connection,
            at: origin.at,
            code: command.code,
            opaque: command.opaque,
            oneway: command.is_oneway(),
            topic: command.ext(if short_names { "b" } else { "topic" }),
            command,
        };
        self.script.take(&arrival).or_else(|| self.director.as_mut().and_then(|director| director(&arrival)))
    }

    /// The answer after the fault had its say about what it is.
    fn replace(&self, answer: Answer, fault: Option<&Fault>, command: &Command) -> Answer {
        match fault {
            Some(Fault::Freeze { .. } | Fault::Cut { .. } | Fault::Stall) => return Answer::Nothing,
            _ if command.is_oneway() => return Answer::Nothing,
            _ => {}
        }
        match (fault, answer) {
            (Some(Fault::Answer { command, .. }), _) => Answer::Plain(command.clone()),
            (Some(Fault::Respond { code, remark, .. }), Answer::Send(mut reply)) => {
                reply.code = *code;
                reply.remark.clone_from(remark);
                Answer::Send(reply)
            }
            // A message that the broker refuses anyway is not reported as stored.
            (Some(fault @ Fault::Respond { code, remark, .. }), Answer::Plain(mut command)) => {
                if command.code == response::SUCCESS || !fault.performs() {
                    command.code = *code;
                    command.remark.clone_from(remark);
                }
                Answer::Plain(command)
            }
            (Some(Fault::Respond { code, remark, .. }), Answer::Nothing) => {
                let mut response = self.response(*code);
                response.remark.clone_from(remark);
                Answer::Plain(response)
            }
            (_, answer) => answer,
        }
    }

    /// An answer as a Java server of the configured version starts it.
    pub(crate) fn response(&self, code: i32) -> Command {
        Command { language: Language::Java, version: self.options.version, ..Command::response(code, 0) }
    }

    /// To a request code the emulated server has never heard of.
    pub(crate) fn unsupported(&self, command: &Command) -> Answer {
        if self.options.answer_unsupported { self.not_implemented(command.code) } else { Answer::Nothing }
    }

    /// To a request code the emulated server knows, but this one does not.
    pub(crate) fn not_implemented(&self, code: i32) -> Answer {
        let remark = format!(" request type {code} not supported");
        Answer::Plain(self.response(response::REQUEST_CODE_NOT_SUPPORTED).with_remark(remark))
    }
}

/// Turns an answer into bytes, after the fault had its say about how they get out.
fn deliver(
    answer: &Answer,
    fault: Option<&Fault>,
    (opaque, format): (i32, HeaderFormat),
    latency: Duration,
    out: &mut Outputs,
) {
    let delay = match fault {
        Some(Fault::Delay(delay) | Fault::Respond { delay, .. }) => latency + *delay,
        _ => latency,
    };
    if fault.is_none() && delay.is_zero() {
        answer.encode(opaque, format, &mut out.now);
        return;
    }
    let mut bytes = Vec::new();
    match fault {
        Some(Fault::Garbage(garbage)) => bytes.extend_from_slice(garbage),
        Some(Fault::UnknownOpaqueFirst) => answer.encode(opaque ^ i32::MIN, format, &mut bytes),
        Some(Fault::AnswerTwice) => answer.encode(opaque, format, &mut bytes),
        _ => {}
    }
    if !matches!(fault, Some(Fault::Garbage(_))) {
        answer.encode(opaque, format, &mut bytes);
    }
    if let Some(Fault::CutInAnswer { bytes: kept }) = fault {
        bytes.truncate(*kept);
    }
    match fault {
        Some(Fault::Cut { .. } | Fault::CutInAnswer { .. }) => out.cut = true,
        Some(Fault::Stall) => out.stall = true,
        _ => {}
    }
    if bytes.is_empty() {
        return;
    }
    if delay.is_zero() || out.cut {
        out.now.append(&mut bytes);
    } else {
        out.later.push((delay, bytes));
    }
}
