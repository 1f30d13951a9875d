package rocketmq

// #include "shim.h"
import "C"

import (
	"context"
	"fmt"
	"strings"
)

// Status says what kind of failure an error is. Each is an error itself, so that errors.Is(err, rocketmq.ErrTimeout)
// tells.
type Status int32

// The failures. Mistakes in the program, local conditions, the message, the network and the cluster.
const (
	ErrInvalidArgument Status = C.ROCKETMQ_ERR_INVALID_ARGUMENT // Out of range, or missing.
	ErrInvalidUTF8     Status = C.ROCKETMQ_ERR_INVALID_UTF8     // Text is not UTF-8.
	ErrInvalidHandle   Status = C.ROCKETMQ_ERR_INVALID_HANDLE   // The producer was not made by NewProducer.
	ErrInvalidState    Status = C.ROCKETMQ_ERR_INVALID_STATE    // Too early or too late for this call.
	ErrUnknownKey      Status = C.ROCKETMQ_ERR_UNKNOWN_KEY      // No such configuration key.
	ErrInvalidValue    Status = C.ROCKETMQ_ERR_INVALID_VALUE    // Value not accepted for the key, or a required key is missing.
	ErrWouldDeadlock   Status = C.ROCKETMQ_ERR_WOULD_DEADLOCK   // Flush or Close inside a callback, which they wait for.
	ErrForked          Status = C.ROCKETMQ_ERR_FORKED           // The producer belongs to the parent process.
	ErrNotFound        Status = C.ROCKETMQ_ERR_NOT_FOUND        // No such thing.
	ErrNotSupported    Status = C.ROCKETMQ_ERR_NOT_SUPPORTED    // This build, or this broker, cannot do it.
	ErrCallback        Status = C.ROCKETMQ_ERR_CALLBACK         // A callback of the C library refused.

	ErrInternal       Status = C.ROCKETMQ_ERR_INTERNAL        // A bug in the library.
	ErrSystem         Status = C.ROCKETMQ_ERR_SYSTEM          // Out of memory, threads or descriptors.
	ErrQueueFull      Status = C.ROCKETMQ_ERR_QUEUE_FULL      // The in-flight limit is reached.
	ErrCompletionFull Status = C.ROCKETMQ_ERR_COMPLETION_FULL // So many callbacks have not returned: completion.max.
	ErrClosed         Status = C.ROCKETMQ_ERR_CLOSED          // The producer is closed, or cut the send off when it closed.
	ErrCancelled      Status = C.ROCKETMQ_ERR_CANCELLED       // The context was cancelled, or the send purged.
	ErrTimeout        Status = C.ROCKETMQ_ERR_TIMEOUT         // The time limit passed.
	ErrRouteNotReady  Status = C.ROCKETMQ_ERR_ROUTE_NOT_READY // The call needs a route that is not known yet.

	ErrInvalidTopic    Status = C.ROCKETMQ_ERR_INVALID_TOPIC     // Empty, too long, or with characters that are refused.
	ErrMessageTooLarge Status = C.ROCKETMQ_ERR_MESSAGE_TOO_LARGE // Larger than the limits allow.
	ErrInvalidProperty Status = C.ROCKETMQ_ERR_INVALID_PROPERTY  // Reserved name, empty, or NUL, \1 or \2 inside.
	ErrEmptyBody       Status = C.ROCKETMQ_ERR_EMPTY_BODY        // No body.

	ErrNoNameServer   Status = C.ROCKETMQ_ERR_NO_NAMESRV      // No name server answered.
	ErrConnect        Status = C.ROCKETMQ_ERR_CONNECT         // No connection to the broker.
	ErrConnectionLost Status = C.ROCKETMQ_ERR_CONNECTION_LOST // The connection ended before the answer came.
	ErrTLS            Status = C.ROCKETMQ_ERR_TLS             // No secure connection.
	ErrAuth           Status = C.ROCKETMQ_ERR_AUTH            // Signature or key refused.
	ErrProtocol       Status = C.ROCKETMQ_ERR_PROTOCOL        // Bytes that make no sense.
	ErrResolve        Status = C.ROCKETMQ_ERR_RESOLVE         // Host name not resolved.

	ErrTopicNotFound   Status = C.ROCKETMQ_ERR_TOPIC_NOT_FOUND   // No route for the topic.
	ErrNoWritableQueue Status = C.ROCKETMQ_ERR_NO_WRITABLE_QUEUE // No queue of the topic may be written.
	ErrNoPermission    Status = C.ROCKETMQ_ERR_NO_PERMISSION     // The broker forbids it.
	ErrBrokerBusy      Status = C.ROCKETMQ_ERR_BROKER_BUSY       // Flow control.
	ErrBroker          Status = C.ROCKETMQ_ERR_BROKER            // Any other code of the broker: Error.BrokerCode.
	ErrNoReply         Status = C.ROCKETMQ_ERR_NO_REPLY          // Request sent, no reply in time.
)

