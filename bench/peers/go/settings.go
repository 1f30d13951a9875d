package main

import (
	"errors"
	"fmt"
	"math"
	"os"
	"slices"
	"strconv"
	"strings"
	"syscall"
)

const wanted = "wanted: NAMESRV async|sync|oneway|open [key=value]..."

type phase string

const (
	inAsync phase = "async"
	inSync  phase = "sync"
	oneway  phase = "oneway"
	open    phase = "open"
)

type settings struct {
	nameServer    string
	phase         phase
	messages      int
	warmup        int
	warmupSeconds int
	body          int
	window        int
	threads       int
	topics        []string
	rate          int
	binary        bool
}

func parse(arguments []string) (settings, error) {
	if len(arguments) < 2 {
		return settings{}, errors.New(wanted)
	}
	s := settings{nameServer: arguments[0], phase: phase(arguments[1])}
	if !slices.Contains([]phase{inAsync, inSync, oneway, open}, s.phase) {
		return s, fmt.Errorf("no such phase: %s; %s", s.phase, wanted)
	}
	given := map[string]string{"format": "json"}
	for _, argument := range arguments[2:] {
		key, value, found := strings.Cut(argument, "=")
		if !found {
			return s, fmt.Errorf("not key=value: %s", argument)
		}
		given[key] = value
	}
	topics := 0
	numbers := []struct {
		key           string
		place         *int
		absent, least int
	}{
		{"messages", &s.messages, 100_000, 1},
		{"warmup", &s.warmup, 10_000, 0},
		{"warmup_seconds", &s.warmupSeconds, 0, 0},
		{"body", &s.body, 1024, 1},
		{"window", &s.window, 256, 1},
		{"threads", &s.threads, 1, 1},
		{"topics", &topics, 1, 1},
		{"rate", &s.rate, 20_000, 1},
	}
	for _, number := range numbers {
		*number.place = number.absent
		if text, found := given[number.key]; found {
			value, err := strconv.ParseInt(text, 10, 32)
			if err != nil || int(value) < number.least {
				return s, fmt.Errorf("%s=%s is not a number of at least %d", number.key, text, number.least)
			}
			*number.place = int(value)
			delete(given, number.key)
		}
	}
	for topic := range topics {
		s.topics = append(s.topics, "bench-"+strconv.Itoa(topic))
	}
	s.binary = given["format"] == "binary"
	if !s.binary && given["format"] != "json" {
		return s, fmt.Errorf("no such format: %s", given["format"])
	}
	delete(given, "format")
	for key := range given {
		return s, fmt.Errorf("no such key: %s", key)
	}
	if s.phase == open && s.threads != 1 {
		return s, errors.New("open sends from one thread: threads=1")
	}
	return s, nil
}

// usage is what the process has used so far, and what it holds.
type usage struct {
	cpuMicros, switches, rssKib, threads int64
}

func usageNow() (usage, error) {
	var spent syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &spent); err != nil {
		return usage{}, fmt.Errorf("getrusage failed: %w", err)
	}
	u := usage{
		cpuMicros: (spent.Utime.Sec+spent.Stime.Sec)*1_000_000 + spent.Utime.Usec + spent.Stime.Usec,
		switches:  spent.Nvcsw,
	}
	tasks, err := os.ReadDir("/proc/self/task")
	if err != nil {
		return u, fmt.Errorf("cannot count the threads: %w", err)
	}
	u.threads = int64(len(tasks))
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return u, fmt.Errorf("cannot read the memory in use: %w", err)
	}
	for line := range strings.Lines(string(status)) {
		if rss, found := strings.CutPrefix(line, "VmRSS:"); found {
			u.rssKib, err = strconv.ParseInt(strings.TrimSpace(strings.TrimSuffix(strings.TrimSpace(rss), "kB")), 10, 64)
			return u, err
		}
	}
	return u, errors.New("no VmRSS in /proc/self/status")
}

// figures are the lines of the output.
type figures struct {
	lines strings.Builder
}

func (f *figures) text(name, value string) {
	f.lines.WriteString(name + "\t" + value + "\n")
}

func (f *figures) integer(name string, value int64) {
	f.text(name, strconv.FormatInt(value, 10))
}

func (f *figures) decimal(name string, value float64) {
	f.text(name, strconv.FormatFloat(value, 'f', 6, 64))
}

func (f *figures) percentiles(prefix string, sorted []int64, withMax bool) {
	if len(sorted) == 0 {
		return
	}
	for _, percent := range []float64{50, 99, 99.9} {
		rank := max(1, int(math.Ceil(float64(len(sorted))*percent/100)))
		name := prefix + "p" + strconv.FormatFloat(percent, 'f', -1, 64)
		f.decimal(name, float64(sorted[rank-1])/1e3)
	}
	if withMax {
		f.decimal(prefix+"max", float64(sorted[len(sorted)-1])/1e3)
	}
}

func (f *figures) print() {
	fmt.Print(f.lines.String() + "end\tok\n")
}
