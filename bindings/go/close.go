package rocketmq

// #include "shim.h"
import "C"

import (
	"context"
	"errors"
	"runtime"
	"time"
)

// How long after the end of a context its call waits for what the library still has to tell: the end of what was cut
// off, or what became of a message whose time is over. The library promises both within 50 ms.
const grace = 100 * time.Millisecond

// Flush waits until every send accepted before it has ended and its callback has returned, or until the context ends.
// What waits for others to go out with ("batch.auto") goes out at once. Inside a callback it is refused with
// ErrWouldDeadlock.
func (p *Producer) Flush(ctx context.Context) error {
	c, err := p.open()
	if err != nil {
		return err
	}
	defer runtime.KeepAlive(p)
	if insideCallback() {
		return refused(ErrWouldDeadlock, "Flush waits for the callback that calls it")
	}
	limit, err := milliseconds(ctx, C.ROCKETMQ_WAIT_FOREVER)
	if err != nil {
		return err
	}
	done := make(chan ended, 1)
	tag := c.calls.add(call{done: done, inOrder: true})
	var answer C.rmqgo_answer
	answer.status = C.rocketmq_producer_flush_cq(c.handle, C.int64_t(limit), c.queue.cq, C.uint64_t(tag), &answer.error)
	if err := c.take(answer); err != nil {
		c.calls.take(tag)
		return err
	}
	select {
	case end := <-done:
		return end.err
	case <-ctx.Done():
		// The event may have come: its end stands behind callbacks that have not returned.
		c.calls.take(tag)
		return cancelled(ctx, OutcomeNotSent, "the flush was given up")
	}
}

// Close refuses new sends with ErrClosed, lets those in flight come to their ends, and returns when their callbacks have
// returned. When the context ends before, it cuts off what is open: these sends end with ErrClosed, and so does Close;
// or with the context's error if a callback still runs then. Without a deadline it waits as long as the sends do.
// Further calls return nil. Inside a callback it is refused with ErrWouldDeadlock.
func (p *Producer) Close(ctx context.Context) error {
	if p == nil || p.core == nil {
		return refused(ErrInvalidHandle, "the producer was not made by NewProducer")
	}
	defer runtime.KeepAlive(p)
	if insideCallback() {
		return refused(ErrWouldDeadlock, "Close waits for the callback that calls it")
	}
	return p.core.close(ctx)
}

func (c *core) close(ctx context.Context) error {
	if c.closed.Load() {
		return nil
	}
	limit, err := milliseconds(ctx, C.ROCKETMQ_WAIT_FOREVER)
	if err != nil {
		limit = 0
	}
	err = c.shutDown(ctx, limit)
	// Cut off. The library says ErrTimeout only where it had too little time to tell all ends; each call gives it more.
	for attempt := 0; attempt < 100 && (errors.Is(err, ErrTimeout) || errors.Is(err, ErrCancelled)); attempt++ {
		err = c.shutDown(context.Background(), 0)
	}
	c.end()
	if late := c.awaitCallbacks(ctx); late != nil {
		return late
	}
	return err
}

// shutDown waits for the library's part; ErrTimeout or ErrCancelled when the context ended before.
func (c *core) shutDown(ctx context.Context, limit int64) error {
	done := make(chan ended, 1)
	tag := c.calls.add(call{done: done})
	var answer C.rmqgo_answer
	answer.status = C.rocketmq_producer_shutdown_cq(c.handle, C.int64_t(limit), c.queue.cq, C.uint64_t(tag), &answer.error)
	if err := take(answer); err != nil {
		c.calls.take(tag)
		if c.closed.Load() {
			return nil // by another Close meanwhile
		}
		return err
	}
	select {
	case end := <-done:
		return end.err
	case <-c.queue.gone: // another Close has come to the end
		return nil
	case <-ctx.Done():
		c.calls.take(tag)
		return cancelled(ctx, OutcomeNotSent, "the close was cut short")
	}
}

func (c *core) awaitCallbacks(ctx context.Context) error {
	done := make(chan ended, 1)
	c.callbacks.push([]delivery{{done: done}})
	select {
	case <-done:
		return nil
	case <-ctx.Done():
	}
	late := time.NewTimer(grace)
	defer late.Stop()
	select {
	case <-done:
		return nil
	case <-late.C:
		return cancelled(ctx, OutcomeNotSent, "the producer is closed, but a callback still runs")
	}
}

// end frees what the producer holds in the library; nothing comes from there any more.
func (c *core) end() {
	c.finish.Do(func() {
		c.lastStats, _ = statsJSON(c.handle)
		c.closed.Store(true)
		C.rocketmq_producer_destroy(c.handle)
		c.queue.close()
	})
}

// settleRest is for calls whose end the library has not told: there are none unless it broke a promise, or Close gave
// up waiting.
func (c *core) settleRest() {
	var deliveries []delivery
	for _, one := range c.calls.takeAll() {
		if one.stop != nil {
			one.stop()
		}
		end := ended{err: &Error{Status: ErrClosed, Message: "the producer was closed", BrokerCode: -1}}
		if one.done != nil {
			one.done <- end
		} else {
			deliveries = append(deliveries, delivery{callback: one.callback, ended: end})
		}
	}
	c.callbacks.push(deliveries)
}

// take is the answer of a call with the producer's own handles, which answer "destroyed" in the moment of a Close.
func (c *core) take(answer C.rmqgo_answer) error {
	err := take(answer)
	if errors.Is(err, ErrInvalidHandle) && c.closed.Load() {
		return refused(ErrClosed, "the producer is closed")
	}
	return err
}
