package rocketmq_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	rocketmq "github.com/rocketmq-producer/rocketmq-producer/bindings/go"
	"github.com/rocketmq-producer/rocketmq-producer/bindings/go/internal/mock"
)

func TestABatchIsStoredWholeInOneQueueWithAllIds(t *testing.T) {
	c := cluster(t, 1)
	p := producer(t, c)
	batch := []*rocketmq.Message{message("batch", "0"), message("batch", "1"), message("batch", "2")}
	batch[0].Queue = &rocketmq.Queue{Broker: "broker-a", ID: 2}
	batch[2].Properties = map[string]string{"n": "2"}
	result, err := p.SendBatch(background, batch)
	if err != nil {
		t.Fatal(err)
	}
	ids := []string{}
	for index, stored := range c.Messages("batch") {
		ids = append(ids, stored.ID)
		if string(stored.Body) != fmt.Sprint(index) || stored.Queue != 2 || stored.Offset != int64(index) {
			t.Errorf("%+v", stored)
		}
	}
	if len(ids) != 3 || !slices.Equal(ids, result.MessageIDs) || result.MessageID != ids[0] || result.QueueOffset != 0 {
		t.Errorf("%v: %+v", ids, result)
	}
	done := make(chan error, 1)
	if err := p.SendBatchAsync(background, batch[1:], func(result *rocketmq.Result, err error) {
		if err == nil && len(result.MessageIDs) != 2 {
			err = fmt.Errorf("%+v", result)
		}
		done <- err
	}); err != nil {
		t.Fatal(err)
	}
	if err := <-done; err != nil {
		t.Error(err)
	}
	_, err = p.SendBatch(background, []*rocketmq.Message{batch[0], message("other", "x")})
	if !errors.Is(err, rocketmq.ErrInvalidArgument) || !strings.HasPrefix(err.Error(), "message 1: ") {
		t.Error(err)
	}
	_, err = p.SendBatch(background, []*rocketmq.Message{batch[0], message("batch", "a\x00"), message("", "x")})
	if !errors.Is(err, rocketmq.ErrInvalidTopic) || !strings.HasPrefix(err.Error(), "message 2: ") {
		t.Error(err)
	}
}

func TestOrderedSendsGoToTheirKeysQueueAndExplicitOnesToTheirs(t *testing.T) {
	c := cluster(t, 2)
	p := producer(t, c)
	c.AddTopic("ordered", 4)
	if err := p.Prepare(background, "ordered"); err != nil || p.Connected() != 2 || p.ClientID() == "" {
		t.Fatalf("%v, %d connected as %q", err, p.Connected(), p.ClientID())
	}
	queues, err := p.Queues(background, "ordered")
	if err != nil || len(queues) != 8 || queues[5] != (rocketmq.Queue{Broker: "broker-b", ID: 1}) {
		t.Fatalf("%v, %v", queues, err)
	}
	for _, queue := range queues {
		sent := message("ordered", "x")
		sent.Queue = &queue
		if result, err := p.Send(background, sent); err != nil || result.Queue != queue {
			t.Errorf("%+v, %v", result, err)
		}
	}
	sent := message("ordered", "x")
	sent.ShardingKey = "order-1"
	for range 3 {
		if result, err := p.Send(background, sent); err != nil || result.Queue != queues[javaHash("order-1")%8] {
			t.Errorf("%+v, %v", result, err)
		}
	}
}

func javaHash(text string) int {
	hash := int32(0)
	for _, unit := range text {
		hash = 31*hash + unit
	}
	if hash < 0 {
		hash = -hash
	}
	return int(hash)
}

func TestOnewayAndAutomaticBatchesArrive(t *testing.T) {
	c := cluster(t, 1)
	p := producer(t, c, "batch.auto", true, "batch.linger.ms", 20*time.Millisecond)
	var group sync.WaitGroup
	offsets := make(map[rocketmq.Queue]map[int64]bool)
	var lock sync.Mutex
	for range 100 {
		group.Add(1)
		if err := p.SendAsync(background, message("auto", "x"), func(result *rocketmq.Result, err error) {
			defer group.Done()
			if err != nil {
				t.Error(err)
				return
			}
			lock.Lock()
			defer lock.Unlock()
			if offsets[result.Queue] == nil {
				offsets[result.Queue] = map[int64]bool{}
			}
			offsets[result.Queue][result.QueueOffset] = true
		}); err != nil {
			t.Fatal(err)
		}
	}
	group.Wait()
	told := 0
	for _, queue := range offsets {
		told += len(queue)
	}
	stats, err := p.Stats()
	if err != nil || told != 100 || stats.Batches.Automatic == 0 || stats.Sends.Stored.Messages != 100 {
		t.Errorf("%d places, %+v, %v", told, stats, err)
	}
	if err := p.SendOneway(background, message("oneway", "x")); err != nil || !c.Wait("oneway", 1, 5000) {
		t.Errorf("one-way: %v", err)
	}
}

