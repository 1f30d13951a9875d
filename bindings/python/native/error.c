/* Failures as exceptions. Their classes are Python's, in _errors.py: here is only what they are made from. */
#include "native.h"

static PyObject *make_error;

int errors_set_up(PyObject *factory)
{
    Py_INCREF(factory);
    Py_XDECREF(make_error);
    make_error = factory;
    return 0;
}

PyObject *exception_of(rocketmq_status status, const rocketmq_error *error, const char *what)
{
    const char *message = error ? rocketmq_error_message(error) : rocketmq_status_str(status);
    /* An error object of a call that was given nothing to say is never seen; a status alone concerned no message. */
    int32_t outcome = error ? rocketmq_error_outcome(error) : ROCKETMQ_OUTCOME_NOT_SENT;

    if (!make_error) {
        PyErr_SetString(PyExc_SystemError, "the extension is not set up");
        return NULL;
    }
    return PyObject_CallFunction(make_error, "iszsiiisssi", (int)status, rocketmq_status_name(status), what, message,
                                 (int)outcome, (int)rocketmq_error_is_retriable(error),
                                 (int)rocketmq_error_broker_code(error), rocketmq_error_broker_remark(error),
                                 rocketmq_error_broker(error), rocketmq_error_message_id(error),
                                 (int)rocketmq_error_attempts(error));
}

PyObject *raised(rocketmq_status status, rocketmq_error *error, const char *what)
{
    PyObject *exception = exception_of(status, error, what);
    rocketmq_error_destroy(error);
    if (exception) {
        PyErr_SetObject((PyObject *)Py_TYPE(exception), exception);
        Py_DECREF(exception);
    }
    return NULL;
}

PyObject *utf8_of(PyObject *text, const char *what)
{
    if (!PyUnicode_Check(text)) {
        PyErr_Format(PyExc_TypeError, "%s must be str, not %R", what, (PyObject *)Py_TYPE(text));
        return NULL;
    }
    return PyUnicode_AsUTF8String(text);
}
