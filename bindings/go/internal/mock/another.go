package mock

/*
#cgo LDFLAGS: -ldl
#include <dlfcn.h>
#include <rocketmq_producer.h>
#include <stdlib.h>

// Everything by dlsym: the names without it are those of the archive in this program.
static int32_t send_with(const char *library, const char *name_server, const char *topic)
{
    void *copy = dlopen(library, RTLD_NOW | RTLD_LOCAL);
    rocketmq_producer *producer = NULL;
    rocketmq_message *message = NULL;
    rocketmq_config *config;
    int32_t status = -1000;

    if (!copy) return status;
    __typeof__(&rocketmq_config_create) create_config = dlsym(copy, "rocketmq_config_create");
    __typeof__(&rocketmq_config_destroy) destroy_config = dlsym(copy, "rocketmq_config_destroy");
    __typeof__(&rocketmq_config_set) set = dlsym(copy, "rocketmq_config_set");
    __typeof__(&rocketmq_producer_create) create = dlsym(copy, "rocketmq_producer_create");
    __typeof__(&rocketmq_producer_start) start = dlsym(copy, "rocketmq_producer_start");
    __typeof__(&rocketmq_producer_send) send = dlsym(copy, "rocketmq_producer_send");
    __typeof__(&rocketmq_producer_shutdown) shut_down = dlsym(copy, "rocketmq_producer_shutdown");
    __typeof__(&rocketmq_producer_destroy) destroy = dlsym(copy, "rocketmq_producer_destroy");
    __typeof__(&rocketmq_message_build) build = dlsym(copy, "rocketmq_message_build");
    __typeof__(&rocketmq_message_destroy) destroy_message = dlsym(copy, "rocketmq_message_destroy");
    if (create == &rocketmq_producer_create) return -1001;
    config = create_config();
    (void)((status = set(config, "namesrv.addr", name_server, NULL)) || (status = set(config, "producer.group", "other", NULL))
        || (status = create(config, &producer, NULL)) || (status = start(producer, 5000, NULL))
        || (status = build(topic, ROCKETMQ_NTS, NULL, 0, NULL, 0, "x", 1, &message, NULL))
        || (status = send(producer, message, NULL, NULL, NULL)) || (status = shut_down(producer, 5000, NULL)));
    destroy_message(message);
    destroy(producer);
    destroy_config(config);
    dlclose(copy);
    return status;
}
*/
import "C"

import "unsafe"

// SendWithAnotherCopy loads the library of this file beside the one that the program has, sends a message with it, and
// gives the first status that is not 0.
func SendWithAnotherCopy(library, nameServer, topic string) int {
	texts := [3]*C.char{C.CString(library), C.CString(nameServer), C.CString(topic)}
	defer func() {
		for _, text := range texts {
			C.free(unsafe.Pointer(text))
		}
	}()
	return int(C.send_with(texts[0], texts[1], texts[2]))
}
