//! What the name server answers (`DefaultRequestProcessor`, `RouteInfoManager`).

use std::collections::BTreeMap;

use bytes::Bytes;
use protocol::codes::{request, response};
use protocol::command::Command;
use protocol::route::{BrokerData, QueueData, RouteData};

use crate::answer::Answer;
use crate::dispatch::Request;
use crate::log::What;
use crate::node::Node;
use crate::state::State;

/// Servers write standard JSON from this version of the client on: 4.9.4.
const STANDARD_JSON_VERSION: i32 = 401;

impl State {
    pub(crate) fn answer_as_name_server(&self, request: &Request<'_>, performs: bool) -> (Answer, What) {
        let command = request.command;
        if command.code != request::GET_ROUTEINFO_BY_TOPIC {
            let what = What::Other { code: command.code, oneway: command.is_oneway(), answer: None };
            return (self.unsupported(command), what);
        }
        let topic = command.ext("topic").unwrap_or_default();
        let what = What::Route { topic: topic.into(), answer: None };
        if !performs {
            return (Answer::Nothing, what);
        }
        let answer = match self.route(topic) {
            None => self.response(response::TOPIC_NOT_EXIST).with_remark(format!(
                "No topic route info in name server for the topic: {topic}\n\
                 See http://rocketmq.apache.org/docs/faq/ for further details."
            )),
            Some(route) => {
                let body = route.encode(self.quotes_keys(command));
                self.response(response::SUCCESS).with_body(Bytes::from(body))
            }
        };
        (Answer::Plain(answer), what)
    }

    fn quotes_keys(&self, command: &Command) -> bool {
        let asked = command.ext("acceptStandardJsonOnly").is_some_and(|value| value == "true");
        self.options.standard_json && (asked || command.version >= STANDARD_JSON_VERSION)
    }

    /// What the registered brokers have of this topic.
    fn route(&self, topic: &str) -> Option<RouteData> {
        let mut route = RouteData {
            order_conf: self.order_confs.get(topic).cloned(),
            queues: Vec::new(),
            brokers: Vec::new(),
        };
        for (index, broker) in self.brokers.iter().enumerate() {
            let Some(config) = broker.topics.0.get(topic).filter(|_| broker.registered) else { continue };
            if !broker.leaving {
                route.queues.push(QueueData {
                    broker_name: broker.name.clone(),
                    read_queues: config.queues(),
                    write_queues: config.queues(),
                    perm: config.perm,
                });
            }
            let address = self.switches.get(&Node::Broker(index)).map(|switches| switches.address.clone());
            route.brokers.push(BrokerData {
                cluster: self.options.cluster_name.clone(),
                broker_name: broker.name.clone(),
                addresses: BTreeMap::from([(i64::from(!broker.master), address.unwrap_or_default())]),
            });
        }
        (!route.queues.is_empty()).then_some(route)
    }
}
