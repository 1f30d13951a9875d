// Package mock is librocketmq_mock for the tests: a name server and brokers inside the test program. It is no part of
// the module that users get.
package mock

/*
#cgo CFLAGS: -I${SRCDIR}/../../../../include
#cgo LDFLAGS: -lrocketmq_mock
#include <rocketmq_mock.h>
#include <stdlib.h>
*/
import "C"

import (
	"fmt"
	"unsafe"
)

// What faults are about, as rocketmq_mock.h has it.
const (
	AnyBroker  = C.ROCKETMQ_MOCK_ANY_BROKER
	NameServer = C.ROCKETMQ_MOCK_NAMESRV
	AnySend    = C.ROCKETMQ_MOCK_ANY_SEND
	RouteQuery = C.ROCKETMQ_MOCK_ROUTE

	Success          = C.ROCKETMQ_MOCK_SUCCESS
	SystemBusy       = C.ROCKETMQ_MOCK_SYSTEM_BUSY
	FlushDiskTimeout = C.ROCKETMQ_MOCK_FLUSH_DISK_TIMEOUT
	NoPermission     = C.ROCKETMQ_MOCK_NO_PERMISSION
	TopicNotExist    = C.ROCKETMQ_MOCK_TOPIC_NOT_EXIST
)

// Cluster is a mock cluster.
type Cluster struct {
	mock *C.rocketmq_mock
}

// Start starts one with so many brokers; topics appear when they are sent to.
func Start(brokers int) *Cluster {
	mock := C.rocketmq_mock_create(C.int32_t(brokers), 1)
	if mock == nil {
		panic(C.GoString(C.rocketmq_mock_error(nil)))
	}
	return &Cluster{mock}
}

func (c *Cluster) must(answer C.int32_t) {
	if answer != 0 {
		panic(fmt.Sprintf("mock: %s", C.GoString(C.rocketmq_mock_error(c.mock))))
	}
}

// Destroy ends it.
func (c *Cluster) Destroy() { C.rocketmq_mock_destroy(c.mock) }

// NameServer is the address for "namesrv.addr".
func (c *Cluster) NameServer() string { return C.GoString(C.rocketmq_mock_namesrv(c.mock)) }

// AddTopic makes a topic.
func (c *Cluster) AddTopic(topic string, queues int) {
	text := C.CString(topic)
	defer C.free(unsafe.Pointer(text))
	c.must(C.rocketmq_mock_add_topic(c.mock, text, C.int32_t(queues)))
}

// Respond scripts the answers to requests; a delay of -1 is none.
func (c *Cluster) Respond(broker, request, response int, delayMs int64, count int) {
	c.must(C.rocketmq_mock_push_response(c.mock, C.int32_t(broker), C.int32_t(request), C.int32_t(response),
		C.int64_t(delayMs), C.int32_t(count)))
}

// Disconnect cuts the connection instead of an answer.
func (c *Cluster) Disconnect(broker, request int, store bool, count int) {
	stored := C.int32_t(0)
	if store {
		stored = 1
	}
	c.must(C.rocketmq_mock_push_disconnect(c.mock, C.int32_t(broker), C.int32_t(request), stored, C.int32_t(count)))
}

// ClearFaults takes back the faults that have not happened.
func (c *Cluster) ClearFaults() { c.must(C.rocketmq_mock_clear_faults(c.mock)) }

// SetBroker switches a server off or on.
func (c *Cluster) SetBroker(broker int, up bool) {
	on := C.int32_t(0)
	if up {
		on = 1
	}
	c.must(C.rocketmq_mock_set_broker(c.mock, C.int32_t(broker), on))
}

// SetLatency makes every answer later.
func (c *Cluster) SetLatency(broker int, ms int64) {
	c.must(C.rocketmq_mock_set_latency_ms(c.mock, C.int32_t(broker), C.int64_t(ms)))
}

// Message is one that is stored.
type Message struct {
	ID, Tags, Keys string
	Body           []byte
	Broker, Queue  int
	Offset         int64
	topic          string
	index          C.size_t
	mock           *C.rocketmq_mock
}

// Property is one of its properties, RocketMQ's own included; false if it has none of that name.
func (m Message) Property(name string) (string, bool) {
	topic, text := C.CString(m.topic), C.CString(name)
	defer C.free(unsafe.Pointer(topic))
	defer C.free(unsafe.Pointer(text))
	value := C.rocketmq_mock_message_property(m.mock, topic, m.index, text)
	return C.GoString(value), value != nil
}

// Count is how many messages are stored in a topic.
func (c *Cluster) Count(topic string) int {
	text := C.CString(topic)
	defer C.free(unsafe.Pointer(text))
	return int(C.rocketmq_mock_message_count(c.mock, text))
}

// Wait waits until there are so many; false if not in time.
func (c *Cluster) Wait(topic string, count int, timeoutMs int64) bool {
	text := C.CString(topic)
	defer C.free(unsafe.Pointer(text))
	return C.rocketmq_mock_wait_messages(c.mock, text, C.size_t(count), C.int64_t(timeoutMs)) == 0
}

// Messages are those of a topic, in the order in which they came.
func (c *Cluster) Messages(topic string) []Message {
	text := C.CString(topic)
	defer C.free(unsafe.Pointer(text))
	messages := make([]Message, c.Count(topic))
	for place := range messages {
		index := C.size_t(place)
		var length C.size_t
		body := C.rocketmq_mock_message_body(c.mock, text, index, &length)
		messages[place] = Message{
			ID:     C.GoString(C.rocketmq_mock_message_id(c.mock, text, index)),
			Tags:   C.GoString(C.rocketmq_mock_message_tags(c.mock, text, index)),
			Keys:   C.GoString(C.rocketmq_mock_message_keys(c.mock, text, index)),
			Body:   C.GoBytes(body, C.int(length)),
			Broker: int(C.rocketmq_mock_message_broker(c.mock, text, index)),
			Queue:  int(C.rocketmq_mock_message_queue_id(c.mock, text, index)),
			Offset: int64(C.rocketmq_mock_message_queue_offset(c.mock, text, index)),
			topic:  topic, index: index, mock: c.mock,
		}
	}
	return messages
}
