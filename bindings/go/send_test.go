package rocketmq_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	rocketmq "github.com/rocketmq-producer/rocketmq-producer/bindings/go"
	"github.com/rocketmq-producer/rocketmq-producer/bindings/go/internal/mock"
)

var background = context.Background()

func cluster(t testing.TB, brokers int) *mock.Cluster {
	t.Helper()
	started := mock.Start(brokers)
	t.Cleanup(started.Destroy)
	return started
}

// producer is closed at the test's end, before the cluster goes. More settings are pairs of key and value.
func producer(t testing.TB, c *mock.Cluster, settings ...any) *rocketmq.Producer {
	t.Helper()
	config := rocketmq.Config{"namesrv.addr": c.NameServer(), "producer.group": "tests"}
	for at := 0; at < len(settings); at += 2 {
		config[settings[at].(string)] = settings[at+1]
	}
	made, err := rocketmq.NewProducer(config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		limit, cancel := context.WithTimeout(background, 5*time.Second)
		defer cancel()
		_ = made.Close(limit)
	})
	return made
}

func message(topic, body string) *rocketmq.Message {
	return &rocketmq.Message{Topic: topic, Body: []byte(body)}
}

func detail(t testing.TB, err error) *rocketmq.Error {
	t.Helper()
	var detail *rocketmq.Error
	if !errors.As(err, &detail) {
		t.Fatalf("%v is no *Error", err)
	}
	return detail
}

func TestASentMessageIsStoredWholeAndItsResultSaysWhere(t *testing.T) {
	c := cluster(t, 1)
	p := producer(t, c)
	sent := &rocketmq.Message{
		Topic: "orders", Body: []byte("Bestellung \x00\xff"), Tags: "grün", Keys: []string{"A-1", "A-2"},
		Properties: map[string]string{"größe": "42 \U0001F600", "leer?": "nein"}, ShardingKey: "Müller", Flag: 7,
		NoWaitStore: true, DelayLevel: 3,
	}
	result, err := p.Send(background, sent)
	if err != nil {
		t.Fatal(err)
	}
	stored := c.Messages("orders")[0]
	if !bytes.Equal(stored.Body, sent.Body) || stored.Tags != "grün" || stored.Keys != "A-1 A-2" {
		t.Errorf("stored: %+v", stored)
	}
	for name, want := range map[string]string{
		"größe": "42 \U0001F600", "leer?": "nein", "__SHARDINGKEY": "Müller", "WAIT": "false", "DELAY": "3",
	} {
		if value, _ := stored.Property(name); value != want {
			t.Errorf("property %s: %q", name, value)
		}
	}
	if result.MessageID != stored.ID || result.Queue.ID != stored.Queue || result.QueueOffset != stored.Offset ||
		result.Status != rocketmq.SendOK || result.Attempts != 1 || result.Topic != "orders" ||
		result.Latency <= 0 || result.OffsetID == "" || result.Queue.Broker == "" || result.MessageIDs != nil {
		t.Errorf("%+v for %+v", result, stored)
	}
}

func TestEachAsynchronousSendIsCalledBackOnceInOrder(t *testing.T) {
	c := cluster(t, 1)
	p := producer(t, c)
	c.AddTopic("async", 1)
	const count = 5000
	ends := make([]int, 0, count)
	for number := range count {
		err := p.SendAsync(background, message("async", fmt.Sprint(number)), func(result *rocketmq.Result, err error) {
			if err != nil || result.QueueOffset != int64(number) {
				t.Errorf("%d: %+v, %v", number, result, err)
			}
			ends = append(ends, number)
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := p.Flush(background); err != nil {
		t.Fatal(err)
	}
	// Flush has seen all callbacks return.
	for index, number := range ends {
		if index != number {
			t.Fatalf("end %d is of send %d", index, number)
		}
	}
	if len(ends) != count || c.Count("async") != count {
		t.Errorf("%d ends, %d messages", len(ends), c.Count("async"))
	}
}
