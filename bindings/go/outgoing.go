package rocketmq

// #include "shim.h"
import "C"

import (
	"fmt"
	"unsafe"
)

// outgoing is a message, or a batch of them that C has built; then message is the first, which says how it is sent.
type outgoing struct {
	message  *Message
	messages []*C.rocketmq_message
}

// offer asks the library once. Without cq it is one-way.
func (o outgoing) offer(producer *C.rocketmq_producer, cq *C.rocketmq_cq, tag uint64, limit int64) (C.rmqgo_answer, error) {
	var head C.rmqgo_head
	var room [textRoom]byte
	text, err := o.message.encode(&head, room[:0])
	if err != nil {
		return C.rmqgo_answer{}, err
	}
	head.timeout_ms = C.int64_t(limit)
	texts := (*C.char)(unsafe.Pointer(unsafe.SliceData(text)))
	if o.messages != nil {
		return C.rmqgo_send_batch(producer, cq, C.uint64_t(tag), &head, texts, unsafe.SliceData(o.messages),
			C.size_t(len(o.messages))), nil
	}
	body := (*C.char)(unsafe.Pointer(unsafe.SliceData(o.message.Body)))
	return C.rmqgo_send(producer, cq, C.uint64_t(tag), &head, texts, body, C.size_t(len(o.message.Body))), nil
}

func newBatch(messages []*Message) (outgoing, error) {
	if len(messages) == 0 {
		return outgoing{}, refused(ErrInvalidArgument, "the batch has no messages")
	}
	batch := outgoing{message: messages[0], messages: make([]*C.rocketmq_message, 0, len(messages))}
	for index, message := range messages {
		built, err := build(message)
		if err != nil {
			batch.destroy()
			return outgoing{}, in(index, err)
		}
		batch.messages = append(batch.messages, built)
	}
	return batch, nil
}

func build(message *Message) (built *C.rocketmq_message, err error) {
	var head C.rmqgo_head
	var room [textRoom]byte
	text, err := message.encode(&head, room[:0])
	if err != nil {
		return nil, err
	}
	texts := (*C.char)(unsafe.Pointer(unsafe.SliceData(text)))
	body := (*C.char)(unsafe.Pointer(unsafe.SliceData(message.Body)))
	answer := C.rmqgo_build(&head, texts, body, C.size_t(len(message.Body)), &built)
	return built, take(answer)
}

// in names the message as the library does where it refuses one of a batch.
func in(index int, err error) error {
	if detail, ok := err.(*Error); ok {
		detail.Message = fmt.Sprintf("message %d: %s", index, detail.Message)
	}
	return err
}

func (o outgoing) destroy() {
	C.rmqgo_destroy_messages(unsafe.SliceData(o.messages), C.size_t(len(o.messages)))
}
