package rocketmq

/*
#cgo CFLAGS: -O2 -std=c11
#cgo !system,linux,amd64 LDFLAGS: ${SRCDIR}/lib/linux_amd64/librocketmq_producer.a -lgcc_eh -lutil -lrt -lpthread -lm -ldl -lc
#cgo system CFLAGS: -DRMQGO_SYSTEM
#cgo system pkg-config: rocketmq_producer

// No function here calls back into Go, and none keeps a pointer that it is given.
#cgo noescape rmqgo_send
#cgo nocallback rmqgo_send
#cgo noescape rmqgo_build
#cgo nocallback rmqgo_build
#cgo noescape rmqgo_send_batch
#cgo nocallback rmqgo_send_batch
#cgo nocallback rmqgo_poll
#cgo noescape rmqgo_error_read
#cgo nocallback rmqgo_error_read
#include "shim.h"
#include <stdlib.h>
*/
import "C"

import (
	"fmt"
	"sync"
	"unsafe"
)

// LibraryVersion is the version of the C library, as "0.1.0".
func LibraryVersion() string { return C.GoString(C.rocketmq_version_string()) }

// BuildInfo tells how the C library was built, for logs and bug reports.
func BuildInfo() string { return C.GoString(C.rocketmq_build_info()) }

// A library fits when the major version is the header's and, below 1.0, the minor one too. With the archive that comes
// with this package it always does; with the tag "system" another may be loaded than was compiled against.
var checkVersion = sync.OnceValue(func() error {
	return fits(uint32(C.rocketmq_version_number()), C.ROCKETMQ_VERSION_NUMBER)
})

func fits(library, header uint32) error {
	major, minor := library>>16, library>>8&0xff
	if major == header>>16 && (major > 0 || minor == header>>8&0xff) {
		return nil
	}
	return &Error{
		Status:  ErrNotSupported,
		Outcome: OutcomeNotSent,
		Message: fmt.Sprintf("the loaded librocketmq_producer is of version %d.%d.%d, this package is made for %d.%d",
			major, minor, library&0xff, header>>16, header>>8&0xff),
	}
}

// cString has a copy of text for C, which may hold no NUL. To be freed.
func cString(what, text string) (*C.char, error) {
	if err := checkText(ErrInvalidArgument, what, text, "\x00"); err != nil {
		return nil, err
	}
	return C.CString(text), nil
}

func free(text *C.char) { C.free(unsafe.Pointer(text)) }

// owned takes over text that is the caller's.
func owned(text *C.char) string {
	defer C.rocketmq_string_free(text)
	return C.GoString(text)
}
