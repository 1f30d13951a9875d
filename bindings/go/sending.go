package rocketmq

// #include "shim.h"
import "C"

import (
	"context"
	"errors"
	"runtime"
	"sync"
	"sync/atomic"
	"time"
)

// Channels of sends that are waited for: each is empty when it comes back.
var waiters = sync.Pool{New: func() any { return make(chan ended, 1) }}

func (p *Producer) sendAndWait(ctx context.Context, what outgoing) (*Result, error) {
	c, err := p.open()
	if err != nil {
		return nil, err
	}
	defer runtime.KeepAlive(p)
	limit, err := milliseconds(ctx, C.ROCKETMQ_WAIT_DEFAULT)
	if err != nil {
		return nil, err
	}
	done := waiters.Get().(chan ended)
	tag := c.calls.add(call{topic: what.topic(), done: done})
	if err := c.submit(ctx, what, c.queue.cq, tag, limit, true); err != nil {
		c.calls.take(tag)
		waiters.Put(done)
		return nil, err
	}
	var end ended
	if ctx.Done() == nil { // never ends: a plain receive is half the work of a select
		end = <-done
	} else {
		end = c.receive(ctx, tag, done)
	}
	waiters.Put(done)
	return end.result, end.err
}

// receive waits for the end of a send or of its context. When it returns, nothing comes to done any more.
func (c *core) receive(ctx context.Context, tag uint64, done chan ended) ended {
	select {
	case end := <-done:
		return end
	case <-ctx.Done():
	}
	if ctx.Err() == context.DeadlineExceeded {
		// The library has the same limit, and can tell what became of the message.
		late := time.NewTimer(grace)
		defer late.Stop()
		select {
		case end := <-done:
			return end
		case <-late.C:
		}
	}
	if _, open := c.calls.take(tag); !open {
		return <-done // it ends in this moment
	}
	return ended{err: cancelled(ctx, OutcomeUnknown, "the send was given up")}
}

func (p *Producer) sendAndCall(ctx context.Context, what outgoing, wait bool, callback func(*Result, error)) error {
	c, err := p.open()
	if err != nil {
		return err
	}
	defer runtime.KeepAlive(p)
	if callback == nil {
		return refused(ErrInvalidArgument, "the callback is nil")
	}
	limit, err := milliseconds(ctx, C.ROCKETMQ_WAIT_DEFAULT)
	if err != nil {
		return err
	}
	if c.unreturned.Add(1) > c.unreturnedMax {
		c.unreturned.Add(-1)
		full := refused(ErrCompletionFull, "%d callbacks have not returned: completion.max", c.unreturnedMax)
		full.Retriable = true
		return full
	}
	tag := c.calls.add(call{topic: what.topic(), callback: callback})
	if err := c.submit(ctx, what, c.queue.cq, tag, limit, wait); err != nil {
		c.calls.take(tag)
		c.unreturned.Add(-1)
		return err
	}
	if ctx.Done() != nil {
		c.watch(ctx, tag)
	}
	return nil
}

// watch has the callback told when the context is cancelled. A deadline is the library's to keep.
func (c *core) watch(ctx context.Context, tag uint64) {
	stop := context.AfterFunc(ctx, func() {
		if ctx.Err() == context.DeadlineExceeded {
			time.Sleep(grace)
		}
		if one, open := c.calls.take(tag); open {
			end := ended{err: cancelled(ctx, OutcomeUnknown, "the send was given up")}
			c.callbacks.push([]delivery{{callback: one.callback, ended: end}})
		}
	})
	if !c.calls.watch(tag, stop) {
		stop()
	}
}

func (o outgoing) topic() string {
	if o.message == nil {
		return ""
	}
	return o.message.Topic
}

// submit offers the send, and while the in-flight limit is reached waits for room if it may.
func (c *core) submit(ctx context.Context, what outgoing, cq *C.rocketmq_cq, tag uint64, limit int64, wait bool) error {
	answer, err := what.offer(c.handle, cq, tag, limit)
	if err != nil {
		return err
	}
	if answer.status != C.ROCKETMQ_ERR_QUEUE_FULL || !wait {
		return c.take(answer)
	}
	full := c.take(answer)
	deadline, ok := ctx.Deadline()
	if !ok {
		deadline = time.Now().Add(c.sendTimeout)
	}
	for {
		if !c.room.await(ctx, deadline) {
			return fullUntil(ctx, full)
		}
		left := max(time.Until(deadline).Milliseconds(), 1)
		answer, err := what.offer(c.handle, cq, tag, left)
		if err != nil {
			return err
		}
		if answer.status != C.ROCKETMQ_ERR_QUEUE_FULL {
			return c.take(answer)
		}
		full = c.take(answer)
	}
}

// fullUntil is the error of a send that found no room as long as its context lasted.
func fullUntil(ctx context.Context, full error) error {
	var detail *Error
	if errors.As(full, &detail) && ctx.Err() != nil {
		detail.cause = ctx.Err()
	}
	return full
}

// room lets sends wait until others have ended. They wait here and not in the library, where each would hold a thread.
type room struct {
	waiting atomic.Int32
	freed   chan struct{}
}

// free wakes as many as have room now. It never waits; who is not woken looks again by itself.
func (r *room) free(count int) {
	for range min(count, int(r.waiting.Load())) {
		select {
		case r.freed <- struct{}{}:
		default:
			return
		}
	}
}

// await returns true when it is worth another try, and false when the time is over. One-way sends free room without
// an event, so it is after 10 ms at the latest.
func (r *room) await(ctx context.Context, deadline time.Time) bool {
	left := time.Until(deadline)
	if left <= 0 || ctx.Err() != nil {
		return false
	}
	r.waiting.Add(1)
	defer r.waiting.Add(-1)
	again := time.NewTimer(min(left, 10*time.Millisecond))
	defer again.Stop()
	select {
	case <-r.freed:
	case <-again.C:
	case <-ctx.Done():
		return false
	}
	return true
}
