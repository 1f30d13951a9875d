/* A producer's life and what is asked of it, but for sends, which are in send.c. */
#include "native.h"
#include <stdlib.h>

PyTypeObject *producer_type;

static rocketmq_producer *of(PyObject *self)
{
    return ((Producer *)self)->producer;
}

static int set_keys(rocketmq_config *config, PyObject *pairs)
{
    rocketmq_error *error = NULL;
    Py_ssize_t index, count = PyTuple_Size(pairs);
    for (index = 0; index < count; index++) {
        const char *key, *value;
        rocketmq_status status;
        if (!PyArg_ParseTuple(PyTuple_GetItem(pairs, index), "sz", &key, &value)) return -1;
        status = rocketmq_config_set(config, key, value, &error);
        if (status != ROCKETMQ_OK) {
            raised(status, error, NULL);
            return -1;
        }
    }
    return 0;
}

/* What a send is given that says nothing of a limit. */
static long long send_timeout_of(const rocketmq_config *config)
{
    char *value = NULL;
    long long timeout_ms = 0;
    if (rocketmq_config_get(config, "send.timeout.ms", &value, NULL) == ROCKETMQ_OK)
        timeout_ms = strtoll(value, NULL, 10);
    rocketmq_string_free(value);
    return timeout_ms;
}

static PyObject *producer_new(PyTypeObject *type, PyObject *args, PyObject *keywords)
{
    allocfunc allocate = (allocfunc)PyType_GetSlot(type, Py_tp_alloc);
    rocketmq_config *config;
    rocketmq_error *error = NULL;
    Producer *self = NULL;
    PyObject *pairs;
    (void)keywords;
    if (!PyArg_ParseTuple(args, "O!:Producer", &PyTuple_Type, &pairs)) return NULL;
    config = rocketmq_config_create();
    if (set_keys(config, pairs) == 0 && (self = (Producer *)allocate(type, 0))) {
        rocketmq_status status = rocketmq_producer_create(config, &self->producer, &error);
        if (status != ROCKETMQ_OK) {
            raised(status, error, NULL);
            Py_CLEAR(self);
        } else {
            self->timeout_ms = send_timeout_of(config);
        }
    }
    rocketmq_config_destroy(config);
    return (PyObject *)self;
}

/* No call is under way: each holds its producer. What is still open ends on the library's threads. */
static void producer_dealloc(PyObject *object)
{
    Producer *self = (Producer *)object;
    PyTypeObject *type = Py_TYPE(object);
    freefunc release = (freefunc)PyType_GetSlot(type, Py_tp_free);
    rocketmq_producer_destroy(self->producer);
    while (self->idle_count) rocketmq_cq_destroy(self->idle[--self->idle_count]);
    release(object);
    Py_DECREF(type);
}

static PyObject *none_or_raised(rocketmq_status status, rocketmq_error *error)
{
    if (status != ROCKETMQ_OK) return raised(status, error, NULL);
    Py_RETURN_NONE;
}

static PyObject *producer_start(PyObject *self, PyObject *args)
{
    long long timeout_ms;
    rocketmq_error *error = NULL;
    rocketmq_status status;
    if (!PyArg_ParseTuple(args, "L:start", &timeout_ms)) return NULL;
    Py_BEGIN_ALLOW_THREADS
    status = rocketmq_producer_start(of(self), timeout_ms, &error);
    Py_END_ALLOW_THREADS
    return none_or_raised(status, error);
}

static PyObject *producer_prepare_topic(PyObject *self, PyObject *args)
{
    const char *topic;
    long long timeout_ms;
    rocketmq_error *error = NULL;
    rocketmq_status status;
    if (!PyArg_ParseTuple(args, "sL:prepare_topic", &topic, &timeout_ms)) return NULL;
    Py_BEGIN_ALLOW_THREADS
    status = rocketmq_producer_prepare_topic(of(self), topic, timeout_ms, &error);
    Py_END_ALLOW_THREADS
    return none_or_raised(status, error);
}

