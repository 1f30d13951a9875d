package rocketmq

// #include "shim.h"
import "C"

import (
	"context"
	"runtime"
)

// Send sends a message and waits for the broker's answer. The context's deadline takes the place of "send.timeout.ms",
// and its end frees the caller at once; what becomes of the message is unknown then. While the in-flight limit is
// reached it waits for room.
//
// A message that was stored with another status than SendOK is a success too.
func (p *Producer) Send(ctx context.Context, message *Message) (*Result, error) {
	return p.sendAndWait(ctx, outgoing{message: message})
}

// SendBatch sends messages to one topic in one request: the broker stores all of them, in this order in one queue, or
// none. How it is sent (Queue, NoRetry) is the first one's to say.
func (p *Producer) SendBatch(ctx context.Context, messages []*Message) (*Result, error) {
	batch, err := newBatch(messages)
	if err != nil {
		return nil, err
	}
	defer batch.destroy()
	return p.sendAndWait(ctx, batch)
}

// SendAsync sends without waiting for the broker's answer. If it returns nil, callback runs exactly once, with either a
// result or an error; otherwise it never runs. It may run before SendAsync has returned.
//
// Callbacks of one producer run one after the other, on a goroutine of their own. They may send, and wait for that; while
// one runs later ones wait. "completion.max" is how many sends may be accepted whose callback has not returned; more are
// refused with ErrCompletionFull.
//
// While the in-flight limit is reached SendAsync waits for room; TrySendAsync does not. The context's deadline takes the
// place of "send.timeout.ms". Its cancellation ends the send: callback gets ErrCancelled, and what becomes of the message
// is unknown. For a send that is to outlive its caller's context take context.WithoutCancel.
func (p *Producer) SendAsync(ctx context.Context, message *Message, callback func(*Result, error)) error {
	return p.sendAndCall(ctx, outgoing{message: message}, true, callback)
}

// TrySendAsync is SendAsync that never waits: without room in flight it returns ErrQueueFull.
func (p *Producer) TrySendAsync(ctx context.Context, message *Message, callback func(*Result, error)) error {
	return p.sendAndCall(ctx, outgoing{message: message}, false, callback)
}

// SendBatchAsync is SendBatch that does not wait, with one callback for all messages, as SendAsync has it.
func (p *Producer) SendBatchAsync(ctx context.Context, messages []*Message, callback func(*Result, error)) error {
	batch, err := newBatch(messages)
	if err != nil {
		return err
	}
	defer batch.destroy()
	return p.sendAndCall(ctx, batch, true, callback)
}

// SendOneway sends and asks for no answer: the message may be lost without a word. While the in-flight limit is reached
// it waits for room.
func (p *Producer) SendOneway(ctx context.Context, message *Message) error {
	c, err := p.open()
	if err != nil {
		return err
	}
	defer runtime.KeepAlive(p)
	limit, err := milliseconds(ctx, C.ROCKETMQ_WAIT_DEFAULT)
	if err != nil {
		return err
	}
	return c.submit(ctx, outgoing{message: message}, nil, 0, limit, true)
}
