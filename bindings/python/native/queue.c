/* Ends of asynchronous calls: events become results and exceptions, and settle the futures that wait for them. */
#include "native.h"
#include <time.h>

PyTypeObject *completions_type;

/* Events taken out by one call at most. In a loop, which each call holds up, they go in portions until this time is over,
 * since some take longer than others: the descriptor stays readable while events are left. What waits for the futures
 * runs in the next turn. */
enum { AT_ONCE = 256, PORTION = 64, PORTIONS_NS = 1000 * 1000 };

int completions_expect(Completions *self, PyObject *future, uint64_t *tag)
{
    PyObject *key = PyLong_FromUnsignedLongLong(++self->tag);
    int failed = !key || PyDict_SetItem(self->pending, key, future) < 0 ? -1 : 0;
    Py_XDECREF(key);
    *tag = self->tag;
    return failed;
}

/* The future of a tag, which nobody waits for from here on; NULL if there is none. */
static PyObject *taken(Completions *self, uint64_t tag)
{
    PyObject *key = PyLong_FromUnsignedLongLong(tag), *future = NULL;
    if (!key) return NULL;
    future = PyDict_GetItemWithError(self->pending, key);
    Py_XINCREF(future);
    if (future && PyDict_DelItem(self->pending, key) < 0) PyErr_Clear();
    Py_DECREF(key);
    return future;
}

void completions_forget(Completions *self, uint64_t tag)
{
    PyObject *future = taken(self, tag);
    Py_XDECREF(future);
    PyErr_Clear();
}

/* Whether the future refused its end because it was cancelled meanwhile: then the caller is gone, and so is the end.
 * Who waits for a set of concurrent.futures, a cancelled one among them, waits for its notice. */
static int was_cancelled(PyObject *future)
{
    PyObject *type, *value, *trace, *answer;
    int cancelled;
    PyErr_Fetch(&type, &value, &trace);
    answer = PyObject_CallMethod(future, "cancelled", NULL);
    cancelled = answer ? PyObject_IsTrue(answer) : 0;
    Py_XDECREF(answer);
    if (cancelled > 0 && PyObject_HasAttrString(future, "set_running_or_notify_cancel")) {
        answer = PyObject_CallMethod(future, "set_running_or_notify_cancel", NULL);
        Py_XDECREF(answer);
    }
    PyErr_Clear();
    PyErr_Restore(type, value, trace);
    return cancelled > 0;
}

/* What the event tells, and by which method its future takes it. */
static PyObject *end_of(rocketmq_event *event, const char **method)
{
    *method = "set_result";
    /* A shutdown that had to cut sends off has done what it was asked for. */
    if (event->kind == ROCKETMQ_EVENT_CLOSED && (event->status == ROCKETMQ_OK || event->status == ROCKETMQ_ERR_CLOSED))
        return PyBool_FromLong(event->status == ROCKETMQ_OK);
    if (event->status != ROCKETMQ_OK) {
        *method = "set_exception";
        return exception_of(event->status, rocketmq_event_error(event), NULL);
    }
    if (event->kind == ROCKETMQ_EVENT_SEND) return result_from(event);
    Py_INCREF(Py_None);
    return Py_None;
}

static void settle_one(Completions *self, rocketmq_event *event)
{
    PyObject *future = taken(self, event->tag), *end, *answer;
    const char *method;
    if (!future) {
        PyErr_Clear();
        return;
    }
    end = end_of(event, &method);
    if (!end) { /* no memory: the future ends all the same */
        PyErr_Clear();
        method = "set_exception";
        end = PyExc_MemoryError;
        Py_INCREF(end);
    }
    answer = PyObject_CallMethod(future, method, "(O)", end);
    if (!answer) {
        if (was_cancelled(future)) PyErr_Clear();
        else PyErr_WriteUnraisable(future);
    }
    Py_XDECREF(answer);
    Py_DECREF(end);
    Py_DECREF(future);
}

static int32_t polled(Completions *self, rocketmq_event *events, int32_t max, long long timeout_ms)
{
    int32_t count;
    if (timeout_ms == 0) return rocketmq_cq_poll(self->cq, events, max, 0);
    Py_BEGIN_ALLOW_THREADS
    count = rocketmq_cq_poll(self->cq, events, max, timeout_ms);
    Py_END_ALLOW_THREADS
    return count;
}

static int64_t now_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

static PyObject *completions_settle(PyObject *object, PyObject *args)
{
    Completions *self = (Completions *)object;
    rocketmq_event events[AT_ONCE];
    long long timeout_ms;
    int64_t begun;
    int32_t portion, count, index, settled = 0;
    if (!PyArg_ParseTuple(args, "L:settle", &timeout_ms)) return NULL;
    portion = timeout_ms == 0 ? PORTION : AT_ONCE; /* who waits is a thread of its own, and holds nobody up */
    count = polled(self, events, portion, timeout_ms);
    if (count < 0) return PyLong_FromLong(count);
    begun = now_ns();
    for (;;) {
        for (index = 0; index < count; index++) settle_one(self, &events[index]);
        rocketmq_event_release(events, count);
        settled += count;
        if (count < portion || settled == AT_ONCE || now_ns() - begun >= PORTIONS_NS) return PyLong_FromLong(settled);
        count = polled(self, events, portion, 0);
        if (count < 0) return PyLong_FromLong(settled);
    }
}

