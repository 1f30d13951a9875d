/* Sends: one message or a batch, waited for, settled by a future, or one-way. */
#include "native.h"

/* Below the default of "compress.min.bytes". */
enum { SMALL_BODY_BYTES = 4000 };

/* What all sends are given: a message or several, a limit, a queue or None, flags. */
struct call {
    /* It may take a while, waiting or compressing: other threads of Python are to run meanwhile. */
    int is_long;
    rocketmq_message **messages;
    rocketmq_message *one;
    size_t count;
    /* Holds the messages of a batch while the interpreter's lock is released. */
    PyObject *batch;
    const rocketmq_send_options *options;
    rocketmq_send_options *own;
};

static void call_close(struct call *call)
{
    rocketmq_send_options_destroy(call->own);
    if (call->batch) PyMem_Free(call->messages);
    Py_XDECREF(call->batch);
}

static rocketmq_message *message_in(PyObject *object)
{
    if (Py_TYPE(object) == message_type) return ((Message *)object)->message;
    PyErr_Format(PyExc_TypeError, "a message must be a Message, not %R", (PyObject *)Py_TYPE(object));
    return NULL;
}

static int set_messages(struct call *call, PyObject *messages)
{
    Py_ssize_t index, count;
    if (Py_TYPE(messages) == message_type) {
        call->one = ((Message *)messages)->message;
        call->messages = &call->one;
        call->count = 1;
        return 0;
    }
    if (!PyTuple_Check(messages)) return message_in(messages) ? 0 : -1;
    count = PyTuple_Size(messages);
    if (count == 0) {
        PyErr_SetString(PyExc_ValueError, "a batch needs a message");
        return -1;
    }
    call->messages = PyMem_Malloc((size_t)count * sizeof *call->messages);
    if (!call->messages) return PyErr_NoMemory(), -1;
    Py_INCREF(messages);
    call->batch = messages;
    call->count = (size_t)count;
    for (index = 0; index < count; index++)
        if (!(call->messages[index] = message_in(PyTuple_GetItem(messages, index)))) return -1;
    return 0;
}

static int set_queue(rocketmq_send_options *options, PyObject *queue)
{
    PyObject *broker = PySequence_GetItem(queue, 0), *text = NULL, *id;
    rocketmq_status status = ROCKETMQ_ERR_INVALID_ARGUMENT;
    long number;
    if (!broker) return -1;
    id = PySequence_GetItem(queue, 1);
    number = id ? PyLong_AsLong(id) : -1;
    if (!PyErr_Occurred()) text = utf8_of(broker, "a queue's broker");
    Py_XDECREF(id);
    Py_DECREF(broker);
    if (!text) return -1;
    if (number >= 0 && number <= INT32_MAX)
        status = rocketmq_send_options_set_queue(options, PyBytes_AsString(text), (int32_t)number);
    Py_DECREF(text);
    if (status != ROCKETMQ_OK) raised(status, NULL, "queue");
    return status == ROCKETMQ_OK ? 0 : -1;
}

static int set_options(struct call *call, long long timeout_ms, PyObject *queue, unsigned flags)
{
    /* What most sends are given, made once. It is plain memory, and good after a fork too. */
    static rocketmq_send_options *plain[4];
    rocketmq_status status;
    const char *what = "flags";
    if (timeout_ms == ROCKETMQ_WAIT_DEFAULT && queue == Py_None && flags < 4) {
        if (!plain[flags]) {
            plain[flags] = rocketmq_send_options_create();
            (void)rocketmq_send_options_set_flags(plain[flags], flags);
        }
        call->options = plain[flags];
        return 0;
    }
    call->options = call->own = rocketmq_send_options_create();
    status = rocketmq_send_options_set_flags(call->own, flags);
    if (status == ROCKETMQ_OK) what = "timeout", status = rocketmq_send_options_set_timeout_ms(call->own, timeout_ms);
    if (status != ROCKETMQ_OK) {
        raised(status, NULL, what);
        return -1;
    }
    return queue == Py_None ? 0 : set_queue(call->own, queue);
}

static int call_open(struct call *call, PyObject *messages, long long timeout_ms, PyObject *queue, unsigned flags)
{
    size_t body = 0;
    call->batch = NULL, call->own = NULL;
    if (set_messages(call, messages) < 0 || set_options(call, timeout_ms, queue, flags) < 0) {
        call_close(call);
        return -1;
    }
    if (!call->batch) (void)rocketmq_message_body(call->one, &body);
    call->is_long = call->batch || body > SMALL_BODY_BYTES || flags & ROCKETMQ_SEND_BLOCK;
    return 0;
}

