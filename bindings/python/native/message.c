/* Messages: made whole by their constructor, only read from then on. */
#include "native.h"
#include <string.h>

PyTypeObject *message_type;

/* Any object that shows its bytes, as bytes. Not str, whose encoding is for the application to say. */
static PyObject *bytes_of(PyObject *body)
{
    PyObject *view, *bytes;
    if (PyBytes_Check(body)) {
        Py_INCREF(body);
        return body;
    }
    view = PyMemoryView_FromObject(body);
    if (!view) {
        PyErr_Format(PyExc_TypeError, "body must be bytes or another object with a buffer, not %R",
                     (PyObject *)Py_TYPE(body));
        return NULL;
    }
    bytes = PyBytes_FromObject(view);
    Py_DECREF(view);
    return bytes;
}

/* Several keys are one text with blanks between. */
static PyObject *keys_of(PyObject *keys)
{
    PyObject *blank, *joined, *text;
    if (PyUnicode_Check(keys)) return utf8_of(keys, "keys");
    blank = PyUnicode_FromString(" ");
    joined = blank ? PyUnicode_Join(blank, keys) : NULL;
    Py_XDECREF(blank);
    if (!joined) return NULL;
    text = utf8_of(joined, "keys");
    Py_DECREF(joined);
    return text;
}

static rocketmq_message *built(PyObject *topic, PyObject *body, PyObject *tags, PyObject *keys)
{
    rocketmq_message *message = NULL;
    rocketmq_error *error = NULL;
    char *texts[3] = {NULL, NULL, NULL}, *data;
    Py_ssize_t sizes[3] = {0, 0, 0}, size;
    PyObject *objects[3];
    int index;
    rocketmq_status status;

    objects[0] = topic, objects[1] = tags, objects[2] = keys;
    for (index = 0; index < 3; index++)
        if (objects[index] && PyBytes_AsStringAndSize(objects[index], &texts[index], &sizes[index]) < 0) return NULL;
    if (PyBytes_AsStringAndSize(body, &data, &size) < 0) return NULL;
    status = rocketmq_message_build(texts[0], (size_t)sizes[0], texts[1], (size_t)sizes[1], texts[2], (size_t)sizes[2],
                                    data, (size_t)size, &message, &error);
    if (status != ROCKETMQ_OK) raised(status, error, NULL);
    return message;
}

/* A text that the library takes with a NUL at its end, and so without one inside. */
static int set_text(rocketmq_message *message, rocketmq_status (*set)(rocketmq_message *, const char *),
                    PyObject *value, const char *what)
{
    PyObject *text;
    rocketmq_status status = ROCKETMQ_ERR_INVALID_PROPERTY;
    if (value == Py_None) return 0;
    text = utf8_of(value, what);
    if (!text) return -1;
    if (strlen(PyBytes_AsString(text)) == (size_t)PyBytes_Size(text)) status = set(message, PyBytes_AsString(text));
    Py_DECREF(text);
    if (status != ROCKETMQ_OK) raised(status, NULL, what);
    return status == ROCKETMQ_OK ? 0 : -1;
}

static int set_property(rocketmq_message *message, PyObject *name, PyObject *value)
{
    PyObject *key = utf8_of(name, "a property's name"), *text = key ? utf8_of(value, "a property's value") : NULL;
    rocketmq_status status = ROCKETMQ_ERR_INVALID_PROPERTY;
    char what[128];
    int failed = -1;
    if (text) {
        const char *key_text = PyBytes_AsString(key), *value_text = PyBytes_AsString(text);
        if (strlen(key_text) == (size_t)PyBytes_Size(key) && strlen(value_text) == (size_t)PyBytes_Size(text))
            status = rocketmq_message_set_property(message, key_text, value_text);
        if (status == ROCKETMQ_OK) {
            failed = 0;
        } else {
            PyObject *shown = PyUnicode_FromFormat("property %.40R", name), *bytes;
            bytes = shown ? PyUnicode_AsEncodedString(shown, "utf-8", "backslashreplace") : NULL;
            PyErr_Clear();
            snprintf(what, sizeof what, "%.100s", bytes ? PyBytes_AsString(bytes) : "a property");
            Py_XDECREF(bytes);
            Py_XDECREF(shown);
            raised(status, NULL, what);
        }
    }
    Py_XDECREF(key);
    Py_XDECREF(text);
    return failed;
}