func TestMistakesAreErrorsThatNameThemAndNothingIsSent(t *testing.T) {
	c := cluster(t, 1)
	p := producer(t, c)
	one := func(change func(*rocketmq.Message)) *rocketmq.Message {
		made := message("mistakes", "x")
		change(made)
		return made
	}
	for name, test := range map[string]struct {
		message *rocketmq.Message
		status  rocketmq.Status
	}{
		"nil":                {nil, rocketmq.ErrInvalidArgument},
		"no topic":           {one(func(m *rocketmq.Message) { m.Topic = "" }), rocketmq.ErrInvalidTopic},
		"NUL in topic":       {one(func(m *rocketmq.Message) { m.Topic = "a\x00b" }), rocketmq.ErrInvalidTopic},
		"topic not UTF-8":    {one(func(m *rocketmq.Message) { m.Topic = "a\xffb" }), rocketmq.ErrInvalidUTF8},
		"lone surrogate":     {one(func(m *rocketmq.Message) { m.Tags = "\xed\xa0\x80" }), rocketmq.ErrInvalidUTF8},
		"NUL in key":         {one(func(m *rocketmq.Message) { m.Keys = []string{"a\x00"} }), rocketmq.ErrInvalidProperty},
		"no body":            {one(func(m *rocketmq.Message) { m.Body = nil }), rocketmq.ErrEmptyBody},
		"reserved property":  {one(func(m *rocketmq.Message) { m.Properties = map[string]string{"KEYS": "x"} }), rocketmq.ErrInvalidProperty},
		"smuggled property":  {one(func(m *rocketmq.Message) { m.Properties = map[string]string{"a": "b\x02KEYS\x01c"} }), rocketmq.ErrInvalidProperty},
		"empty property":     {one(func(m *rocketmq.Message) { m.Properties = map[string]string{"": "x"} }), rocketmq.ErrInvalidProperty},
		"property not UTF-8": {one(func(m *rocketmq.Message) { m.Properties = map[string]string{"a": "\xff"} }), rocketmq.ErrInvalidUTF8},
		"NUL in sharding":    {one(func(m *rocketmq.Message) { m.ShardingKey = "a\x00b" }), rocketmq.ErrInvalidProperty},
		"delay level":        {one(func(m *rocketmq.Message) { m.DelayLevel = 19 }), rocketmq.ErrInvalidArgument},
		"huge delay level":   {one(func(m *rocketmq.Message) { m.DelayLevel = 1<<32 + 3 }), rocketmq.ErrInvalidArgument},
		"negative delay":     {one(func(m *rocketmq.Message) { m.Delay = -time.Second }), rocketmq.ErrInvalidArgument},
		"two delays":         {one(func(m *rocketmq.Message) { m.Delay, m.DelayLevel = time.Second, 1 }), rocketmq.ErrInvalidArgument},
		"huge queue":         {one(func(m *rocketmq.Message) { m.Queue = &rocketmq.Queue{Broker: "broker-a", ID: math.MaxInt} }), rocketmq.ErrInvalidArgument},
		"too large":          {one(func(m *rocketmq.Message) { m.Body = make([]byte, 5<<20) }), rocketmq.ErrMessageTooLarge},
	} {
		_, err := p.Send(background, test.message)
		async := p.SendAsync(background, test.message, func(*rocketmq.Result, error) { t.Errorf("%s: called", name) })
		for _, err := range []error{err, async, p.SendOneway(background, test.message)} {
			if !errors.Is(err, test.status) || detail(t, err).Outcome != rocketmq.OutcomeNotSent || err.Error() == "" {
				t.Errorf("%s: %v", name, err)
			}
		}
	}
	if err := p.SendAsync(background, message("mistakes", "x"), nil); !errors.Is(err, rocketmq.ErrInvalidArgument) {
		t.Error(err)
	}
	if _, err := (&rocketmq.Producer{}).Send(background, message("a", "b")); !errors.Is(err, rocketmq.ErrInvalidHandle) {
		t.Error(err)
	}
	if err := (*rocketmq.Producer)(nil).Close(background); !errors.Is(err, rocketmq.ErrInvalidHandle) {
		t.Error(err)
	}
	if _, err := p.Queues(background, "a\x00b"); !errors.Is(err, rocketmq.ErrInvalidTopic) {
		t.Error(err)
	}
	if _, err := p.Recall(background, "mistakes", "no handle"); !errors.Is(err, rocketmq.ErrInvalidArgument) {
		t.Error(err)
	}
	if c.Count("mistakes") != 0 {
		t.Errorf("%d were sent", c.Count("mistakes"))
	}
}

