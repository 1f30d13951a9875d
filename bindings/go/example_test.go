package rocketmq_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"time"

	rocketmq "github.com/rocketmq-producer/rocketmq-producer/bindings/go"
	"github.com/rocketmq-producer/rocketmq-producer/bindings/go/internal/mock"
)

// The examples' cluster: a mock one, so that they run here.
var (
	exampleCluster = mock.Start(1)
	nameServer     = exampleCluster.NameServer()
)

func newProducer() *rocketmq.Producer {
	producer, err := rocketmq.NewProducer(rocketmq.Config{"namesrv.addr": nameServer, "producer.group": "examples"})
	if err != nil {
		log.Fatal(err)
	}
	return producer
}

func Example() {
	producer, err := rocketmq.NewProducer(rocketmq.Config{
		"namesrv.addr":    nameServer, // as "127.0.0.1:9876"
		"producer.group":  "my_group",
		"send.timeout.ms": 5 * time.Second,
	})
	if err != nil {
		log.Fatal(err)
	}
	defer producer.Close(context.Background())
	result, err := producer.Send(context.Background(), &rocketmq.Message{
		Topic: "orders", Body: []byte("Hello"), Tags: "new", Keys: []string{"A-1"},
	})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(result.Status, len(result.MessageID))
	// Output: OK 32
}

func ExampleProducer_SendAsync() {
	producer := newProducer()
	defer producer.Close(context.Background())
	stored := 0 // callbacks run one after the other
	for range 1000 {
		err := producer.SendAsync(context.Background(), &rocketmq.Message{Topic: "orders", Body: []byte("Hello")},
			func(_ *rocketmq.Result, err error) {
				if err == nil {
					stored++
				}
			})
		if err != nil {
			log.Print("not accepted: ", err)
		}
	}
	if err := producer.Flush(context.Background()); err != nil {
		log.Print(err)
	}
	fmt.Println(stored)
	// Output: 1000
}

func ExampleProducer_Queues() {
	producer := newProducer()
	defer producer.Close(context.Background())
	queues, err := producer.Queues(context.Background(), "orders")
	if err != nil {
		log.Fatal(err)
	}
	customer := 42
	result, err := producer.Send(context.Background(), &rocketmq.Message{
		Topic: "orders", Body: []byte("Hello"), Queue: &queues[customer%len(queues)],
	})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(len(queues), result.Queue.ID)
	// Output: 4 2
}

func ExampleError() {
	producer := newProducer()
	defer producer.Close(context.Background())
	_, err := producer.Send(context.Background(), &rocketmq.Message{Topic: "orders"})
	var failed *rocketmq.Error
	if errors.As(err, &failed) {
		fmt.Println(errors.Is(err, rocketmq.ErrEmptyBody), failed.Outcome, failed.Retriable, failed.Status.Name())
	}
	// Output: true not sent false ROCKETMQ_ERR_EMPTY_BODY
}

func ExampleProducer_Close() {
	producer := newProducer()
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	fmt.Println(producer.Close(ctx))
	// Output: <nil>
}
