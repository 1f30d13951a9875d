package rocketmq

// #include "shim.h"
import "C"

import (
	"fmt"
	"time"
)

// SendStatus says how well a message was stored. All four are successes: the broker has the message.
type SendStatus int32

// How the message was stored.
const (
	SendOK                SendStatus = C.ROCKETMQ_SEND_OK                  // As configured.
	SendFlushDiskTimeout  SendStatus = C.ROCKETMQ_SEND_FLUSH_DISK_TIMEOUT  // In memory, the disk flush was late.
	SendFlushSlaveTimeout SendStatus = C.ROCKETMQ_SEND_FLUSH_SLAVE_TIMEOUT // The replica's flush was late.
	SendSlaveNotAvailable SendStatus = C.ROCKETMQ_SEND_SLAVE_NOT_AVAILABLE // No replica took it.
)

func (s SendStatus) String() string {
	switch s {
	case SendOK:
		return "OK"
	case SendFlushDiskTimeout:
		return "flush disk timeout"
	case SendFlushSlaveTimeout:
		return "flush slave timeout"
	case SendSlaveNotAvailable:
		return "slave not available"
	}
	return fmt.Sprintf("SendStatus(%d)", int32(s))
}

// Result says where a message was stored; of a batch where its first one was.
type Result struct {
	Topic       string
	Status      SendStatus
	MessageID   string // The unique id that the message was sent with.
	Queue       Queue
	QueueOffset int64
	// OffsetID is the id by which the broker finds the message in its log.
	OffsetID      string
	TransactionID string // What the broker answered with, or "".
	// RecallHandle is what Producer.Recall takes a message with a timer back with, or "".
	RecallHandle string
	Attempts     int // Tries made, this one included.
	// Latency is the time from the call to the broker's answer, all tries included.
	Latency time.Duration
	// MessageIDs are the ids of all messages of a batch, in their order; nil for a single message.
	MessageIDs []string
}

// read makes the Result of an event that the shim has laid out flat. Names of brokers are kept once in names, since
// there are few.
func (r *Result) read(event *C.rocketmq_event, stored *C.rmqgo_stored, names map[string]string) {
	ids := int(stored.message_id_len)
	offsets := ids + int(stored.offset_id_len)
	transactions := offsets + int(stored.transaction_id_len)
	handles := transactions + int(stored.recall_handle_len)
	bytes := (*[C.RMQGO_TEXT]byte)(unsafePointer(&stored.text))
	text := string(bytes[:handles]) // one allocation for all ids
	r.MessageID, r.OffsetID = text[:ids], text[ids:offsets]
	r.TransactionID, r.RecallHandle = text[offsets:transactions], text[transactions:handles]
	r.Queue.Broker = intern(names, bytes[handles:handles+int(stored.broker_len)])
	r.Attempts = int(stored.attempts)
	r.Latency = time.Duration(stored.latency_us) * time.Microsecond
	r.readEvent(event)
}

// readEach asks the library for each member: a batch, or texts that are longer than usual.
func (r *Result) readEach(event *C.rocketmq_event, from *C.rocketmq_send_result) {
	r.MessageID = C.GoString(C.rocketmq_send_result_message_id(from))
	r.OffsetID = C.GoString(C.rocketmq_send_result_offset_id(from))
	r.TransactionID = C.GoString(C.rocketmq_send_result_transaction_id(from))
	r.RecallHandle = C.GoString(C.rocketmq_send_result_recall_handle(from))
	r.Queue.Broker = C.GoString(C.rocketmq_send_result_broker(from))
	r.Attempts = int(C.rocketmq_send_result_attempts(from))
	r.Latency = time.Duration(C.rocketmq_send_result_latency_us(from)) * time.Microsecond
	if count := C.rocketmq_send_result_count(from); count > 1 {
		r.MessageIDs = make([]string, count)
		for index := range r.MessageIDs {
			r.MessageIDs[index] = C.GoString(C.rocketmq_send_result_message_id_at(from, C.size_t(index)))
		}
	}
	r.readEvent(event)
}

func (r *Result) readEvent(event *C.rocketmq_event) {
	r.Status = SendStatus(event.code)
	r.Queue.ID = int(event.queue_id)
	r.QueueOffset = int64(event.queue_offset)
}

func intern(names map[string]string, name []byte) string {
	if known, ok := names[string(name)]; ok {
		return known
	}
	if len(names) >= 1024 { // brokers come and go over the years
		clear(names)
	}
	names[string(name)] = string(name)
	return names[string(name)]
}
