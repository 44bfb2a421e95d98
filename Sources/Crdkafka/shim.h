#pragma once

#include <librdkafka/rdkafka.h>
// rdkafka_mock.h does not include rdkafka.h and fails without it: keep this order.
#include <librdkafka/rdkafka_mock.h>

// Enqueues one message. rd_kafka_producev is variadic and the union inside rd_kafka_vu_t is tedious from Swift.
//
// NULL `value` or `key` means null, a non-NULL pointer with length 0 means empty. Headers go in as a list that belongs
// to the caller until this returns NULL: with RD_KAFKA_VTYPE_HEADER 2.0.2 frees its own list twice when the partition
// does not exist (confluentinc/librdkafka#4627).
static inline rd_kafka_error_t *crdkafka_produce(rd_kafka_t *rk, const char *topic, int32_t partition,
                                                 const void *value, size_t value_length, const void *key,
                                                 size_t key_length, int64_t timestamp, rd_kafka_headers_t *headers,
                                                 uintptr_t token) {
    rd_kafka_vu_t arguments[8];
    size_t count = 0;
    arguments[count].vtype = RD_KAFKA_VTYPE_TOPIC;
    arguments[count++].u.cstr = topic;
    arguments[count].vtype = RD_KAFKA_VTYPE_PARTITION;
    arguments[count++].u.i32 = partition;
    arguments[count].vtype = RD_KAFKA_VTYPE_MSGFLAGS;
    arguments[count++].u.i = RD_KAFKA_MSG_F_COPY;
    arguments[count].vtype = RD_KAFKA_VTYPE_VALUE;
    arguments[count].u.mem.ptr = (void *)value;
    arguments[count++].u.mem.size = value_length;
    arguments[count].vtype = RD_KAFKA_VTYPE_KEY;
    arguments[count].u.mem.ptr = (void *)key;
    arguments[count++].u.mem.size = key_length;
    arguments[count].vtype = RD_KAFKA_VTYPE_TIMESTAMP;
    arguments[count++].u.i64 = timestamp;
    arguments[count].vtype = RD_KAFKA_VTYPE_OPAQUE;
    arguments[count++].u.ptr = (void *)token;
    if (headers) {
        arguments[count].vtype = RD_KAFKA_VTYPE_HEADERS;
        arguments[count++].u.headers = headers;
    }
    return rd_kafka_produceva(rk, arguments, count);
}

// One error (or RD_KAFKA_RESP_ERR_NO_ERROR) after a delay, for the next request of this kind to this broker.
// The function behind it is variadic, which Swift cannot call.
static inline rd_kafka_resp_err_t crdkafka_mock_push_error(rd_kafka_mock_cluster_t *cluster, int32_t broker,
                                                           int16_t api_key, rd_kafka_resp_err_t error,
                                                           int delay_ms) {
    return rd_kafka_mock_broker_push_request_error_rtts(cluster, broker, api_key, 1, error, delay_ms);
}
