// The limit that everything is compared with: takes a topic off a broker with librdkafka and does nothing with it.
//
//   consume version                        of the library that it runs on
//   consume watermarks BROKERS TOPIC       the sums of the first and of the next offsets of all partitions
//   consume read BROKERS TOPIC COUNT       reads so many records, each partition from a queue of its own
//   consume follow BROKERS TOPIC COUNT     the same, but asks the broker more often, and lists of each record a hash of
//                                          its key, its timestamp, and when it came (ms since 1970)
//
// Prints one JSON object.
#include <librdkafka/rdkafka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define DEFAULT_WAIT_MS "500"
// The embedded broker sits every wait out, even when something comes.
#define SHORT_WAIT_MS "5"

enum { BATCH = 1000, TIMEOUT_MS = 10000, STALL_SECONDS = 20 };

static double now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

static double wall_ms(void) {
    struct timespec time;
    clock_gettime(CLOCK_REALTIME, &time);
    return (double)time.tv_sec * 1e3 + (double)time.tv_nsec / 1e6;
}

static void fail(const char *what, const char *why) {
    fprintf(stderr, "consume: %s: %s\n", what, why);
    exit(1);
}

static rd_kafka_t *connect_to(const char *brokers, const char *fetch_wait_ms) {
    const char *settings[][2] = {
        {"bootstrap.servers", brokers},
        {"group.id", "c-loop"},
        {"enable.auto.commit", "false"},
        {"enable.auto.offset.store", "false"},
        {"fetch.wait.max.ms", fetch_wait_ms},
    };
    char error[512];
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    for (size_t i = 0; i < sizeof settings / sizeof *settings; i++)
        if (rd_kafka_conf_set(conf, settings[i][0], settings[i][1], error, sizeof error)) fail(settings[i][0], error);
    rd_kafka_t *client = rd_kafka_new(RD_KAFKA_CONSUMER, conf, error, sizeof error);
    if (!client) fail("no client", error);
    return client;
}

static int partitions_of(rd_kafka_t *client, const char *topic) {
    rd_kafka_topic_t *handle = rd_kafka_topic_new(client, topic, NULL);
    const struct rd_kafka_metadata *metadata;
    rd_kafka_resp_err_t error = rd_kafka_metadata(client, 0, handle, &metadata, TIMEOUT_MS);
    if (error) fail(topic, rd_kafka_err2str(error));
    int count = metadata->topics[0].partition_cnt;
    rd_kafka_metadata_destroy(metadata);
    rd_kafka_topic_destroy(handle);
    if (count < 1) fail(topic, "no such topic");
    return count;
}

static void watermarks(const char *brokers, const char *topic) {
    rd_kafka_t *client = connect_to(brokers, DEFAULT_WAIT_MS);
    int partitions = partitions_of(client, topic);
    int64_t low = 0, high = 0;
    for (int p = 0; p < partitions; p++) {
        int64_t first, next;
        rd_kafka_resp_err_t error = rd_kafka_query_watermark_offsets(client, topic, p, &first, &next, TIMEOUT_MS);
        if (error) fail(topic, rd_kafka_err2str(error));
        low += first;
        high += next;
    }
    printf("{\"partitions\":%d,\"low\":%lld,\"high\":%lld}\n", partitions, (long long)low, (long long)high);
}

struct arrival {
    uint64_t key;
    long long timestamp;
    double received;
};

static uint64_t hash(const unsigned char *bytes, size_t count) {
    uint64_t value = 0xcbf29ce484222325;  // FNV-1a
    for (size_t i = 0; i < count; i++) value = (value ^ bytes[i]) * 0x100000001b3;
    return value;
}

static struct arrival arrival_of(const rd_kafka_message_t *message) {
    return (struct arrival){
        .key = hash(message->key, message->key_len),
        .timestamp = rd_kafka_message_timestamp(message, NULL),
        .received = wall_ms(),
    };
}

static void print_arrivals(const struct arrival *arrivals, long count) {
    printf("{\"records\":[");
    for (long i = 0; i < count; i++)
        printf("%s[%llu,%lld,%.3f]", i ? "," : "", (unsigned long long)arrivals[i].key, arrivals[i].timestamp,
               arrivals[i].received);
    printf("]}\n");
}

static void read_all(const char *brokers, const char *topic, long count, int follow) {
    rd_kafka_t *client = connect_to(brokers, follow ? SHORT_WAIT_MS : DEFAULT_WAIT_MS);
    struct arrival *arrivals = follow ? calloc((size_t)count, sizeof *arrivals) : NULL;
    rd_kafka_poll_set_consumer(client);
    int partitions = partitions_of(client, topic);
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(partitions);
    rd_kafka_queue_t **queues = calloc((size_t)partitions, sizeof *queues);
    for (int p = 0; p < partitions; p++) {
        rd_kafka_topic_partition_list_add(list, topic, p)->offset = RD_KAFKA_OFFSET_BEGINNING;
        queues[p] = rd_kafka_queue_get_partition(client, topic, p);
        rd_kafka_queue_forward(queues[p], NULL);
    }
    rd_kafka_assign(client, list);

    rd_kafka_message_t *messages[BATCH];
    long records = 0;
    long long bytes = 0;
    double start = 0, last = now();
    while (records < count) {
        int came = 0;
        rd_kafka_message_t *other = rd_kafka_consumer_poll(client, 0);
        if (other) rd_kafka_message_destroy(other);
        for (int p = 0; p < partitions; p++) {
            ssize_t taken = rd_kafka_consume_batch_queue(queues[p], 0, messages, BATCH);
            for (ssize_t i = 0; i < taken; i++) {
                if (!messages[i]->err) {
                    if (arrivals && records < count) arrivals[records] = arrival_of(messages[i]);
                    if (records++ == 0) start = now();
                    bytes += (long long)(messages[i]->len + messages[i]->key_len);
                }
                rd_kafka_message_destroy(messages[i]);
                came = 1;
            }
        }
        if (came) {
            last = now();
        } else if (now() - last > STALL_SECONDS) {
            fail(topic, "nothing comes any more");
        } else {
            nanosleep(&(struct timespec){.tv_nsec = 200000}, NULL);
        }
    }
    if (arrivals)
        print_arrivals(arrivals, count);
    else
        printf("{\"events\":%ld,\"bytes\":%lld,\"seconds\":%.4f}\n", records, bytes, now() - start);
}

int main(int count, char **arguments) {
    if (count == 2 && !strcmp(arguments[1], "version"))
        printf("{\"version\":\"%s\"}\n", rd_kafka_version_str());
    else if (count == 4 && !strcmp(arguments[1], "watermarks"))
        watermarks(arguments[2], arguments[3]);
    else if (count == 5 && !strcmp(arguments[1], "read"))
        read_all(arguments[2], arguments[3], atol(arguments[4]), 0);
    else if (count == 5 && !strcmp(arguments[1], "follow"))
        read_all(arguments[2], arguments[3], atol(arguments[4]), 1);
    else
        fail("usage", "consume version | watermarks BROKERS TOPIC | read or follow BROKERS TOPIC COUNT");
    fflush(stdout);
    // Closing the client takes time and proves nothing.
    _exit(0);
}
