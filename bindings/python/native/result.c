/* Where a message was stored. */
#include "native.h"
#include <string.h>

PyTypeObject *result_type;
static PyObject *send_status;

int results_set_up(PyObject *status)
{
    Py_INCREF(status);
    Py_XDECREF(send_status);
    send_status = status;
    return 0;
}

PyObject *result_from(rocketmq_event *event)
{
    allocfunc allocate = (allocfunc)PyType_GetSlot(result_type, Py_tp_alloc);
    SendResult *self = (SendResult *)allocate(result_type, 0);
    if (!self) return NULL;
    self->event = *event;
    event->detail = 0;
    return (PyObject *)self;
}

static const rocketmq_send_result *of(PyObject *self)
{
    return rocketmq_event_result(&((SendResult *)self)->event);
}

static void result_dealloc(PyObject *self)
{
    PyTypeObject *type = Py_TYPE(self);
    freefunc release = (freefunc)PyType_GetSlot(type, Py_tp_free);
    rocketmq_event_release(&((SendResult *)self)->event, 1);
    release(self);
    Py_DECREF(type);
}

static PyObject *result_status(PyObject *self, void *unused)
{
    (void)unused;
    return PyObject_CallFunction(send_status, "i", (int)((SendResult *)self)->event.code);
}

/* What of a result is text: the getter's closure is the function that has it. */
typedef const char *text_of(const rocketmq_send_result *result);
struct text {
    text_of *get;
};
static struct text message_id = {rocketmq_send_result_message_id};
static struct text offset_id = {rocketmq_send_result_offset_id};
static struct text topic = {rocketmq_send_result_topic};
static struct text broker = {rocketmq_send_result_broker};
static struct text transaction_id = {rocketmq_send_result_transaction_id};
static struct text recall_handle = {rocketmq_send_result_recall_handle};

static PyObject *result_text(PyObject *self, void *closure)
{
    return PyUnicode_FromString(((struct text *)closure)->get(of(self)));
}

static PyObject *result_message_ids(PyObject *self, void *unused)
{
    const rocketmq_send_result *result = of(self);
    size_t index, count = rocketmq_send_result_count(result);
    PyObject *ids = PyList_New((Py_ssize_t)count);
    (void)unused;
    for (index = 0; ids && index < count; index++) {
        PyObject *id = PyUnicode_FromString(rocketmq_send_result_message_id_at(result, index));
        if (!id) Py_CLEAR(ids);
        else PyList_SetItem(ids, (Py_ssize_t)index, id);
    }
    return ids;
}

static PyObject *result_queue_id(PyObject *self, void *unused)
{
    (void)unused;
    return PyLong_FromLong(((SendResult *)self)->event.queue_id);
}

static PyObject *result_queue_offset(PyObject *self, void *unused)
{
    (void)unused;
    return PyLong_FromLongLong(((SendResult *)self)->event.queue_offset);
}

static PyObject *result_attempts(PyObject *self, void *unused)
{
    (void)unused;
    return PyLong_FromLong(rocketmq_send_result_attempts(of(self)));
}

static PyObject *result_latency_us(PyObject *self, void *unused)
{
    (void)unused;
    return PyLong_FromLongLong(rocketmq_send_result_latency_us(of(self)));
}

static PyObject *result_repr(PyObject *self)
{
    const rocketmq_send_result *result = of(self);
    return PyUnicode_FromFormat("<SendResult %s to %s, queue %s/%i, offset %lli>",
                                rocketmq_send_result_message_id(result), rocketmq_send_result_topic(result),
                                rocketmq_send_result_broker(result), (int)rocketmq_send_result_queue_id(result),
                                (long long)rocketmq_send_result_queue_offset(result));
}

static PyGetSetDef getters[] = {
    {"status", result_status, NULL, "How well the message was stored: a SendStatus.", NULL},
    {"message_id", result_text, NULL, "The id that the message was sent with; of a batch the first one's.",
     &message_id},
    {"message_ids", result_message_ids, NULL, "The id of each message that the result stands for.", NULL},
    {"topic", result_text, NULL, "The topic.", &topic},
    {"broker", result_text, NULL, "The name of the broker that stored it.", &broker},
    {"queue_id", result_queue_id, NULL, "The queue on that broker, from 0.", NULL},
    {"queue_offset", result_queue_offset, NULL, "The place in the queue; of a batch the first one's.", NULL},
    {"offset_id", result_text, NULL, "The id by which the broker finds the message in its log.", &offset_id},
    {"transaction_id", result_text, NULL, "The transaction id that 5.x brokers answer with, or ''.", &transaction_id},
    {"recall_handle", result_text, NULL, "What recall() takes a message with a timer back with, or ''.",
     &recall_handle},
    {"attempts", result_attempts, NULL, "Tries made: 1 without a retry.", NULL},
    {"latency_us", result_latency_us, NULL, "Microseconds from the call to the answer, all tries included.", NULL},
    {NULL, NULL, NULL, NULL, NULL},
};

/* Made by sends only. */
static PyObject *result_new(PyTypeObject *type, PyObject *args, PyObject *keywords)
{
    (void)args, (void)keywords;
    PyErr_Format(PyExc_TypeError, "%R is made by sends only", (PyObject *)type);
    return NULL;
}

static PyType_Slot slots[] = {
    {Py_tp_new, (void *)result_new},
    {Py_tp_dealloc, (void *)result_dealloc},
    {Py_tp_repr, (void *)result_repr},
    {Py_tp_getset, getters},
    {Py_tp_doc, (void *)"Where a message, or a batch, was stored."},
    {0, NULL},
};

PyType_Spec result_spec = {"rocketmq_producer.SendResult", sizeof(SendResult), 0, Py_TPFLAGS_DEFAULT, slots};