// Error is a short sentence for the status.
func (s Status) Error() string { return C.GoString(C.rocketmq_status_str(C.rocketmq_status(s))) }

// Name is the name in C, as "ROCKETMQ_ERR_TIMEOUT".
func (s Status) Name() string { return C.GoString(C.rocketmq_status_name(C.rocketmq_status(s))) }

// Outcome answers whether a broker stored the message although the send failed.
type Outcome int32

// What is known of the message, over all attempts.
const (
	OutcomeUnknown  Outcome = C.ROCKETMQ_OUTCOME_UNKNOWN  // Perhaps stored: sending it again may duplicate.
	OutcomeNotSent  Outcome = C.ROCKETMQ_OUTCOME_NOT_SENT // Certainly not stored.
	OutcomeRejected Outcome = C.ROCKETMQ_OUTCOME_REJECTED // A broker answered and refused: not stored.
)

func (o Outcome) String() string {
	switch o {
	case OutcomeUnknown:
		return "unknown"
	case OutcomeNotSent:
		return "not sent"
	case OutcomeRejected:
		return "rejected"
	}
	return fmt.Sprintf("Outcome(%d)", int32(o))
}

// Error is what every failed call of this package returns. errors.As finds it, errors.Is compares its Status; a limit
// or an end that came from a context is also that context's error.
type Error struct {
	Status       Status
	Message      string  // A full sentence with context.
	Outcome      Outcome // Whether the message was stored all the same.
	Retriable    bool    // The same call may succeed later without a change.
	BrokerCode   int     // Response code of the broker or name server that refused, or -1.
	BrokerRemark string  // The text that came with it.
	Broker       string  // The broker concerned, "name@host:port".
	MessageID    string  // The id that the message had, the same in all attempts.
	Attempts     int     // Tries made.

	cause error
}

func (e *Error) Error() string { return e.Message }

// Is reports whether target is the error's Status, or context.DeadlineExceeded for one whose time limit passed.
func (e *Error) Is(target error) bool {
	return target == e.Status || target == context.DeadlineExceeded && e.Status == ErrTimeout
}

// Unwrap gives the error of the context that ended the call, if one did.
func (e *Error) Unwrap() error { return e.cause }

// A failure that no C call told: nothing was sent.
func refused(status Status, format string, arguments ...any) *Error {
	return &Error{Status: status, Message: fmt.Sprintf(format, arguments...), Outcome: OutcomeNotSent, BrokerCode: -1}
}

func cancelled(ctx context.Context, outcome Outcome, what string) *Error {
	cause := context.Cause(ctx)
	status := ErrCancelled
	if ctx.Err() == context.DeadlineExceeded {
		status = ErrTimeout
	}
	if cause != ctx.Err() {
		cause = fmt.Errorf("%w: %w", ctx.Err(), cause)
	}
	return &Error{Status: status, Message: what + ": " + cause.Error(), Outcome: outcome, BrokerCode: -1, cause: cause}
}

// take makes an Error of what a call answered and frees it.
func take(answer C.rmqgo_answer) error {
	if answer.status == C.ROCKETMQ_OK {
		return nil
	}
	defer C.rocketmq_error_destroy(answer.error)
	return failure(Status(answer.status), answer.error)
}

func failure(status Status, detail *C.rocketmq_error) *Error {
	if detail == nil {
		return refused(status, "%s", status.Error())
	}
	var view C.rmqgo_error_view
	C.rmqgo_error_read(detail, &view)
	return &Error{
		Status:       status,
		Message:      C.GoString(view.message),
		Outcome:      Outcome(view.outcome),
		Retriable:    view.retriable != 0,
		BrokerCode:   int(view.broker_code),
		BrokerRemark: C.GoString(view.remark),
		Broker:       C.GoString(view.broker),
		MessageID:    C.GoString(view.message_id),
		Attempts:     int(view.attempts),
	}
}

func checkText(status Status, what, text, forbidden string) error {
	if at := strings.IndexAny(text, forbidden); at >= 0 {
		return refused(status, "%s has the character %q at byte %d, which it may not", what, text[at], at)
	}
	return nil
}
