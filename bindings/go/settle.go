package rocketmq

// #include "shim.h"
import "C"

// settle ends the calls that a poll's events are about.
func (c *core) settle(events []C.rocketmq_event, stored []C.rmqgo_stored) {
	var taken [C.RMQGO_EVENTS]call
	c.calls.lock.Lock()
	for index := range events {
		taken[index], _ = c.calls.takeLocked(uint64(events[index].tag))
	}
	c.calls.lock.Unlock()
	for index := range events {
		one := &taken[index]
		if one.done == nil && one.callback == nil {
			continue // the context was cancelled: nobody waits any more
		}
		if one.stop != nil {
			one.stop()
		}
		end := c.endOf(&events[index], &stored[index], one.topic)
		if one.done != nil && !one.inOrder {
			one.done <- end
		} else {
			c.deliveries = append(c.deliveries, delivery{callback: one.callback, done: one.done, ended: end})
		}
	}
	c.callbacks.push(c.deliveries)
	clear(c.deliveries)
	c.deliveries = c.deliveries[:0]
	c.room.free(len(events))
}

func (c *core) endOf(event *C.rocketmq_event, stored *C.rmqgo_stored, topic string) ended {
	if event.status != C.ROCKETMQ_OK {
		return ended{err: failure(Status(event.status), C.rocketmq_event_error(event))}
	}
	if event.kind != C.ROCKETMQ_EVENT_SEND {
		return ended{}
	}
	result := &Result{Topic: topic}
	if stored.whole != 0 {
		result.read(event, stored, c.brokers)
	} else {
		result.readEach(event, C.rocketmq_event_result(event))
	}
	return ended{result: result}
}
