package rocketmq

// #include "shim.h"
import "C"

import (
	"context"
	"runtime"
	"strconv"
	"sync"
	"sync/atomic"
	"time"
)

// Producer sends messages. It is safe for use by any number of goroutines; a program needs one for each group and
// cluster. Close it when it is no longer needed. One that is forgotten is closed after the garbage collector has found
// it, when its sends have ended.
type Producer struct {
	core *core
}

// State is where a producer is in its life.
type State int32

// The states. NewProducer returns a running producer.
const (
	StateCreated  State = C.ROCKETMQ_STATE_CREATED
	StateStarting State = C.ROCKETMQ_STATE_STARTING
	StateRunning  State = C.ROCKETMQ_STATE_RUNNING
	StateClosing  State = C.ROCKETMQ_STATE_CLOSING // New calls answer ErrClosed, accepted sends come to their ends.
	StateClosed   State = C.ROCKETMQ_STATE_CLOSED
	StateFailed   State = C.ROCKETMQ_STATE_FAILED // An internal error: calls answer ErrInternal, Close works.
)

func (s State) String() string {
	names := [...]string{"created", "starting", "running", "closing", "closed", "failed"}
	if s < 0 || int(s) >= len(names) {
		return "State(" + strconv.Itoa(int(s)) + ")"
	}
	return names[s]
}

// core is what a producer is made of. The goroutine that polls holds it and not the Producer, which so can be collected.
type core struct {
	handle    *C.rocketmq_producer
	queue     *queue
	calls     calls
	callbacks callbacks
	room      room
	clientID  string
	// Limit of a send that has none from its context.
	sendTimeout time.Duration
	// Accepted asynchronous sends whose callback has not returned, and how many there may be: the library counts only
	// up to the poll.
	unreturned    atomic.Int64
	unreturnedMax int64
	// Names of brokers; only the goroutine that polls uses them.
	brokers map[string]string
	// What is collected of a poll's events before it is told at once; reused. Only the goroutine that polls uses it.
	deliveries []delivery

	finish sync.Once
	closed atomic.Bool
	// The last statistics, since the library's producer is gone.
	lastStats []byte
}

// NewProducer makes a producer and connects it to a name server, for which it waits up to "send.timeout.ms".
func NewProducer(config Config) (*Producer, error) {
	return NewProducerContext(context.Background(), config)
}

// NewProducerContext is NewProducer with a context, whose deadline takes the place of "send.timeout.ms" and whose end
// gives the start up. Once it has returned the context means nothing to the producer.
func NewProducerContext(ctx context.Context, config Config) (*Producer, error) {
	if err := checkVersion(); err != nil {
		return nil, err
	}
	followDefaultLogger()
	c, err := newCore(config)
	if err != nil {
		return nil, err
	}
	go c.queue.run(c.settle, c.settleRest)
	err = waiting(ctx, C.ROCKETMQ_WAIT_DEFAULT, func(limit int64) error {
		var answer C.rmqgo_answer
		answer.status = C.rocketmq_producer_start(c.handle, C.int64_t(limit), &answer.error)
		return take(answer)
	})
	if err != nil {
		c.end() // ends a start that is still under way, too
		return nil, err
	}
	c.clientID = C.GoString(C.rocketmq_producer_client_id(c.handle))
	producer := &Producer{core: c}
	runtime.AddCleanup(producer, func(c *core) { go c.close(context.Background()) }, c)
	return producer, nil
}

func newCore(config Config) (*core, error) {
	settings, err := config.build()
	if err != nil {
		return nil, err
	}
	defer C.rocketmq_config_destroy(settings)
	c := &core{brokers: map[string]string{}}
	c.callbacks.returned = func() { c.unreturned.Add(-1) }
	c.room.freed = make(chan struct{}, C.RMQGO_EVENTS)
	timeout, err := number(settings, "send.timeout.ms")
	if err != nil {
		return nil, err
	}
	c.sendTimeout = time.Duration(timeout) * time.Millisecond
	completions, err := number(settings, "completion.max")
	if err != nil {
		return nil, err
	}
	c.unreturnedMax = completions
	if c.queue, err = newQueue(); err != nil {
		return nil, err
	}
	var answer C.rmqgo_answer
	answer.status = C.rocketmq_producer_create(settings, &c.handle, &answer.error)
	if err := take(answer); err != nil {
		c.queue.destroy()
		return nil, err
	}
	return c, nil
}

// State tells where the producer is in its life.
func (p *Producer) State() State {
	c, err := p.open()
	if err != nil {
		return StateClosed
	}
	defer runtime.KeepAlive(p)
	return State(C.rocketmq_producer_state(c.handle))
}

// ClientID is the name by which brokers know this client.
func (p *Producer) ClientID() string {
	if p == nil || p.core == nil {
		return ""
	}
	return p.core.clientID
}

// Connected is the number of brokers that messages could be written to now.
func (p *Producer) Connected() int {
	c, err := p.open()
	if err != nil {
		return 0
	}
	defer runtime.KeepAlive(p)
	return max(0, int(C.rocketmq_producer_connected(c.handle)))
}

// InFlight is the number of sends that are accepted and not yet answered by a broker nor ended otherwise.
func (p *Producer) InFlight() int {
	c, err := p.open()
	if err != nil {
		return 0
	}
	defer runtime.KeepAlive(p)
	return int(C.rocketmq_producer_in_flight(c.handle))
}

// open gives what a call needs, or says why there is nothing.
func (p *Producer) open() (*core, error) {
	if p == nil || p.core == nil {
		return nil, refused(ErrInvalidHandle, "the producer was not made by NewProducer")
	}
	if p.core.closed.Load() {
		return nil, refused(ErrClosed, "the producer is closed")
	}
	return p.core, nil
}

// Update changes a setting of a running producer that ConfigKeys calls live, as "namesrv.addr" and credentials.
func (p *Producer) Update(key string, value any) error {
	c, err := p.open()
	if err != nil {
		return err
	}
	defer runtime.KeepAlive(p)
	return withPair(key, value, func(key, value *C.char) (answer C.rmqgo_answer) {
		answer.status = C.rocketmq_producer_update(c.handle, key, value, &answer.error)
		return answer
	})
}

// Purge says which sends to end.
type Purge uint32

// What Producer.Purge ends; one or both.
const (
	PurgeWaiting  Purge = C.ROCKETMQ_PURGE_WAITING   // What waits for a route, a connection, a batch or a pause.
	PurgeInFlight Purge = C.ROCKETMQ_PURGE_IN_FLIGHT // What a connection has taken: its outcome is unknown.
)

// Purge ends sends early, with ErrCancelled.
func (p *Producer) Purge(what Purge) error {
	c, err := p.open()
	if err != nil {
		return err
	}
	defer runtime.KeepAlive(p)
	return take(C.rmqgo_answer{status: C.rocketmq_producer_purge(c.handle, C.uint32_t(what))})
}
