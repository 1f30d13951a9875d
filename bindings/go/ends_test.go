package rocketmq_test

import (
	"context"
	"errors"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	rocketmq "github.com/rocketmq-producer/rocketmq-producer/bindings/go"
	"github.com/rocketmq-producer/rocketmq-producer/bindings/go/internal/mock"
)

func TestACancelledContextFreesTheCallerAtOnceAndTheLateEndIsDropped(t *testing.T) {
	c := cluster(t, 1)
	p := producer(t, c)
	c.Respond(mock.AnyBroker, mock.AnySend, mock.Success, 300, 2)
	ctx, cancel := context.WithCancelCause(background)
	called := make(chan error, 2)
	if err := p.SendAsync(ctx, message("late", "1"), func(_ *rocketmq.Result, err error) { called <- err }); err != nil {
		t.Fatal(err)
	}
	reason := errors.New("the user went away")
	time.AfterFunc(20*time.Millisecond, func() { cancel(reason) })
	begun := time.Now()
	_, err := p.Send(ctx, message("late", "2"))
	for _, err := range []error{err, <-called} {
		if !errors.Is(err, context.Canceled) || !errors.Is(err, rocketmq.ErrCancelled) || !errors.Is(err, reason) ||
			detail(t, err).Outcome != rocketmq.OutcomeUnknown {
			t.Error(err)
		}
	}
	if took := time.Since(begun); took > 250*time.Millisecond {
		t.Errorf("freed after %v", took)
	}
	if _, err := p.Send(ctx, message("late", "3")); !errors.Is(err, context.Canceled) ||
		detail(t, err).Outcome != rocketmq.OutcomeNotSent {
		t.Error(err)
	}
	// The late ends come while another send has the place of one of them.
	c.Respond(mock.AnyBroker, mock.AnySend, mock.Success, 600, 1)
	result, err := p.Send(background, message("later", "x"))
	if stored := c.Messages("later"); err != nil || len(stored) != 1 || result.MessageID != stored[0].ID {
		t.Errorf("%+v, %v for %+v", result, err, stored)
	}
	if err := p.Flush(background); err != nil || c.Count("late") != 2 || len(called) != 0 {
		t.Errorf("%v, %d stored, called again %d times", err, c.Count("late"), len(called))
	}
}

func TestADeadlineIsTheLimitOfASendAndTheErrorTellsTheOutcome(t *testing.T) {
	c := cluster(t, 1)
	p := producer(t, c)
	c.Respond(mock.AnyBroker, mock.AnySend, mock.Success, -1, -1)
	ctx, cancel := context.WithTimeout(background, 200*time.Millisecond)
	defer cancel()
	called := make(chan error, 1)
	if err := p.SendAsync(ctx, message("silent", "1"), func(_ *rocketmq.Result, err error) { called <- err }); err != nil {
		t.Fatal(err)
	}
	_, err := p.Send(ctx, message("silent", "2"))
	for _, err := range []error{err, <-called} {
		failed := detail(t, err)
		// The id and the attempts are the library's: its own limit was the deadline.
		if !errors.Is(err, context.DeadlineExceeded) || failed.Status != rocketmq.ErrTimeout ||
			failed.Outcome != rocketmq.OutcomeUnknown || failed.MessageID == "" || failed.Attempts < 1 || !failed.Retriable {
			t.Errorf("%+v", failed)
		}
	}
}

func TestWhatABrokerRefusesIsAnErrorWithItsCodeAndWhatItStoredLateIsAResult(t *testing.T) {
	c := cluster(t, 1)
	p := producer(t, c)
	c.Respond(mock.AnyBroker, mock.AnySend, mock.NoPermission, 0, -1)
	_, err := p.Send(background, &rocketmq.Message{Topic: "refused", Body: []byte("x"), NoRetry: true})
	failed := detail(t, err)
	if !errors.Is(err, rocketmq.ErrNoPermission) || errors.Is(err, rocketmq.ErrTimeout) ||
		failed.Outcome != rocketmq.OutcomeRejected || failed.BrokerCode != 16 || failed.Broker == "" ||
		failed.Attempts != 1 || failed.MessageID == "" || failed.Status.Name() != "ROCKETMQ_ERR_NO_PERMISSION" {
		t.Errorf("%+v", failed)
	}
	c.ClearFaults()
	c.Respond(mock.AnyBroker, mock.AnySend, mock.SystemBusy, 0, 1)
	c.Respond(mock.AnyBroker, mock.AnySend, mock.FlushDiskTimeout, 0, 1)
	result, err := p.Send(background, message("late", "x"))
	if err != nil || result.Status != rocketmq.SendFlushDiskTimeout || result.Attempts != 2 {
		t.Errorf("%+v, %v", result, err)
	}
}