static int set_properties(rocketmq_message *message, PyObject *properties)
{
    PyObject *items, *item;
    Py_ssize_t index, count;
    int failed = 0;
    if (properties == Py_None) return 0;
    items = PyMapping_Items(properties);
    if (!items) return -1;
    count = PyList_Size(items);
    for (index = 0; index < count && !failed; index++) {
        item = PyList_GetItem(items, index);
        failed = !PyTuple_Check(item) || PyTuple_Size(item) != 2
                     ? (PyErr_SetString(PyExc_TypeError, "properties must be a mapping"), -1)
                     : set_property(message, PyTuple_GetItem(item, 0), PyTuple_GetItem(item, 1));
    }
    Py_DECREF(items);
    return failed;
}

struct extras {
    PyObject *properties, *sharding_key;
    PyObject *delay_level, *delay_ms, *deliver_at_ms;
    int flag, wait_store;
};

static int number_of(PyObject *value, long long *number)
{
    *number = PyLong_AsLongLong(value);
    return *number == -1 && PyErr_Occurred() ? -1 : 0;
}

/* At most one of the three; which of them would count is not for a reader to guess. */
static int set_delay(rocketmq_message *message, const struct extras *extras)
{
    rocketmq_status status = ROCKETMQ_OK;
    const char *what = "delay_level";
    long long number;
    int given = (extras->delay_level != Py_None) + (extras->delay_ms != Py_None) + (extras->deliver_at_ms != Py_None);
    if (given > 1) {
        PyErr_SetString(PyExc_ValueError, "only one of delay_level, delay_ms and deliver_at_ms can be given");
        return -1;
    }
    if (extras->delay_level != Py_None) {
        if (number_of(extras->delay_level, &number) < 0) return -1;
        status = number < INT32_MIN || number > INT32_MAX ? ROCKETMQ_ERR_INVALID_ARGUMENT
                                                          : rocketmq_message_set_delay_level(message, (int32_t)number);
    } else if (extras->delay_ms != Py_None) {
        if (number_of(extras->delay_ms, &number) < 0) return -1;
        what = "delay_ms";
        status = rocketmq_message_set_delay_ms(message, number);
    } else if (extras->deliver_at_ms != Py_None) {
        if (number_of(extras->deliver_at_ms, &number) < 0) return -1;
        what = "deliver_at_ms";
        status = rocketmq_message_set_deliver_at_ms(message, number);
    }
    if (status != ROCKETMQ_OK) raised(status, NULL, what);
    return status == ROCKETMQ_OK ? 0 : -1;
}

static int set_extras(rocketmq_message *message, const struct extras *extras)
{
    rocketmq_status status = ROCKETMQ_OK;
    if (set_properties(message, extras->properties) < 0) return -1;
    if (set_text(message, rocketmq_message_set_sharding_key, extras->sharding_key, "sharding_key") < 0) return -1;
    if (set_delay(message, extras) < 0) return -1;
    if (extras->flag) status = rocketmq_message_set_flag(message, extras->flag);
    if (status == ROCKETMQ_OK && !extras->wait_store) status = rocketmq_message_set_wait_store(message, 0);
    if (status != ROCKETMQ_OK) raised(status, NULL, NULL);
    return status == ROCKETMQ_OK ? 0 : -1;
}

static PyObject *wrapped(PyTypeObject *type, rocketmq_message *message)
{
    allocfunc allocate = (allocfunc)PyType_GetSlot(type, Py_tp_alloc);
    Message *self = (Message *)allocate(type, 0);
    if (self) self->message = message;
    else rocketmq_message_destroy(message);
    return (PyObject *)self;
}