static PyObject *producer_fetch_queues(PyObject *self, PyObject *args)
{
    const char *topic;
    long long timeout_ms;
    rocketmq_error *error = NULL;
    rocketmq_queue_list *list = NULL;
    rocketmq_status status;
    PyObject *queues, *queue;
    size_t index;
    if (!PyArg_ParseTuple(args, "sL:fetch_queues", &topic, &timeout_ms)) return NULL;
    Py_BEGIN_ALLOW_THREADS
    status = rocketmq_producer_fetch_queues(of(self), topic, timeout_ms, &list, &error);
    Py_END_ALLOW_THREADS
    if (status != ROCKETMQ_OK) return raised(status, error, NULL);
    queues = PyList_New(0);
    for (index = 0; queues && index < rocketmq_queue_list_size(list); index++) {
        queue = Py_BuildValue("(si)", rocketmq_queue_list_broker(list, index),
                              (int)rocketmq_queue_list_queue_id(list, index));
        if (!queue || PyList_Append(queues, queue) < 0) Py_CLEAR(queues);
        Py_XDECREF(queue);
    }
    rocketmq_queue_list_destroy(list);
    return queues;
}

static PyObject *producer_recall(PyObject *self, PyObject *args)
{
    const char *topic, *handle;
    char *id = NULL;
    long long timeout_ms;
    rocketmq_error *error = NULL;
    rocketmq_status status;
    PyObject *message_id;
    if (!PyArg_ParseTuple(args, "ssL:recall", &topic, &handle, &timeout_ms)) return NULL;
    Py_BEGIN_ALLOW_THREADS
    status = rocketmq_producer_recall(of(self), topic, handle, timeout_ms, &id, &error);
    Py_END_ALLOW_THREADS
    if (status != ROCKETMQ_OK) return raised(status, error, NULL);
    message_id = PyUnicode_FromString(id ? id : "");
    rocketmq_string_free(id);
    return message_id;
}

typedef rocketmq_status ending(rocketmq_producer *, int64_t, rocketmq_cq *, uint64_t, rocketmq_error **);

/* A flush or a shutdown. With a queue and a future it ends by an event; without, it is waited for and 0 or the status
 * returned. */
static PyObject *end_by(ending *end, PyObject *object, PyObject *args)
{
    Producer *self = (Producer *)object;
    PyObject *completions = NULL, *future = NULL;
    rocketmq_error *error = NULL;
    rocketmq_event event;
    rocketmq_status status;
    rocketmq_cq *cq;
    long long timeout_ms;
    uint64_t tag;
    if (!PyArg_ParseTuple(args, "L|O!O", &timeout_ms, completions_type, &completions, &future)) return NULL;
    if (future) {
        if (completions_expect((Completions *)completions, future, &tag) < 0) return NULL;
        status = end(self->producer, timeout_ms, ((Completions *)completions)->cq, tag, &error);
        if (status != ROCKETMQ_OK) completions_forget((Completions *)completions, tag);
        return none_or_raised(status, error);
    }
    cq = idle_queue(self);
    if (!cq) return NULL;
    status = end(self->producer, timeout_ms, cq, 0, &error);
    if (status != ROCKETMQ_OK) {
        keep_idle(self, cq);
        return raised(status, error, NULL);
    }
    if (wait_for_event(cq, &event) < 0) {
        rocketmq_cq_destroy(cq);
        return NULL;
    }
    keep_idle(self, cq);
    status = event.status;
    if (status != ROCKETMQ_OK && status != ROCKETMQ_ERR_CLOSED)
        raised(status, rocketmq_error_clone(rocketmq_event_error(&event)), NULL);
    rocketmq_event_release(&event, 1);
    return PyErr_Occurred() ? NULL : PyLong_FromLong(status);
}

static PyObject *producer_flush(PyObject *self, PyObject *args)
{
    return end_by(rocketmq_producer_flush_cq, self, args);
}

static PyObject *producer_shutdown(PyObject *self, PyObject *args)
{
    return end_by(rocketmq_producer_shutdown_cq, self, args);
}

