package rocketmq

// #include "shim.h"
import "C"

import (
	"fmt"
	"reflect"
	"strconv"
	"time"
)

// Config holds the library's settings by their keys, as "namesrv.addr" and "producer.group", which [ConfigKeys] lists.
// A value is a string, a bool, a whole number, or a [time.Duration] for a key in milliseconds. What the library does
// not know or accept is an error of [NewProducer], never ignored.
type Config map[string]any

// ConfigKey describes one setting.
type ConfigKey struct {
	Name    string
	Type    string // "int", "bool", "string", "duration", "bytes" or "enum:a|b"
	Default string
	Doc     string
	Live    bool // Producer.Update may change it.
}

// ConfigKeys lists all settings of the library.
func ConfigKeys() []ConfigKey {
	var keys []ConfigKey
	for index := C.size_t(0); ; index++ {
		name := C.rocketmq_config_key_name(index)
		if name == nil {
			return keys
		}
		keys = append(keys, ConfigKey{
			Name:    C.GoString(name),
			Type:    C.GoString(C.rocketmq_config_key_type(index)),
			Default: C.GoString(C.rocketmq_config_key_default(index)),
			Doc:     C.GoString(C.rocketmq_config_key_doc(index)),
			Live:    C.rocketmq_config_key_is_live(index) != 0,
		})
	}
}

func configValue(key string, value any) (string, error) {
	switch value := value.(type) {
	case string:
		return value, nil
	case bool:
		return strconv.FormatBool(value), nil
	case time.Duration:
		if value%time.Millisecond != 0 {
			return "", refused(ErrInvalidValue, "%s: %v is not a whole number of milliseconds", key, value)
		}
		return strconv.FormatInt(value.Milliseconds(), 10), nil
	}
	// Also types of the program's own that are numbers or text.
	switch of := reflect.ValueOf(value); {
	case of.IsValid() && of.CanInt():
		return strconv.FormatInt(of.Int(), 10), nil
	case of.IsValid() && of.CanUint():
		return strconv.FormatUint(of.Uint(), 10), nil
	case of.IsValid() && of.Kind() == reflect.String:
		return of.String(), nil
	}
	return "", refused(ErrInvalidValue, "%s: a %T is no value of a setting", key, value)
}

// withPair lends key and value to C as long as call runs.
func withPair(key string, value any, call func(key, value *C.char) C.rmqgo_answer) error {
	text, err := configValue(key, value)
	if err != nil {
		return err
	}
	cKey, err := cString("the key "+strconv.Quote(key), key)
	if err != nil {
		return err
	}
	defer free(cKey)
	cValue, err := cString("the value of "+key, text)
	if err != nil {
		return err
	}
	defer free(cValue)
	return take(call(cKey, cValue))
}

// build gives settings that are the caller's to destroy.
func (c Config) build() (*C.rocketmq_config, error) {
	config := C.rocketmq_config_create()
	for key, value := range c {
		err := withPair(key, value, func(key, value *C.char) (answer C.rmqgo_answer) {
			answer.status = C.rocketmq_config_set(config, key, value, &answer.error)
			return answer
		})
		if err != nil {
			C.rocketmq_config_destroy(config)
			return nil, err
		}
	}
	return config, nil
}

func number(config *C.rocketmq_config, key string) (int64, error) {
	cKey := C.CString(key)
	defer free(cKey)
	var text *C.char
	var answer C.rmqgo_answer
	answer.status = C.rocketmq_config_get(config, cKey, &text, &answer.error)
	if err := take(answer); err != nil {
		return 0, err
	}
	value := owned(text)
	whole, err := strconv.ParseInt(value, 10, 64)
	if err != nil {
		return 0, fmt.Errorf("the library's %s: %w", key, err)
	}
	return whole, nil
}

// GlobalSet changes a setting of the whole process, "runtime.worker.threads" or "runtime.thread.prefix", before the
// first producer is made.
func GlobalSet(key string, value any) error {
	return withPair(key, value, func(key, value *C.char) (answer C.rmqgo_answer) {
		answer.status = C.rocketmq_global_set(key, value, &answer.error)
		return answer
	})
}