static rocketmq_status accepted(Producer *self, const struct call *call, rocketmq_cq *cq, uint64_t tag,
                                rocketmq_error **error)
{
    if (call->batch)
        return rocketmq_producer_send_batch_cq(self->producer, call->messages, call->count, call->options, cq, tag,
                                               error);
    return rocketmq_producer_send_cq(self->producer, call->one, call->options, cq, tag, error);
}

/* Limits that pass are no exception but `full`, since who asked will ask again. */
static PyObject *full_or_raised(PyObject *full, rocketmq_status status, rocketmq_error *error)
{
    if (status != ROCKETMQ_ERR_QUEUE_FULL && status != ROCKETMQ_ERR_COMPLETION_FULL) return raised(status, error, NULL);
    rocketmq_error_destroy(error);
    Py_INCREF(full);
    return full;
}

PyObject *producer_submit(PyObject *object, PyObject *args)
{
    Producer *self = (Producer *)object;
    PyObject *completions, *future, *messages, *queue;
    rocketmq_error *error = NULL;
    rocketmq_status status;
    struct call call;
    long long timeout_ms;
    unsigned flags;
    uint64_t tag;

    if (!PyArg_ParseTuple(args, "O!OOLOI:submit", completions_type, &completions, &future, &messages, &timeout_ms,
                          &queue, &flags)
        || call_open(&call, messages, timeout_ms, queue, flags) < 0)
        return NULL;
    if (completions_expect((Completions *)completions, future, &tag) < 0) {
        call_close(&call);
        return NULL;
    }
    if (call.is_long) {
        Py_BEGIN_ALLOW_THREADS
        status = accepted(self, &call, ((Completions *)completions)->cq, tag, &error);
        Py_END_ALLOW_THREADS
    } else { /* to let go of the lock would cost more than the call */
        status = accepted(self, &call, ((Completions *)completions)->cq, tag, &error);
    }
    call_close(&call);
    if (status == ROCKETMQ_OK) Py_RETURN_TRUE;
    completions_forget((Completions *)completions, tag);
    return full_or_raised(Py_False, status, error);
}

PyObject *producer_send(PyObject *object, PyObject *args)
{
    Producer *self = (Producer *)object;
    PyObject *messages, *queue, *result = NULL;
    rocketmq_error *error = NULL;
    rocketmq_event event;
    rocketmq_status status;
    rocketmq_cq *cq;
    struct call call;
    long long timeout_ms;
    unsigned flags;

    if (!PyArg_ParseTuple(args, "OLOI:send", &messages, &timeout_ms, &queue, &flags)
        || call_open(&call, messages, timeout_ms, queue, flags | ROCKETMQ_SEND_BLOCK) < 0)
        return NULL;
    cq = idle_queue(self);
    if (!cq) {
        call_close(&call);
        return NULL;
    }
    Py_BEGIN_ALLOW_THREADS
    status = accepted(self, &call, cq, 0, &error);
    Py_END_ALLOW_THREADS
    call_close(&call);
    if (status != ROCKETMQ_OK) {
        keep_idle(self, cq);
        return full_or_raised(Py_None, status, error);
    }
    if (wait_for_event(cq, &event) < 0) {
        rocketmq_cq_destroy(cq);
        return NULL;
    }
    keep_idle(self, cq);
    if (event.status == ROCKETMQ_OK) {
        result = result_from(&event);
    } else {
        PyObject *exception = exception_of(event.status, rocketmq_event_error(&event), NULL);
        if (exception) PyErr_SetObject((PyObject *)Py_TYPE(exception), exception);
        Py_XDECREF(exception);
    }
    rocketmq_event_release(&event, 1);
    return result;
}

PyObject *producer_oneway(PyObject *object, PyObject *args)
{
    Producer *self = (Producer *)object;
    PyObject *message, *queue;
    rocketmq_error *error = NULL;
    rocketmq_status status;
    struct call call;
    long long timeout_ms;
    unsigned flags;

    if (!PyArg_ParseTuple(args, "O!LOI:oneway", message_type, &message, &timeout_ms, &queue, &flags)
        || call_open(&call, message, timeout_ms, queue, flags) < 0)
        return NULL;
    if (call.is_long) {
        Py_BEGIN_ALLOW_THREADS
        status = rocketmq_producer_send_oneway(self->producer, call.one, call.options, &error);
        Py_END_ALLOW_THREADS
    } else {
        status = rocketmq_producer_send_oneway(self->producer, call.one, call.options, &error);
    }
    call_close(&call);
    if (status != ROCKETMQ_OK) return raised(status, error, NULL);
    Py_RETURN_NONE;
}
