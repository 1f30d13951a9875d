// rocketmq-client-go's producer under the load that all clients of the benchmark get.
//
// Main only watches; what one goroutine does in one part stands in sender.go, the command line and what is printed
// in settings.go.
package main

import (
	"context"
	"fmt"
	"math"
	"os"
	"runtime/debug"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/apache/rocketmq-client-go/v2"
	"github.com/apache/rocketmq-client-go/v2/primitive"
	"github.com/apache/rocketmq-client-go/v2/producer"
	"github.com/apache/rocketmq-client-go/v2/rlog"
)

const stalled = 20 * time.Second

type bench struct {
	settings     settings
	producer     rocketmq.Producer
	body         []byte
	accepted     atomic.Int64
	failed       atomic.Int64
	late         atomic.Int64
	firstFailure atomic.Pointer[string]
}

func main() {
	figures, err := run()
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench go:", err)
		os.Exit(1)
	}
	figures.print()
}

func run() (*figures, error) {
	settings, err := parse(os.Args[1:])
	if err != nil {
		return nil, err
	}
	if settings.binary {
		return nil, fmt.Errorf("rocketmq-client-go %s sends JSON headers only: "+
			"its other header format cannot be chosen from outside", version())
	}
	b := &bench{settings: settings, body: pseudoRandom(settings.body)}
	if err := b.start(); err != nil {
		return nil, err
	}
	warmup := time.Duration(settings.warmupSeconds) * time.Second
	if _, err := b.part(settings.warmup, warmup, false); err != nil {
		return nil, err
	}
	b.late.Store(0)

	before, err := usageNow()
	if err != nil {
		return nil, err
	}
	begin := time.Now()
	samples, err := b.part(settings.messages, 0, true)
	if err != nil {
		return nil, err
	}
	seconds := time.Since(begin).Seconds()
	after, err := usageNow()
	if err != nil {
		return nil, err
	}

	messages := float64(settings.messages)
	f := &figures{}
	f.text("client", "rocketmq-client-go "+version())
	f.integer("messages", int64(settings.messages))
	f.integer("accepted", b.accepted.Load())
	f.integer("failed", b.failed.Load())
	f.decimal("cpu_us", float64(after.cpuMicros-before.cpuMicros)/messages)
	f.decimal("seconds", seconds)
	f.decimal("rate", messages/seconds)
	f.decimal("switches", float64(after.switches-before.switches)/messages)
	f.percentiles("", latencies(samples), true)
	f.percentiles("call_", calls(samples), false)
	if settings.phase == open {
		f.integer("late", b.late.Load())
	}
	f.integer("rss_kib", after.rssKib)
	f.integer("threads", after.threads)

	stop := func() error { return b.producer.Shutdown() }
	if err := b.watch("shut the producer down", []func() error{stop}); err != nil {
		return nil, err
	}
	if failed := b.failed.Load(); failed > 0 {
		fmt.Fprintf(os.Stderr, "bench go: %d sends failed%s\n", failed, b.reason())
	}
	return f, nil
}

func (b *bench) start() error {
	rlog.SetLogLevel("fatal")
	// After a failed asynchronous send the client calls back, and then panics on the answer that is not there;
	// without a handler that ends the process.
	primitive.PanicHandler = func(any) {}
	var err error
	b.producer, err = rocketmq.NewProducer(
		producer.WithGroupName("bench"),
		producer.WithNsResolver(primitive.NewPassthroughResolver([]string{b.settings.nameServer})),
		producer.WithSendMsgTimeout(3*time.Second),
		producer.WithVIPChannel(false),
		producer.WithCompressMsgBodyOverHowmuch(math.MaxInt),
	)
	if err != nil {
		return fmt.Errorf("cannot make the producer: %w", err)
	}
	start := func() error { return b.producer.Start() }
	return b.watch("start the producer", []func() error{start})
}

