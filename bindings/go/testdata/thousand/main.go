// Sends a thousand messages with properties in many scripts, and prints their ids: NAMESRV TOPIC.
package main

import (
	"context"
	"fmt"
	"log"
	"os"
	"strconv"
	"time"

	rocketmq "github.com/rocketmq-producer/rocketmq-producer/bindings/go"
)

func main() {
	// Much time, for a broker that has just started, and none of them twice.
	producer, err := rocketmq.NewProducer(rocketmq.Config{
		"namesrv.addr": os.Args[1], "producer.group": "thousand", "send.timeout.ms": 30 * time.Second,
		"send.retry.unknown": false,
	})
	if err != nil {
		log.Fatal(err)
	}
	scripts := []string{"größe", "размер", "大小", "サイズ", "حجم", "\U0001F4CF"}
	ids := make([]string, 1000)
	for number := range ids {
		script := scripts[number%len(scripts)]
		message := &rocketmq.Message{
			Topic: os.Args[2],
			Body:  []byte(script + " " + strconv.Itoa(number)),
			Tags:  script,
			Keys:  []string{"n" + strconv.Itoa(number), script},
			Properties: map[string]string{
				"script": script, script: "=" + script + "|" + strconv.Itoa(number),
			},
		}
		err := producer.SendAsync(context.Background(), message, func(result *rocketmq.Result, err error) {
			if err != nil {
				log.Fatal(err)
			}
			ids[number] = result.MessageID
		})
		if err != nil {
			log.Fatal(err)
		}
	}
	if err := producer.Close(context.Background()); err != nil {
		log.Fatal(err)
	}
	for _, id := range ids {
		fmt.Println(id)
	}
}