static PyObject *producer_purge(PyObject *self, PyObject *args)
{
    unsigned what;
    if (!PyArg_ParseTuple(args, "I:purge", &what)) return NULL;
    return none_or_raised(rocketmq_producer_purge(of(self), what), NULL);
}

static PyObject *producer_update(PyObject *self, PyObject *args)
{
    const char *key, *value;
    rocketmq_error *error = NULL;
    rocketmq_status status;
    if (!PyArg_ParseTuple(args, "sz:update", &key, &value)) return NULL;
    status = rocketmq_producer_update(of(self), key, value, &error);
    return none_or_raised(status, error);
}

static PyObject *producer_stats_json(PyObject *self, PyObject *unused)
{
    char *json = NULL;
    rocketmq_error *error = NULL;
    rocketmq_status status = rocketmq_producer_stats_json(of(self), &json, &error);
    PyObject *text;
    (void)unused;
    if (status != ROCKETMQ_OK) return raised(status, error, NULL);
    text = PyUnicode_FromString(json);
    rocketmq_string_free(json);
    return text;
}

static PyObject *producer_state(PyObject *self, PyObject *unused)
{
    (void)unused;
    return PyLong_FromLong(rocketmq_producer_state(of(self)));
}

static PyObject *producer_client_id(PyObject *self, PyObject *unused)
{
    (void)unused;
    return PyUnicode_FromString(rocketmq_producer_client_id(of(self)));
}

static PyObject *producer_in_flight(PyObject *self, PyObject *unused)
{
    (void)unused;
    return PyLong_FromSize_t(rocketmq_producer_in_flight(of(self)));
}

static PyObject *producer_connected(PyObject *self, PyObject *unused)
{
    (void)unused;
    return PyLong_FromLong(rocketmq_producer_connected(of(self)));
}

static PyObject *producer_timeout_ms(PyObject *self, PyObject *unused)
{
    (void)unused;
    return PyLong_FromLongLong(((Producer *)self)->timeout_ms);
}

static PyMethodDef methods[] = {
    {"start", producer_start, METH_VARARGS, "start(timeout_ms)"},
    {"send", producer_send, METH_VARARGS, "send(messages, timeout_ms, queue, flags): a result, or None without room."},
    {"submit", producer_submit, METH_VARARGS,
     "submit(completions, future, messages, timeout_ms, queue, flags): True if it was accepted, False without room."},
    {"oneway", producer_oneway, METH_VARARGS, "oneway(message, timeout_ms, queue, flags)"},
    {"prepare_topic", producer_prepare_topic, METH_VARARGS, "prepare_topic(topic, timeout_ms)"},
    {"fetch_queues", producer_fetch_queues, METH_VARARGS, "fetch_queues(topic, timeout_ms): (broker, id) of each."},
    {"recall", producer_recall, METH_VARARGS, "recall(topic, handle, timeout_ms): the message's id."},
    {"flush", producer_flush, METH_VARARGS, "flush(timeout_ms[, completions, future])"},
    {"shutdown", producer_shutdown, METH_VARARGS, "shutdown(timeout_ms[, completions, future])"},
    {"purge", producer_purge, METH_VARARGS, "purge(what)"},
    {"update", producer_update, METH_VARARGS, "update(key, value)"},
    {"stats_json", producer_stats_json, METH_NOARGS, "stats_json()"},
    {"state", producer_state, METH_NOARGS, "state()"},
    {"client_id", producer_client_id, METH_NOARGS, "client_id()"},
    {"in_flight", producer_in_flight, METH_NOARGS, "in_flight()"},
    {"connected", producer_connected, METH_NOARGS, "connected()"},
    {"timeout_ms", producer_timeout_ms, METH_NOARGS, "timeout_ms(): of a send that is given none."},
    {NULL, NULL, 0, NULL},
};

static PyType_Slot slots[] = {
    {Py_tp_new, (void *)producer_new},
    {Py_tp_dealloc, (void *)producer_dealloc},
    {Py_tp_methods, methods},
    {0, NULL},
};

PyType_Spec producer_spec = {"rocketmq_producer._native.Producer", sizeof(Producer), 0, Py_TPFLAGS_DEFAULT, slots};
