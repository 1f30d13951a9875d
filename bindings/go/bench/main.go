// The Go package under the load that all clients of the benchmark get: NAMESRV PHASE key=value..., with figures of the
// timed part as lines of name, tab and value. The peer is bench/peers/go, which takes the same and prints the same.
package main

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	rocketmq "github.com/rocketmq-producer/rocketmq-producer/bindings/go"
)

type settings struct {
	phase                                   string
	messages, warmup, body, window, threads int
}

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func parse(arguments []string) (s settings, err error) {
	s = settings{messages: 100_000, warmup: 10_000, body: 1024, window: 256, threads: 1}
	if len(arguments) < 2 || !slices.Contains([]string{"async", "sync", "oneway"}, arguments[1]) {
		return s, fmt.Errorf("wanted: NAMESRV async|sync|oneway [key=value]...")
	}
	s.phase = arguments[1]
	places := map[string]*int{"messages": &s.messages, "warmup": &s.warmup, "body": &s.body, "window": &s.window,
		"threads": &s.threads}
	for _, argument := range arguments[2:] {
		key, value, _ := strings.Cut(argument, "=")
		place, known := places[key]
		if !known {
			return s, fmt.Errorf("no such key: %s", key)
		}
		if *place, err = strconv.Atoi(value); err != nil || *place < 0 {
			return s, fmt.Errorf("%s is not a number", argument)
		}
	}
	return s, nil
}

func run(arguments []string) error {
	s, err := parse(arguments)
	if err != nil {
		return err
	}
	producer, err := rocketmq.NewProducer(rocketmq.Config{
		"namesrv.addr": arguments[0], "producer.group": "bench", "compress.type": "none",
	})
	if err != nil {
		return err
	}
	load := &load{settings: s, producer: producer, body: make([]byte, s.body)}
	load.part(s.warmup)
	before, begin := cpuMicros(), time.Now()
	load.part(s.messages)
	seconds, cpu := time.Since(begin).Seconds(), cpuMicros()-before
	count := float64(s.messages)
	fmt.Printf("client\trocketmq-producer %s\nmessages\t%d\naccepted\t%d\nfailed\t%d\n", rocketmq.LibraryVersion(), s.messages,
		load.accepted.Load(), load.failed.Load())
	fmt.Printf("cpu_us\t%.6f\nseconds\t%.6f\nrate\t%.6f\nrss_kib\t%d\ngoroutines\t%d\n", cpu/count, seconds, count/seconds,
		rssKib(), runtime.NumGoroutine())
	if err := producer.Close(context.Background()); err != nil {
		return err
	}
	fmt.Print("end\tok\n")
	return nil
}

type load struct {
	settings
	producer         *rocketmq.Producer
	body             []byte
	accepted, failed atomic.Int64
}

// part sends so many messages, from as many goroutines as wanted, and waits for their ends.
func (l *load) part(messages int) {
	var senders sync.WaitGroup
	for thread := range l.threads {
		share := messages / l.threads
		if thread < messages%l.threads {
			share++
		}
		senders.Add(1)
		go func() {
			defer senders.Done()
			l.send(share)
		}()
	}
	senders.Wait()
	if err := l.producer.Flush(context.Background()); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
	}
}

func (l *load) send(share int) {
	window := newWindow(max(1, l.window/l.threads))
	ended := func(_ *rocketmq.Result, err error) {
		l.count(err)
		window.release()
	}
	for range share {
		message := &rocketmq.Message{Topic: "bench-0", Body: l.body}
		switch l.phase {
		case "sync":
			_, err := l.producer.Send(context.Background(), message)
			l.count(err)
		case "oneway":
			l.count(l.producer.SendOneway(context.Background(), message))
		default:
			window.take()
			if err := l.producer.SendAsync(context.Background(), message, ended); err != nil {
				l.count(err)
				window.release()
			}
		}
	}
	window.drain()
}

func (l *load) count(err error) {
	if err == nil {
		l.accepted.Add(1)
	} else if l.failed.Add(1) == 1 {
		fmt.Fprintln(os.Stderr, "bench: the first failure:", err)
	}
}

// window bounds what is outstanding: a sender that reaches the limit sleeps until half of it has ended.
type window struct {
	lock        sync.Mutex
	ended       sync.Cond
	open, limit int
	awaited     int
}

func newWindow(limit int) *window {
	w := &window{limit: limit, awaited: -1}
	w.ended.L = &w.lock
	return w
}

func (w *window) take() {
	w.lock.Lock()
	if w.open >= w.limit {
		w.wait(w.limit / 2)
	}
	w.open++
	w.lock.Unlock()
}

func (w *window) drain() {
	w.lock.Lock()
	w.wait(0)
	w.lock.Unlock()
}

func (w *window) wait(level int) {
	for w.awaited = level; w.open > level; {
		w.ended.Wait()
	}
	w.awaited = -1
}

func (w *window) release() {
	w.lock.Lock()
	w.open--
	if w.open == w.awaited {
		w.ended.Signal()
	}
	w.lock.Unlock()
}

func cpuMicros() float64 {
	var used syscall.Rusage
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &used)
	return float64(used.Utime.Sec+used.Stime.Sec)*1e6 + float64(used.Utime.Usec+used.Stime.Usec)
}

func rssKib() (kib int) {
	file, err := os.Open("/proc/self/status")
	if err != nil {
		return 0
	}
	defer file.Close()
	for lines := bufio.NewScanner(file); lines.Scan(); {
		if text, found := strings.CutPrefix(lines.Text(), "VmRSS:"); found {
			kib, _ = strconv.Atoi(strings.TrimSpace(strings.TrimSuffix(text, " kB")))
		}
	}
	return kib
}
