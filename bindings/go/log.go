package rocketmq

// #include "shim.h"
import "C"

import (
	"context"
	"log/slog"
	"sync"
	"unsafe"
)

// Levels of the library, the most verbose last. slog has no name for the last one.
var levels = [...]struct {
	c    C.int32_t
	slog slog.Level
}{
	{C.ROCKETMQ_LOG_ERROR, slog.LevelError},
	{C.ROCKETMQ_LOG_WARN, slog.LevelWarn},
	{C.ROCKETMQ_LOG_INFO, slog.LevelInfo},
	{C.ROCKETMQ_LOG_DEBUG, slog.LevelDebug},
	{C.ROCKETMQ_LOG_TRACE, slog.LevelDebug - 4},
}

var logs struct {
	lock  sync.Mutex
	set   bool
	queue *queue
}

// SetLogger gives the library's log lines, of the whole process, to logger: those that it is enabled for at this moment.
// Until it is called warnings and errors go to slog.Default(). With nil there are no lines.
func SetLogger(logger *slog.Logger) error {
	logs.lock.Lock()
	defer logs.lock.Unlock()
	logs.set = true
	if logger == nil {
		return followLogs(C.ROCKETMQ_LOG_OFF, nil)
	}
	most := C.int32_t(C.ROCKETMQ_LOG_OFF)
	for _, level := range levels {
		if logger.Enabled(context.Background(), level.slog) {
			most = level.c
		}
	}
	return followLogs(most, func() *slog.Logger { return logger })
}

func followDefaultLogger() {
	logs.lock.Lock()
	defer logs.lock.Unlock()
	if !logs.set {
		logs.set = followLogs(C.ROCKETMQ_LOG_WARN, slog.Default) == nil
	}
}

// followLogs is called with the lock held.
func followLogs(most C.int32_t, logger func() *slog.Logger) error {
	next, err := newQueue()
	if err != nil {
		return err
	}
	if status := C.rocketmq_log_set_cq(most, next.cq, 0); status != C.ROCKETMQ_OK {
		next.destroy()
		return refused(Status(status), "the log lines cannot be had: %s", Status(status).Error())
	}
	go next.run(func(events []C.rocketmq_event, _ []C.rmqgo_stored) {
		for index := range events {
			line(logger, &events[index])
		}
	}, func() {})
	last := logs.queue
	logs.queue = next
	if last != nil {
		go last.close() // not here: a handler that logs through this package would wait for itself
	}
	return nil
}

func line(logger func() *slog.Logger, event *C.rocketmq_event) {
	var length C.size_t
	text := C.rocketmq_event_text(event, &length)
	if text == nil || logger == nil {
		return
	}
	level := slog.LevelDebug - 4
	for _, known := range levels {
		if known.c == event.code {
			level = known.slog
		}
	}
	logger().LogAttrs(context.Background(), level, string(unsafe.Slice((*byte)(unsafe.Pointer(text)), int(length))),
		slog.String("library", "rocketmq_producer"))
}