// part sends messages, and goes on until duration has passed; at its end every answer is there.
func (b *bench) part(messages int, duration time.Duration, timed bool) ([]*sender, error) {
	begin := time.Now()
	threads := b.settings.threads
	senders := make([]*sender, threads)
	jobs := make([]func() error, threads)
	for thread := range threads {
		share := messages / threads
		if thread < messages%threads {
			share++
		}
		one := newSender(b, thread, share, timed)
		senders[thread] = one
		jobs[thread] = func() error {
			one.run(begin, duration)
			return nil
		}
	}
	if err := b.watch("have "+string(b.settings.phase)+" sends accepted", jobs); err != nil {
		return nil, err
	}
	if messages > 0 && b.accepted.Load() == 0 {
		return nil, fmt.Errorf("not one send was accepted%s", b.reason())
	}
	if b.settings.phase == oneway {
		// What was sent before it on the same connection has been read once this is answered; with several brokers
		// the last messages to the others may still be on their way.
		fence := func() error {
			result, err := b.producer.SendSync(context.Background(), b.message(0))
			if err == nil && result.Status != primitive.SendOK {
				err = fmt.Errorf("its status is %d", result.Status)
			}
			if err == nil {
				b.accepted.Add(1)
			}
			return err
		}
		purpose := "have the sync send that closes the one-way sends answered"
		if err := b.watch(purpose, []func() error{fence}); err != nil {
			return nil, err
		}
	}
	return senders, nil
}

// watch runs each job and waits for all, but not for longer than 20 seconds in which no send is accepted.
func (b *bench) watch(purpose string, jobs []func() error) error {
	finished := make(chan error, len(jobs))
	for _, job := range jobs {
		go func() { finished <- job() }()
	}
	ticker := time.NewTicker(time.Second)
	defer ticker.Stop()
	seen, since := b.accepted.Load(), time.Now()
	for done := 0; done < len(jobs); {
		select {
		case err := <-finished:
			if err != nil {
				return fmt.Errorf("cannot %s: %w", purpose, err)
			}
			done++
		case <-ticker.C:
			if accepted := b.accepted.Load(); accepted != seen {
				seen, since = accepted, time.Now()
			} else if time.Since(since) > stalled {
				return fmt.Errorf("no progress for %.0f seconds, waiting to %s; failed sends so far: %d%s",
					stalled.Seconds(), purpose, b.failed.Load(), b.reason())
			}
		}
	}
	return nil
}

// message shares one body among all: the client keeps a reference and does not change it.
func (b *bench) message(number int) *primitive.Message {
	return primitive.NewMessage(b.settings.topics[number%len(b.settings.topics)], b.body)
}

func (b *bench) settleResult(result *primitive.SendResult, err error) {
	switch {
	case err != nil:
		b.settle(false, err.Error())
	case result.Status != primitive.SendOK:
		b.settle(false, "status "+strconv.Itoa(int(result.Status)))
	default:
		b.settle(true, "")
	}
}

func (b *bench) settle(ok bool, reason string) {
	if ok {
		b.accepted.Add(1)
		return
	}
	b.failed.Add(1)
	b.firstFailure.CompareAndSwap(nil, &reason)
}

func (b *bench) reason() string {
	if first := b.firstFailure.Load(); first != nil {
		return ", the first one: " + *first
	}
	return ""
}

func version() string {
	build, ok := debug.ReadBuildInfo()
	if ok {
		for _, module := range build.Deps {
			if module.Path == "github.com/apache/rocketmq-client-go/v2" {
				return module.Version
			}
		}
	}
	return "of unknown version"
}

func pseudoRandom(length int) []byte {
	bytes := make([]byte, length)
	state := uint64(0x9E3779B97F4A7C15)
	for i := range bytes {
		state ^= state << 13
		state ^= state >> 7
		state ^= state << 17
		bytes[i] = byte(state >> 32)
	}
	return bytes
}
