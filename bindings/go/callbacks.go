package rocketmq

import (
	"runtime"
	"strings"
	"sync"
)

// delivery is an end that is told in order.
type delivery struct {
	callback func(*Result, error)
	done     chan ended
	ended
}

// callbacks runs the callbacks of one producer, one after the other, on a goroutine that is there while there are any:
// not on the one that polls, so that a callback may send and wait.
type callbacks struct {
	lock    sync.Mutex
	waiting []delivery
	running bool
	// What the goroutine is at. Only it uses these two.
	batch []delivery
	next  int
	// Called after each callback.
	returned func()
}

func (c *callbacks) push(deliveries []delivery) {
	if len(deliveries) == 0 {
		return
	}
	c.lock.Lock()
	c.waiting = append(c.waiting, deliveries...)
	start := !c.running
	c.running = true
	c.lock.Unlock()
	if start {
		go c.run()
	}
}

func (c *callbacks) run() {
	// A callback that calls runtime.Goexit, as testing.T.FailNow does, takes this goroutine with it.
	finished := false
	defer func() {
		if !finished {
			go c.run()
		}
	}()
	for c.fill() {
		for c.next < len(c.batch) {
			c.deliver()
		}
	}
	finished = true
}

// fill takes the next deliveries, unless some of the last ones are left; false when there are none.
func (c *callbacks) fill() bool {
	if c.next < len(c.batch) {
		return true
	}
	clear(c.batch)
	c.lock.Lock()
	defer c.lock.Unlock()
	c.batch, c.waiting = c.waiting, c.batch[:0]
	c.next = 0
	c.running = len(c.batch) > 0
	return c.running
}

func (c *callbacks) deliver() {
	one := c.batch[c.next]
	c.next++
	if one.done != nil {
		one.done <- one.ended
		return
	}
	defer c.returned()
	one.callback(one.result, one.err)
}

// insideCallback tells whether the caller is a callback of any producer. Only calls that wait for callbacks ask, so a
// walk over the stack is cheap enough.
func insideCallback() bool {
	var counters [64]uintptr
	for skip := 2; ; skip += len(counters) {
		count := runtime.Callers(skip, counters[:])
		frames := runtime.CallersFrames(counters[:count])
		for {
			frame, more := frames.Next()
			if strings.HasSuffix(frame.Function, ".(*callbacks).deliver") &&
				strings.Contains(frame.Function, "rocketmq") {
				return true
			}
			if !more {
				break
			}
		}
		if count < len(counters) {
			return false
		}
	}
}
