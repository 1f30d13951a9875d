/* The module: its types, and the check that the library inside is the one that the header was of. */
#include "native.h"

/* The frozen layout, held here as well: a compiler that laid it out otherwise would be told. */
_Static_assert(sizeof(rocketmq_event) == 64, "an event has 64 bytes");

static PyObject *fits(uint32_t header, uint32_t library)
{
    /* Below 1.0 minor versions may differ in what exists. */
    unsigned shift = header >> 16 ? 16 : 8;
    if (header >> shift == library >> shift) Py_RETURN_NONE;
    PyErr_Format(PyExc_ImportError,
                 "rocketmq_producer was made for version %u.%u of its library, and the one inside is %u.%u",
                 header >> 16, header >> 8 & 255, library >> 16, library >> 8 & 255);
    return NULL;
}

static PyObject *native_check_version(PyObject *module, PyObject *args)
{
    unsigned header, library;
    (void)module;
    if (!PyArg_ParseTuple(args, "II:check_version", &header, &library)) return NULL;
    return fits(header, library);
}

static PyObject *native_set_up(PyObject *module, PyObject *args)
{
    PyObject *make_error, *send_status;
    (void)module;
    if (!PyArg_ParseTuple(args, "OO:set_up", &make_error, &send_status)) return NULL;
    errors_set_up(make_error);
    results_set_up(send_status);
    Py_RETURN_NONE;
}

static PyObject *native_statuses(PyObject *module, PyObject *unused)
{
    PyObject *statuses = PyDict_New(), *number;
    size_t index;
    rocketmq_status status;
    (void)module, (void)unused;
    for (index = 0; statuses && (status = rocketmq_status_at(index)) <= 0; index++) {
        number = PyLong_FromLong(status);
        if (!number || PyDict_SetItemString(statuses, rocketmq_status_name(status), number) < 0) Py_CLEAR(statuses);
        Py_XDECREF(number);
    }
    return statuses;
}

static PyMethodDef functions[] = {
    {"check_version", native_check_version, METH_VARARGS,
     "check_version(header, library): ImportError unless they fit."},
    {"set_up", native_set_up, METH_VARARGS,
     "set_up(make_error, SendStatus): Python's part of what the extension makes."},
    {"statuses", native_statuses, METH_NOARGS, "Number of every status by its name in C."},
    {NULL, NULL, 0, NULL},
};

static struct PyModuleDef definition = {
    PyModuleDef_HEAD_INIT, "rocketmq_producer._native", NULL, -1, functions, NULL, NULL, NULL, NULL};

static int add_type(PyObject *module, PyType_Spec *spec, PyTypeObject **type, const char *name)
{
    *type = (PyTypeObject *)PyType_FromSpec(spec);
    if (!*type) return -1;
    Py_INCREF(*type); /* the module takes one reference, this file's pointer keeps the other */
    return PyModule_AddObject(module, name, (PyObject *)*type);
}

PyMODINIT_FUNC PyInit__native(void)
{
    PyObject *module, *checked = fits(ROCKETMQ_VERSION_NUMBER, rocketmq_version_number());
    if (!checked) return NULL;
    Py_DECREF(checked);
    module = PyModule_Create(&definition);
    if (module
        && (add_type(module, &message_spec, &message_type, "Message") < 0
            || add_type(module, &result_spec, &result_type, "SendResult") < 0
            || add_type(module, &completions_spec, &completions_type, "Completions") < 0
            || add_type(module, &producer_spec, &producer_type, "Producer") < 0
            || PyModule_AddStringConstant(module, "library_version", rocketmq_version_string()) < 0
            || PyModule_AddStringConstant(module, "library_build", rocketmq_build_info()) < 0))
        Py_CLEAR(module);
    return module;
}