func TestBrokersThatDieUnderLoadEndEverySendOnceWithItsOutcome(t *testing.T) {
	c := cluster(t, 2)
	p := producer(t, c, "send.timeout.ms", 1500*time.Millisecond)
	c.SetLatency(mock.AnyBroker, 5)
	const senders, each = 8, 2000
	var ends [senders * each]atomic.Int32
	var stored, failed, refused atomic.Int64
	told := func(number int, result *rocketmq.Result, err error) {
		ends[number].Add(1)
		var detail *rocketmq.Error
		switch {
		case (result == nil) == (err == nil):
			t.Errorf("%v and %v", result, err)
		case err == nil:
			stored.Add(1)
		case !errors.As(err, &detail) || detail.Outcome.String() == "" || detail.Status == 0:
			t.Errorf("no outcome: %v", err)
		default:
			failed.Add(1)
		}
	}
	var done sync.WaitGroup
	for sender := range senders {
		done.Add(1)
		go func() {
			defer done.Done()
			for at := range each {
				number := sender*each + at
				if at%500 == 0 {
					result, err := p.Send(background, message("load", "sync"))
					told(number, result, err)
					continue
				}
				err := p.SendAsync(background, message("load", "async"), func(result *rocketmq.Result, err error) {
					told(number, result, err)
				})
				if err != nil {
					ends[number].Add(1)
					refused.Add(1)
				}
			}
		}()
	}
	for !c.Wait("load", 1000, 10_000) {
		t.Fatal("nothing was stored")
	}
	c.SetBroker(0, false)
	c.SetBroker(1, false)
	done.Wait()
	if err := p.Flush(background); err != nil {
		t.Fatal(err)
	}
	for number := range ends {
		if count := ends[number].Load(); count != 1 {
			t.Fatalf("send %d ended %d times", number, count)
		}
	}
	if failed.Load() == 0 || stored.Load() == 0 {
		t.Errorf("%d stored, %d failed, %d refused", stored.Load(), failed.Load(), refused.Load())
	}
}

func TestCloseLetsSendsEndCutsOffAtItsLimitAndIsForGood(t *testing.T) {
	c := cluster(t, 1)
	p, q := producer(t, c), producer(t, c)
	c.SetLatency(mock.AnyBroker, 50)
	ends := make(chan error, 10)
	told := func(_ *rocketmq.Result, err error) { ends <- err }
	if err := p.SendAsync(background, message("close", "1"), told); err != nil {
		t.Fatal(err)
	}
	if err := p.Close(background); err != nil || len(ends) != 1 || <-ends != nil {
		t.Fatalf("%v, %d ends", err, len(ends))
	}
	stats, err := p.Stats()
	if err != nil || stats.State != "closed" || stats.Sends.Stored.OK != 1 || p.State() != rocketmq.StateClosed {
		t.Errorf("%+v, %v", stats, err)
	}
	_, err = p.Send(background, message("close", "2"))
	_, listed := p.Queues(background, "close")
	for _, err := range []error{err, listed, p.SendAsync(background, message("close", "2"), told), p.Flush(background),
		p.SendOneway(background, message("close", "2")), p.Prepare(background, "close"), p.Update("namesrv.addr", "a:1")} {
		if !errors.Is(err, rocketmq.ErrClosed) {
			t.Errorf("after Close: %v", err)
		}
	}
	if err := p.Close(background); err != nil {
		t.Error(err)
	}

	c.Respond(mock.AnyBroker, mock.AnySend, mock.Success, -1, -1)
	if err := q.SendAsync(background, message("close", "3"), told); err != nil {
		t.Fatal(err)
	}
	limit, cancel := context.WithCancel(background)
	time.AfterFunc(50*time.Millisecond, cancel)
	begun := time.Now()
	err = q.Close(limit)
	if took := time.Since(begun); !errors.Is(err, rocketmq.ErrClosed) || took > 2*time.Second || len(ends) != 1 {
		t.Fatalf("%v after %v, %d ends", err, took, len(ends))
	}
	if err := <-ends; !errors.Is(err, rocketmq.ErrClosed) {
		t.Error(err)
	}
}

