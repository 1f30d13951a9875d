// Package rocketmq sends messages to Apache RocketMQ.
//
// It carries the C library librocketmq_producer inside it: routes, retries, connections and limits are the library's,
// and what it promises holds here too. No thread of the library enters Go. A send is one call into C; its end comes
// back through a completion queue, which a goroutine polls that sleeps in Go's own network poller.
//
//	producer, err := rocketmq.NewProducer(rocketmq.Config{
//		"namesrv.addr": "127.0.0.1:9876", "producer.group": "my_group",
//	})
//	if err != nil {
//		return err
//	}
//	defer producer.Close(context.Background())
//	result, err := producer.Send(ctx, &rocketmq.Message{Topic: "my_topic", Body: []byte("Hello")})
//
// Every error is an [*Error], or wraps one: errors.Is compares its [Status], and its [Outcome] tells whether the message
// may have been stored all the same.
//
// The package needs cgo. For linux/amd64 it has the library as an archive; elsewhere, and with the build tag "system",
// pkg-config finds an installed one (the package rocketmq_producer).
package rocketmq
