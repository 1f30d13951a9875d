package rocketmq

// #include "shim.h"
import "C"

import (
	"context"
	"runtime"
)

// So many calls may wait inside the library at once: each holds a thread.
var inLibrary = make(chan struct{}, 16)

// waiting makes a call that waits in the library, with the context's deadline or `without` one the limit of its own.
// The end of the context frees the caller; the call itself ends at its limit, and what it gives is dropped.
func waiting(ctx context.Context, without int64, call func(limit int64) error) error {
	limit, err := milliseconds(ctx, without)
	if err != nil {
		return err
	}
	select {
	case inLibrary <- struct{}{}:
	case <-ctx.Done():
		return cancelled(ctx, OutcomeNotSent, "the call was given up")
	}
	done := make(chan error, 1)
	go func() {
		defer func() { <-inLibrary }()
		done <- call(limit)
	}()
	select {
	case err := <-done:
		return err
	case <-ctx.Done():
		return cancelled(ctx, OutcomeUnknown, "the call was given up")
	}
}

// Prepare looks a topic up and connects to its brokers, so that the first send is fast.
func (p *Producer) Prepare(ctx context.Context, topic string) error {
	return p.ask(ctx, topic, func(c *core, topic *C.char, limit int64) error {
		var answer C.rmqgo_answer
		answer.status = C.rocketmq_producer_prepare_topic(c.handle, topic, C.int64_t(limit), &answer.error)
		return c.take(answer)
	})
}

// Queues lists the writable queues of a topic, by broker name and then by id, as all clients of RocketMQ order them.
func (p *Producer) Queues(ctx context.Context, topic string) ([]Queue, error) {
	found := make(chan []Queue, 1)
	err := p.ask(ctx, topic, func(c *core, topic *C.char, limit int64) error {
		var list *C.rocketmq_queue_list
		var answer C.rmqgo_answer
		answer.status = C.rocketmq_producer_fetch_queues(c.handle, topic, C.int64_t(limit), &list, &answer.error)
		if err := c.take(answer); err != nil {
			return err
		}
		defer C.rocketmq_queue_list_destroy(list)
		queues := make([]Queue, C.rocketmq_queue_list_size(list))
		for index := range queues {
			queues[index].Broker = C.GoString(C.rocketmq_queue_list_broker(list, C.size_t(index)))
			queues[index].ID = int(C.rocketmq_queue_list_queue_id(list, C.size_t(index)))
		}
		found <- queues
		return nil
	})
	if err != nil {
		return nil, err
	}
	return <-found, nil
}

// Recall takes a message with a timer back, by the RecallHandle of its result, so that no consumer gets it; it returns
// the message's id. The broker does not know whether there is such a message, so a second call succeeds too.
func (p *Producer) Recall(ctx context.Context, topic, recallHandle string) (messageID string, err error) {
	if err := checkText(ErrInvalidArgument, "the recall handle", recallHandle, "\x00"); err != nil {
		return "", err
	}
	found := make(chan string, 1)
	err = p.ask(ctx, topic, func(c *core, topic *C.char, limit int64) error {
		handle := C.CString(recallHandle)
		defer free(handle)
		var id *C.char
		var answer C.rmqgo_answer
		answer.status = C.rocketmq_producer_recall(c.handle, topic, handle, C.int64_t(limit), &id, &answer.error)
		if err := c.take(answer); err != nil {
			return err
		}
		found <- owned(id)
		return nil
	})
	if err != nil {
		return "", err
	}
	return <-found, nil
}

// ask makes a call about a topic that waits in the library.
func (p *Producer) ask(ctx context.Context, topic string, call func(c *core, topic *C.char, limit int64) error) error {
	c, err := p.open()
	if err != nil {
		return err
	}
	defer runtime.KeepAlive(p)
	if err := checkText(ErrInvalidTopic, "the topic", topic, "\x00"); err != nil {
		return err
	}
	return waiting(ctx, C.ROCKETMQ_WAIT_DEFAULT, func(limit int64) error {
		name := C.CString(topic)
		defer free(name)
		return call(c, name, limit)
	})
}