func TestCallbacksMaySendAndWaitAndMayEndTheirGoroutine(t *testing.T) {
	c := cluster(t, 1)
	p := producer(t, c)
	ends := make(chan error, 4)
	inside := func(_ *rocketmq.Result, err error) {
		_, sync := p.Send(background, message("inside", "sync"))
		async := p.SendAsync(background, message("inside", "async"), func(_ *rocketmq.Result, err error) { ends <- err })
		ends <- errors.Join(err, sync, async)
		if err := p.Flush(background); !errors.Is(err, rocketmq.ErrWouldDeadlock) {
			t.Errorf("Flush inside: %v", err)
		}
		if err := p.Close(background); !errors.Is(err, rocketmq.ErrWouldDeadlock) {
			t.Errorf("Close inside: %v", err)
		}
		runtime.Goexit()
	}
	if err := p.SendAsync(background, message("inside", "first"), inside); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if err := <-ends; err != nil {
			t.Error(err)
		}
	}
	if err := p.Flush(background); err != nil || c.Count("inside") != 3 {
		t.Errorf("%v, %d stored", err, c.Count("inside"))
	}
}

func TestAFlushWaitsForCallbacksAndAClosesContextEndsThatWait(t *testing.T) {
	c := cluster(t, 1)
	p := producer(t, c)
	var returned atomic.Bool
	slow := func(*rocketmq.Result, error) {
		time.Sleep(100 * time.Millisecond)
		returned.Store(true)
	}
	if err := p.SendAsync(background, message("slow", "x"), slow); err != nil {
		t.Fatal(err)
	}
	if err := p.Flush(background); err != nil || !returned.Load() {
		t.Errorf("%v, the callback has returned: %v", err, returned.Load())
	}
	blocked := make(chan struct{})
	if err := p.SendAsync(background, message("slow", "x"), func(*rocketmq.Result, error) { <-blocked }); err != nil {
		t.Fatal(err)
	}
	limit, cancel := context.WithTimeout(background, 300*time.Millisecond)
	defer cancel()
	for _, err := range []error{p.Flush(limit), p.Close(limit)} {
		if !errors.Is(err, context.DeadlineExceeded) {
			t.Error(err)
		}
	}
	close(blocked)
}

func TestLimitsHoldSendsBackAndWaitersGoOnWhenThereIsRoom(t *testing.T) {
	c := cluster(t, 1)
	p := producer(t, c, "inflight.max.messages", 4, "completion.max", uint16(50))
	c.SetLatency(mock.AnyBroker, 20)
	var ends atomic.Int64
	var group sync.WaitGroup
	for range 40 {
		group.Add(1)
		go func() {
			defer group.Done()
			if err := p.SendAsync(background, message("narrow", "x"), func(_ *rocketmq.Result, err error) {
				if err == nil {
					ends.Add(1)
				}
			}); err != nil {
				t.Error(err)
			}
		}()
	}
	group.Wait()
	full := 0
	for range 10 {
		if err := p.TrySendAsync(background, message("narrow", "x"), func(*rocketmq.Result, error) {}); errors.Is(err, rocketmq.ErrQueueFull) {
			full++
		}
	}
	if err := p.Flush(background); err != nil || ends.Load() != 40 || full < 6 {
		t.Errorf("%v, %d ended well, %d refused", err, ends.Load(), full)
	}
	c.SetLatency(mock.AnyBroker, 0)
	// A callback that blocks: what has not been told counts.
	blocked := make(chan struct{})
	accepted := 0
	for range 200 {
		err := p.SendAsync(background, message("narrow", "x"), func(*rocketmq.Result, error) { <-blocked })
		if errors.Is(err, rocketmq.ErrCompletionFull) {
			break
		}
		accepted++
	}
	close(blocked)
	if accepted != 50 {
		t.Errorf("%d were accepted", accepted)
	}
}
