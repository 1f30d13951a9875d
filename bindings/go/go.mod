module github.com/rocketmq-producer/rocketmq-producer/bindings/go

go 1.24