static PyObject *message_new(PyTypeObject *type, PyObject *args, PyObject *keywords)
{
    static char *names[] = {"topic", "body", "tags", "keys", "properties", "sharding_key",
                            "delay_level", "delay_ms", "deliver_at_ms", "flag", "wait_store", NULL};
    PyObject *topic, *body, *tags = Py_None, *keys = Py_None, *texts[4] = {NULL, NULL, NULL, NULL}, *self = NULL;
    struct extras extras = {Py_None, Py_None, Py_None, Py_None, Py_None, 0, 1};
    rocketmq_message *message = NULL;
    int index;

    if (!PyArg_ParseTupleAndKeywords(args, keywords, "OO|$OOOOOOOip:Message", names, &topic, &body, &tags, &keys,
                                     &extras.properties, &extras.sharding_key, &extras.delay_level, &extras.delay_ms,
                                     &extras.deliver_at_ms, &extras.flag, &extras.wait_store))
        return NULL;
    texts[0] = utf8_of(topic, "topic");
    texts[1] = texts[0] ? bytes_of(body) : NULL;
    if (texts[1] && (tags == Py_None || (texts[2] = utf8_of(tags, "tags")))
        && (keys == Py_None || (texts[3] = keys_of(keys))))
        message = built(texts[0], texts[1], texts[2], texts[3]);
    for (index = 0; index < 4; index++) Py_XDECREF(texts[index]);
    if (!message) return NULL;
    if (set_extras(message, &extras) == 0) self = wrapped(type, message);
    else rocketmq_message_destroy(message);
    return self;
}

static void message_dealloc(PyObject *self)
{
    PyTypeObject *type = Py_TYPE(self);
    freefunc release = (freefunc)PyType_GetSlot(type, Py_tp_free);
    rocketmq_message_destroy(((Message *)self)->message);
    release(self);
    Py_DECREF(type);
}

static const rocketmq_message *of(PyObject *self)
{
    return ((Message *)self)->message;
}

static PyObject *message_topic(PyObject *self, void *unused)
{
    (void)unused;
    return PyUnicode_FromString(rocketmq_message_topic(of(self)));
}

static PyObject *message_tags(PyObject *self, void *unused)
{
    (void)unused;
    return PyUnicode_FromString(rocketmq_message_tags(of(self)));
}

static PyObject *message_keys(PyObject *self, void *unused)
{
    (void)unused;
    return PyUnicode_FromString(rocketmq_message_keys(of(self)));
}

static PyObject *message_body(PyObject *self, void *unused)
{
    size_t size;
    const char *body = rocketmq_message_body(of(self), &size);
    (void)unused;
    return PyBytes_FromStringAndSize(size ? body : "", (Py_ssize_t)size);
}

static PyObject *message_properties(PyObject *self, void *unused)
{
    PyObject *properties = PyDict_New(), *text;
    const char *name, *value;
    size_t index;
    (void)unused;
    for (index = 0; properties && rocketmq_message_property_at(of(self), index, &name, &value) == ROCKETMQ_OK;
         index++) {
        text = PyUnicode_FromString(value);
        if (!text || PyDict_SetItemString(properties, name, text) < 0) Py_CLEAR(properties);
        Py_XDECREF(text);
    }
    return properties;
}

static PyObject *message_repr(PyObject *self)
{
    size_t size;
    rocketmq_message_body(of(self), &size);
    return PyUnicode_FromFormat("<Message to %s, %zu bytes>", rocketmq_message_topic(of(self)), size);
}

static PyGetSetDef getters[] = {
    {"topic", message_topic, NULL, "The topic.", NULL},
    {"body", message_body, NULL, "The body, as new bytes.", NULL},
    {"tags", message_tags, NULL, "The tag that consumers filter by, or ''.", NULL},
    {"keys", message_keys, NULL, "The keys with blanks between, or ''.", NULL},
    {"properties", message_properties, NULL, "All properties under their names on the wire, tags and keys too.", NULL},
    {NULL, NULL, NULL, NULL, NULL},
};

PyDoc_STRVAR(doc, "A message to send. It cannot be changed: send it as often as you like, from any thread.");

static PyType_Slot slots[] = {
    {Py_tp_new, (void *)message_new},
    {Py_tp_dealloc, (void *)message_dealloc},
    {Py_tp_repr, (void *)message_repr},
    {Py_tp_getset, getters},
    {Py_tp_doc, (void *)doc},
    {0, NULL},
};

PyType_Spec message_spec = {"rocketmq_producer.Message", sizeof(Message), 0, Py_TPFLAGS_DEFAULT, slots};
