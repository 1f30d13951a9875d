package rocketmq

// #include "shim.h"
import "C"

import (
	"context"
	"math"
	"strings"
	"time"
)

// Queue is one of a topic's queues.
type Queue struct {
	Broker string // The broker's name, not its address.
	ID     int    // From 0 on each broker.
}

// Message is what to send and how. Only Topic and Body are needed. Sends copy what they need before they return: a
// message may be changed and sent again at once, and sent by several goroutines that do not change it.
type Message struct {
	Topic string
	Body  []byte
	// Tags is what consumers filter by.
	Tags string
	// Keys are what the broker's index finds the message by; none has a blank.
	Keys []string
	// Properties are the application's own. Names that RocketMQ keeps for itself are refused.
	Properties map[string]string
	// ShardingKey sends messages of the same key to the same queue, in order, whichever client sends them.
	ShardingKey string
	// Queue sends to this queue and nowhere else. Producer.Queues tells which there are.
	Queue *Queue
	// DelayLevel is a broker's level of delay, 1 to 18. At most one of this and the next two may be set.
	DelayLevel int
	// Delay has consumers get the message so much later. Whole milliseconds; brokers from 5.0 on.
	Delay time.Duration
	// DeliverAt has consumers get the message at this time. Brokers from 5.0 on.
	DeliverAt time.Time
	// Flag is a number of the application's own, which consumers get.
	Flag int32
	// NoWaitStore has the broker answer before the message is stored as the broker is configured.
	NoWaitStore bool
	// NoRetry sends once, whatever send.retries says.
	NoRetry bool
}

// Longer texts go to the heap.
const textRoom = 512

// encode writes the texts behind text, each with a NUL behind it, and what else there is into head.
func (m *Message) encode(head *C.rmqgo_head, text []byte) ([]byte, error) {
	if m == nil {
		return nil, refused(ErrInvalidArgument, "the message is nil")
	}
	text = put(text, m.Topic, &head.topic_len)
	text = put(text, m.Tags, &head.tags_len)
	begin := len(text)
	for index, key := range m.Keys {
		if index > 0 {
			text = append(text, ' ')
		}
		text = append(text, key...)
	}
	text = end(text, begin, &head.keys_len)
	text, err := m.putProperties(head, text)
	if err != nil {
		return nil, err
	}
	if err := checkText(ErrInvalidProperty, "the sharding key", m.ShardingKey, "\x00"); err != nil {
		return nil, err
	}
	text = put(text, m.ShardingKey, &head.sharding_key_len)
	if text, err = m.putQueue(head, text); err != nil {
		return nil, err
	}
	head.flag = C.int32_t(m.Flag)
	if m.NoWaitStore {
		head.no_wait_store = 1
	}
	if m.NoRetry {
		head.send_flags = C.ROCKETMQ_SEND_NO_RETRY
	}
	return text, m.putDelay(head)
}

func put(text []byte, add string, length *C.uint32_t) []byte {
	begin := len(text)
	return end(append(text, add...), begin, length)
}

func end(text []byte, begin int, length *C.uint32_t) []byte {
	*length = C.uint32_t(min(len(text)-begin, math.MaxUint32))
	return append(text, 0)
}

func (m *Message) putProperties(head *C.rmqgo_head, text []byte) ([]byte, error) {
	begin := len(text)
	for name, value := range m.Properties {
		if strings.ContainsAny(name, "\x00\x01\x02") || strings.ContainsAny(value, "\x00\x01\x02") {
			return nil, refused(ErrInvalidProperty, "the property %q has NUL, \\1 or \\2 in its name or value", name)
		}
		text = append(append(text, name...), 1)
		text = append(append(text, value...), 2)
	}
	return end(text, begin, &head.properties_len), nil
}

func (m *Message) putQueue(head *C.rmqgo_head, text []byte) ([]byte, error) {
	if m.Queue == nil {
		return append(text, 0), nil
	}
	if m.Queue.Broker == "" || m.Queue.ID < 0 || m.Queue.ID > math.MaxInt32 {
		return nil, refused(ErrInvalidArgument, "there is no queue %d of the broker %q", m.Queue.ID, m.Queue.Broker)
	}
	if err := checkText(ErrInvalidArgument, "the queue's broker", m.Queue.Broker, "\x00"); err != nil {
		return nil, err
	}
	head.queue_id = C.int32_t(m.Queue.ID)
	return put(text, m.Queue.Broker, &head.broker_len), nil
}

func (m *Message) putDelay(head *C.rmqgo_head) error {
	set := 0
	if m.DelayLevel != 0 {
		set++
		if m.DelayLevel < 0 || m.DelayLevel > math.MaxInt32 {
			return refused(ErrInvalidArgument, "there is no level of delay %d", m.DelayLevel)
		}
		head.delay_level = C.int32_t(m.DelayLevel)
	}
	if m.Delay != 0 {
		set++
		if m.Delay < time.Millisecond {
			return refused(ErrInvalidArgument, "a delay of %v is less than a millisecond", m.Delay)
		}
		head.delay_ms = C.int64_t(m.Delay.Milliseconds())
	}
	if !m.DeliverAt.IsZero() {
		set++
		// The library takes 0 for no time; any that is over is at once.
		head.deliver_at_ms = C.int64_t(max(m.DeliverAt.UnixMilli(), 1))
	}
	if set > 1 {
		return refused(ErrInvalidArgument, "at most one of DelayLevel, Delay and DeliverAt may be set")
	}
	return nil
}

// milliseconds is the limit that a context sets, rounded up so that the library does not end before it.
func milliseconds(ctx context.Context, without int64) (int64, error) {
	if err := ctx.Err(); err != nil {
		return 0, cancelled(ctx, OutcomeNotSent, "the context had ended before the call")
	}
	deadline, ok := ctx.Deadline()
	if !ok {
		return without, nil
	}
	left := time.Until(deadline)
	return max(int64((left+time.Millisecond-1)/time.Millisecond), 1), nil
}
