package rocketmq

// #include "shim.h"
// #include <stdlib.h>
import "C"

import (
	"os"
	"unsafe"
)

func unsafePointer[T any](of *T) unsafe.Pointer { return unsafe.Pointer(of) }

// queue is a completion queue and the goroutine that polls it. The goroutine sleeps in Go's own network poller: no
// thread waits in C, and none of the library's enters Go.
type queue struct {
	cq   *C.rocketmq_cq
	room *C.rmqgo_poll_room
	// The queue's descriptor, readable while events wait.
	file *os.File
	// Closed when the goroutine has ended, and the queue with it.
	gone chan struct{}
}

func newQueue() (*queue, error) {
	q := &queue{gone: make(chan struct{})}
	var answer C.rmqgo_answer
	answer.status = C.rocketmq_cq_create(&q.cq, &answer.error)
	if err := take(answer); err != nil {
		return nil, err
	}
	descriptor := C.rocketmq_cq_dup_fd(q.cq)
	if descriptor < 0 {
		C.rocketmq_cq_destroy(q.cq)
		return nil, refused(ErrSystem, "there is no descriptor for a completion queue")
	}
	q.file = os.NewFile(uintptr(descriptor), "rocketmq completions")
	q.room = (*C.rmqgo_poll_room)(C.calloc(1, C.sizeof_rmqgo_poll_room))
	return q, nil
}

// run hands events to handle until the queue is closed; events and what they point to are good until it returns. Then
// it frees the queue and calls closed.
func (q *queue) run(handle func(events []C.rocketmq_event, stored []C.rmqgo_stored), closed func()) {
	defer close(q.gone)
	drain := func(uintptr) bool {
		for {
			count := int(C.rmqgo_poll(q.cq, q.room, 0))
			if count < 0 {
				return true
			}
			if count > 0 {
				handle(q.room.events[:count], q.room.stored[:count])
				C.rocketmq_event_release(&q.room.events[0], C.int32_t(count))
			}
			// Less than there is room for: the queue was empty, and its next event makes the descriptor readable anew.
			if count < C.RMQGO_EVENTS {
				return false
			}
		}
	}
	if connection, err := q.file.SyscallConn(); err == nil {
		_ = connection.Read(drain) // ends when the file is closed
	}
	C.rocketmq_cq_destroy(q.cq)
	C.free(unsafe.Pointer(q.room))
	closed()
}

// destroy is for a queue that was never run.
func (q *queue) destroy() {
	_ = q.file.Close()
	C.rocketmq_cq_destroy(q.cq)
	C.free(unsafe.Pointer(q.room))
}

// close ends the goroutine; what is in the queue is lost.
func (q *queue) close() {
	_ = q.file.Close()
	<-q.gone
}
