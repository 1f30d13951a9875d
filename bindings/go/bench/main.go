// The Go package under the load that all clients of the comparison get (bench/c/loop.h): NAMESRV PHASE key=value...,
// with figures of the timed part as lines of name, tab and value.
package main

import (
	"context"
	"crypto/rand"
	"fmt"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	rocketmq "github.com/rocketmq-producer/rocketmq-producer/bindings/go"
)

const topic = "bench-0"

type settings struct {
	phase                                                  string
	messages, warmup, warmupSeconds, body, window, threads int
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
		"threads": &s.threads, "warmup_seconds": &s.warmupSeconds}
	fixed := map[string]string{"topics": "1", "format": "json"}
	for _, argument := range arguments[2:] {
		key, value, _ := strings.Cut(argument, "=")
		place, known := places[key]
		if !known {
			if value == "" || fixed[key] != value {
				return s, fmt.Errorf("%s cannot be had", argument)
			}
			continue
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
	_, _ = rand.Read(load.body) // never fails
	if err := load.part(s.warmup, time.Now().Add(time.Duration(s.warmupSeconds)*time.Second)); err != nil {
		return err
	}
	before, begin := usage(), time.Now()
	if err := load.part(s.messages, time.Time{}); err != nil {
		return err
	}
	seconds, after := time.Since(begin).Seconds(), usage()
	rss, threads, err := held()
	if err != nil {
		return err
	}
	count := float64(s.messages)
	fmt.Printf("client\trocketmq-producer %s, package for Go\nmessages\t%d\naccepted\t%d\nfailed\t%d\n",
		rocketmq.LibraryVersion(), s.messages, load.accepted.Load(), load.failed.Load())
	fmt.Printf("cpu_us\t%.6f\nseconds\t%.6f\nrate\t%.6f\nswitches\t%.6f\nrss_kib\t%s\nthreads\t%d\n",
		(micros(after)-micros(before))/count, seconds, count/seconds, float64(after.Nvcsw-before.Nvcsw)/count, rss, threads)
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

// part sends so many messages, and goes on until a time, from as many goroutines as wanted; at its end all are answered.
func (l *load) part(messages int, until time.Time) error {
	var senders sync.WaitGroup
	for thread := range l.threads {
		share := messages / l.threads
		if thread < messages%l.threads {
			share++
		}
		senders.Add(1)
		go func() {
			defer senders.Done()
			l.send(share, until)
		}()
	}
	senders.Wait()
	if l.phase != "oneway" {
		return nil
	}
	// What was sent before it on the same connection has been read once this is answered.
	if err := l.producer.Flush(context.Background()); err != nil {
		return err
	}
	_, err := l.producer.Send(context.Background(), l.message())
	l.count(err)
	return err
}

func (l *load) message() *rocketmq.Message {
	return &rocketmq.Message{Topic: topic, Body: l.body}
}

func (l *load) send(share int, until time.Time) {
	window := newWindow(max(1, l.window/l.threads))
	ended := func(_ *rocketmq.Result, err error) {
		l.count(err)
		window.release()
	}
	for number := 0; number < share || time.Now().Before(until); number++ {
		switch l.phase {
		case "sync":
			_, err := l.producer.Send(context.Background(), l.message())
			l.count(err)
		case "oneway":
			l.count(l.producer.SendOneway(context.Background(), l.message()))
		default:
			window.take()
			if err := l.producer.SendAsync(context.Background(), l.message(), ended); err != nil {
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

func usage() (used syscall.Rusage) {
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &used) // never fails for these arguments
	return used
}

func micros(used syscall.Rusage) float64 {
	return float64(used.Utime.Sec+used.Stime.Sec)*1e6 + float64(used.Utime.Usec+used.Stime.Usec)
}

// held is what the process has of memory, in KiB, and of threads.
func held() (rss string, threads int, err error) {
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return "", 0, err
	}
	found := regexp.MustCompile(`VmRSS:\s*(\d+)`).FindSubmatch(status)
	if found == nil {
		return "", 0, fmt.Errorf("/proc/self/status has no VmRSS")
	}
	tasks, err := os.ReadDir("/proc/self/task")
	return string(found[1]), len(tasks), err
}