static PyObject *completions_lines(PyObject *object, PyObject *args)
{
    Completions *self = (Completions *)object;
    rocketmq_event events[AT_ONCE];
    PyObject *lines, *line;
    long long timeout_ms;
    int32_t count, index;
    if (!PyArg_ParseTuple(args, "L:lines", &timeout_ms)) return NULL;
    count = polled(self, events, AT_ONCE, timeout_ms);
    if (count < 0) Py_RETURN_NONE;
    lines = PyList_New(0);
    for (index = 0; lines && index < count; index++) {
        const char *text = rocketmq_event_text(&events[index], NULL);
        if (!text) continue;
        line = Py_BuildValue("(is)", (int)events[index].code, text);
        if (!line || PyList_Append(lines, line) < 0) Py_CLEAR(lines);
        Py_XDECREF(line);
    }
    rocketmq_event_release(events, count);
    return lines;
}

static PyObject *completions_interrupt(PyObject *self, PyObject *unused)
{
    (void)unused;
    rocketmq_cq_interrupt(((Completions *)self)->cq);
    Py_RETURN_NONE;
}

static PyObject *completions_descriptor(PyObject *self, PyObject *unused)
{
    int32_t descriptor = rocketmq_cq_dup_fd(((Completions *)self)->cq);
    (void)unused;
    if (descriptor < 0) return raised(ROCKETMQ_ERR_SYSTEM, NULL, "the descriptor of a completion queue");
    return PyLong_FromLong(descriptor);
}

static PyObject *completions_take_log(PyObject *self, PyObject *args)
{
    int level;
    rocketmq_status status;
    if (!PyArg_ParseTuple(args, "i:take_log", &level)) return NULL;
    status = rocketmq_log_set_cq(level, ((Completions *)self)->cq, 0);
    if (status != ROCKETMQ_OK) return raised(status, NULL, NULL);
    Py_RETURN_NONE;
}

static Py_ssize_t completions_length(PyObject *self)
{
    return PyDict_Size(((Completions *)self)->pending);
}

static PyObject *completions_new(PyTypeObject *type, PyObject *args, PyObject *keywords)
{
    allocfunc allocate = (allocfunc)PyType_GetSlot(type, Py_tp_alloc);
    rocketmq_error *error = NULL;
    Completions *self;
    rocketmq_status status;
    (void)args, (void)keywords;
    self = (Completions *)allocate(type, 0);
    if (!self) return NULL;
    self->pending = PyDict_New();
    status = self->pending ? rocketmq_cq_create(&self->cq, &error) : ROCKETMQ_ERR_SYSTEM;
    if (status == ROCKETMQ_OK) return (PyObject *)self;
    if (self->pending) raised(status, error, NULL);
    Py_DECREF(self);
    return NULL;
}

static int completions_traverse(PyObject *self, visitproc visit, void *arg)
{
    Py_VISIT(Py_TYPE(self));
    Py_VISIT(((Completions *)self)->pending);
    return 0;
}

static int completions_clear(PyObject *self)
{
    PyObject *pending = ((Completions *)self)->pending;
    /* Ends may still come in while garbage is torn down: they find no future then. */
    if (pending) PyDict_Clear(pending);
    return 0;
}

static void completions_dealloc(PyObject *object)
{
    Completions *self = (Completions *)object;
    PyTypeObject *type = Py_TYPE(object);
    freefunc release = (freefunc)PyType_GetSlot(type, Py_tp_free);
    PyObject_GC_UnTrack(object);
    rocketmq_cq_destroy(self->cq);
    Py_XDECREF(self->pending);
    release(object);
    Py_DECREF(type);
}

static PyMethodDef methods[] = {
    {"settle", completions_settle, METH_VARARGS,
     "settle(timeout_ms): takes events out, as many as are quickly done, and settles their futures; how many."},
    {"lines", completions_lines, METH_VARARGS,
     "lines(timeout_ms): takes log lines out, (level, text) each; None at the end."},
    {"interrupt", completions_interrupt, METH_NOARGS, "Ends a wait in settle() or lines(), or the next one."},
    {"descriptor", completions_descriptor, METH_NOARGS, "A new descriptor, readable while events wait."},
    {"take_log", completions_take_log, METH_VARARGS, "take_log(level): log lines come here from now on."},
    {NULL, NULL, 0, NULL},
};

static PyType_Slot slots[] = {
    {Py_tp_new, (void *)completions_new},
    {Py_tp_dealloc, (void *)completions_dealloc},
    {Py_tp_traverse, (void *)completions_traverse},
    {Py_tp_clear, (void *)completions_clear},
    {Py_mp_length, (void *)completions_length},
    {Py_tp_methods, methods},
    {0, NULL},
};

PyType_Spec completions_spec = {"rocketmq_producer._native.Completions", sizeof(Completions), 0,
                                Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC, slots};
