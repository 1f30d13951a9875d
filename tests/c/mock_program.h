/* What the test programs of the mock share: a cluster inside the program, and producers of it. */
#ifndef MOCK_PROGRAM_H
#define MOCK_PROGRAM_H

#include "program.h"
#include <rocketmq_mock.h>

/* Ends the program with the mock's sentence unless it holds. */
#define HOLDS(mock, promise) ((promise) ? (void)0 : broken_by(mock, __FILE__, __LINE__, #promise))

static inline void broken_by(const rocketmq_mock *mock, const char *file, int line, const char *promise)
{
    fprintf(stderr, "%s:%d: does not hold: %s (%s)\n", file, line, promise, rocketmq_mock_error(mock));
    _exit(1);
}

static inline rocketmq_mock *new_mock(int brokers)
{
    rocketmq_mock *mock = rocketmq_mock_create(brokers, 1);
    HOLDS(mock, mock != NULL);
    return mock;
}

static inline rocketmq_producer *configured(const rocketmq_mock *mock, const char *key, const char *value)
{
    rocketmq_config *config = new_config(rocketmq_mock_namesrv(mock));
    rocketmq_producer *producer = NULL;
    rocketmq_error *error = NULL;
    if (key) must(key, rocketmq_config_set(config, key, value, &error), error);
    must("create", rocketmq_producer_create(config, &producer, &error), error);
    rocketmq_config_destroy(config);
    return producer;
}

/* A producer of the mock, with one setting of its own. */
static inline rocketmq_producer *started_with(const rocketmq_mock *mock, const char *key, const char *value)
{
    rocketmq_producer *producer = configured(mock, key, value);
    rocketmq_error *error = NULL;
    must("start", rocketmq_producer_start(producer, 10000, &error), error);
    return producer;
}

static inline void end(rocketmq_producer *producer)
{
    shut_down(producer);
    rocketmq_producer_destroy(producer);
}

#endif
