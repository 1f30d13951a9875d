/* What the files of the extension share. It speaks CPython's limited API of 3.9, so that one build serves every later
 * version, and is a thin layer: it turns Python's objects into calls of rocketmq_producer.h and its ends into Python's
 * objects. */
#ifndef ROCKETMQ_PYTHON_NATIVE_H
#define ROCKETMQ_PYTHON_NATIVE_H

#define PY_SSIZE_T_CLEAN
#define Py_LIMITED_API 0x03090000
#include <Python.h>
#include <rocketmq_producer.h>

/* A message never changes once it is made, so that threads may share it. */
typedef struct {
    PyObject_HEAD
    rocketmq_message *message;
} Message;

/* A result is the event that brought it: nothing is copied until somebody asks. */
typedef struct {
    PyObject_HEAD
    rocketmq_event event;
} SendResult;

/* A completion queue and the futures whose ends come through it, by tag. */
typedef struct {
    PyObject_HEAD
    rocketmq_cq *cq;
    PyObject *pending;
    uint64_t tag;
} Completions;

enum { IDLE_MAX = 16 };

typedef struct {
    PyObject_HEAD
    rocketmq_producer *producer;
    /* "send.timeout.ms" */
    long long timeout_ms;
    /* Empty queues for calls that wait, each used by one call at a time. */
    rocketmq_cq *idle[IDLE_MAX];
    int idle_count;
} Producer;

extern PyTypeObject *message_type, *result_type, *completions_type, *producer_type;
extern PyType_Spec message_spec, result_spec, completions_spec, producer_spec;

/* error.c: an exception for a failure, which `error` tells of if there is one; the same raised, with NULL returned. */
int errors_set_up(PyObject *factory);
PyObject *exception_of(rocketmq_status status, const rocketmq_error *error, const char *what);
PyObject *raised(rocketmq_status status, rocketmq_error *error, const char *what);

/* The text of a str as UTF-8 in a new bytes object; TypeError names `what` otherwise. */
PyObject *utf8_of(PyObject *text, const char *what);

/* Empties `event`. NULL only without memory, and then `event` is as before. */
PyObject *result_from(rocketmq_event *event);
int results_set_up(PyObject *send_status);

/* Takes `future` in, for the event that has the tag which is written to `tag`. */
int completions_expect(Completions *self, PyObject *future, uint64_t *tag);
void completions_forget(Completions *self, uint64_t tag);

/* wait.c: calls of a producer that end by an event, waited for so that a signal's handler can end the wait. */
rocketmq_cq *idle_queue(Producer *self);
void keep_idle(Producer *self, rocketmq_cq *cq);
int wait_for_event(rocketmq_cq *cq, rocketmq_event *event);

/* send.c */
PyObject *producer_send(PyObject *self, PyObject *args);
PyObject *producer_submit(PyObject *self, PyObject *args);
PyObject *producer_oneway(PyObject *self, PyObject *args);

#endif
