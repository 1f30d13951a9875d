package main

import (
	"context"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/apache/rocketmq-client-go/v2/primitive"
)

// One call in so many is timed from the caller's side.
const callSampling = 17

// sender is what one goroutine does in one part, and the nanoseconds that it measures.
type sender struct {
	*bench
	thread    int
	share     int
	limit     int64
	window    window
	latencies []int64
	calls     []int64
}

func newSender(b *bench, thread, share int, timed bool) *sender {
	s := &sender{bench: b, thread: thread, share: share}
	s.limit = int64(max(1, b.settings.window/b.settings.threads))
	s.window.reached.L = &s.window.lock
	s.window.awaited.Store(-1)
	if timed && (b.settings.phase == inSync || b.settings.phase == open) {
		s.latencies = make([]int64, share)
	}
	if timed && b.settings.phase != inSync {
		s.calls = make([]int64, (share+callSampling-1)/callSampling)
	}
	return s
}

func (s *sender) run(begin time.Time, duration time.Duration) {
	for number := 0; number < s.share || duration > 0 && time.Since(begin) < duration; number++ {
		switch s.settings.phase {
		case inSync:
			s.sendSync(number)
		case oneway:
			s.sendOneway(number)
		default:
			due := begin
			if s.settings.phase == open {
				due = begin.Add(time.Duration(float64(number) / float64(s.settings.rate) * float64(time.Second)))
				time.Sleep(time.Until(due))
			}
			if s.window.outstanding.Load() >= s.limit {
				s.late.Add(1)
				s.window.waitUntil(s.limit / 2)
			}
			s.sendAsync(number, due)
		}
	}
	s.window.waitUntil(0)
}

func (s *sender) sendSync(number int) {
	called := time.Now()
	result, err := s.producer.SendSync(context.Background(), s.message(s.thread+number))
	record(s.latencies, number, called)
	s.settleResult(result, err)
}

func (s *sender) sendOneway(number int) {
	called := sampled(number)
	err := s.producer.SendOneWay(context.Background(), s.message(s.thread+number))
	s.recordCall(number, called)
	if err != nil {
		s.settle(false, err.Error())
	} else {
		s.settle(true, "")
	}
}

func (s *sender) sendAsync(number int, due time.Time) {
	s.window.outstanding.Add(1)
	answered := func(_ context.Context, result *primitive.SendResult, err error) {
		if s.settings.phase == open {
			record(s.latencies, number, due)
		}
		s.settleResult(result, err)
		s.window.release()
	}
	called := sampled(number)
	err := s.producer.SendAsync(context.Background(), answered, s.message(s.thread+number))
	s.recordCall(number, called)
	if err != nil {
		s.settle(false, err.Error())
		s.window.release()
	}
}

func (s *sender) recordCall(number int, called time.Time) {
	if !called.IsZero() {
		record(s.calls, number/callSampling, called)
	}
}

// window counts the outstanding sends of one goroutine: it stops at the limit and is woken once, when they are down
// to half.
type window struct {
	outstanding atomic.Int64
	// What the goroutine waits for; -1 while it does not wait.
	awaited atomic.Int64
	lock    sync.Mutex
	reached sync.Cond
}

func (w *window) release() {
	if w.outstanding.Add(-1) == w.awaited.Load() {
		w.lock.Lock()
		w.reached.Signal()
		w.lock.Unlock()
	}
}

func (w *window) waitUntil(level int64) {
	w.lock.Lock()
	w.awaited.Store(level)
	for w.outstanding.Load() > level {
		w.reached.Wait()
	}
	w.awaited.Store(-1)
	w.lock.Unlock()
}

// record does nothing outside of the timed part, where there is no place to record in.
func record(samples []int64, place int, begin time.Time) {
	if place < len(samples) {
		samples[place] = int64(time.Since(begin))
	}
}

func sampled(number int) time.Time {
	if number%callSampling == 0 {
		return time.Now()
	}
	return time.Time{}
}

func latencies(all []*sender) []int64 {
	var nanos []int64
	for _, one := range all {
		nanos = append(nanos, one.latencies...)
	}
	slices.Sort(nanos)
	return nanos
}

func calls(all []*sender) []int64 {
	var nanos []int64
	for _, one := range all {
		nanos = append(nanos, one.calls...)
	}
	slices.Sort(nanos)
	return nanos
}