func TestSettingsAreCheckedByTheLibraryAndConvertedHere(t *testing.T) {
	c := cluster(t, 1)
	type level int8
	base := func(key string, value any) rocketmq.Config {
		return rocketmq.Config{"namesrv.addr": c.NameServer(), "producer.group": "g", key: value}
	}
	for _, test := range []struct {
		config rocketmq.Config
		status rocketmq.Status
		says   string
	}{
		{base("no.such.key", 1), rocketmq.ErrUnknownKey, "no.such.key"},
		{base("send.retries", "many"), rocketmq.ErrInvalidValue, "send.retries"},
		{base("send.timeout.ms", 1500*time.Microsecond), rocketmq.ErrInvalidValue, "send.timeout.ms"},
		{base("send.retries", 1.5), rocketmq.ErrInvalidValue, "send.retries"},
		{base("send.retries", nil), rocketmq.ErrInvalidValue, "send.retries"},
		{base("client.ip", "a\x00b"), rocketmq.ErrInvalidArgument, "client.ip"},
		{rocketmq.Config{"namesrv.addr": c.NameServer()}, rocketmq.ErrInvalidValue, "producer.group"},
	} {
		p, err := rocketmq.NewProducer(test.config)
		if p != nil || !errors.Is(err, test.status) || !strings.Contains(err.Error(), test.says) {
			t.Errorf("%v: %v", test.config, err)
		}
	}
	p := producer(t, c, "send.retries", level(0), "compress.level", uint8(3), "send.timeout.ms", 2*time.Second)
	if err := p.Update("namesrv.addr", c.NameServer()+";127.0.0.1:1"); err != nil {
		t.Error(err)
	}
	if err := p.Update("send.retries", 1); !errors.Is(err, rocketmq.ErrInvalidArgument) {
		t.Error(err)
	}
	keys := rocketmq.ConfigKeys()
	if len(keys) < 40 || !slices.ContainsFunc(keys, func(k rocketmq.ConfigKey) bool {
		return k.Name == "namesrv.addr" && k.Live && k.Type == "string" && k.Doc != ""
	}) {
		t.Errorf("%d keys", len(keys))
	}
	c.SetBroker(mock.NameServer, false)
	_, err := rocketmq.NewProducer(base("send.timeout.ms", 200))
	if !errors.Is(err, rocketmq.ErrNoNameServer) && !errors.Is(err, rocketmq.ErrTimeout) {
		t.Error(err)
	}
}

// lines is a log that may be written to while it is read.
type lines struct {
	lock sync.Mutex
	text bytes.Buffer
}

func (l *lines) Write(text []byte) (int, error) {
	l.lock.Lock()
	defer l.lock.Unlock()
	return l.text.Write(text)
}

func (l *lines) String() string {
	l.lock.Lock()
	defer l.lock.Unlock()
	return l.text.String()
}

func TestTheLibrarysLogLinesGoToSlogWithTheirLevels(t *testing.T) {
	c := cluster(t, 1)
	log := &lines{}
	if err := rocketmq.SetLogger(slog.New(slog.NewJSONHandler(log, &slog.HandlerOptions{Level: slog.LevelInfo}))); err != nil {
		t.Fatal(err)
	}
	defer func() { _ = rocketmq.SetLogger(nil) }()
	p := producer(t, c)
	if _, err := p.Send(background, message("log", "x")); err != nil {
		t.Fatal(err)
	}
	c.SetBroker(0, false)
	c.Respond(mock.NameServer, mock.RouteQuery, mock.TopicNotExist, 0, -1)
	_, err := p.Send(background, message("unknown", "x"))
	if !errors.Is(err, rocketmq.ErrTopicNotFound) {
		t.Error(err)
	}
	for end := time.Now().Add(5 * time.Second); !strings.Contains(log.String(), `"level":"WARN"`); {
		if time.Now().After(end) {
			t.Fatalf("no warning in %s", log)
		}
		time.Sleep(time.Millisecond)
	}
	if strings.Contains(log.String(), `"level":"DEBUG"`) {
		t.Error(log)
	}
	var line struct{ Msg, Library string }
	if err := json.NewDecoder(strings.NewReader(log.String())).Decode(&line); err != nil || line.Msg == "" || line.Library == "" {
		t.Errorf("%+v, %v", line, err)
	}
}

func TestStatisticsHaveEveryMemberThatTheLibraryWrites(t *testing.T) {
	c := cluster(t, 1)
	p := producer(t, c)
	if _, err := p.Send(background, message("stats", "x")); err != nil {
		t.Fatal(err)
	}
	text, err := p.StatsJSON()
	if err != nil {
		t.Fatal(err)
	}
	strict := json.NewDecoder(bytes.NewReader(text))
	strict.DisallowUnknownFields()
	stats := &rocketmq.Stats{}
	if err := strict.Decode(stats); err != nil {
		t.Error(err)
	}
	if stats.Schema != 1 || stats.Sends.Stored.LatencyUs.Count != 1 || len(stats.Brokers) != 1 || stats.State != "running" ||
		stats.Brokers[0].State != "connected" || stats.Routes[0].Topic != "stats" {
		t.Errorf("%+v", stats)
	}
}
