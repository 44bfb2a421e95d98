internal import Crdkafka

/// A pretended Kafka cluster inside this process that speaks the real protocol on loopback, also to other processes.
/// For tests, demonstrations and benchmarks. It keeps 5 MiB per partition and drops older records. Letting go of it may
/// take a second on librdkafka 2.0.2.
///
/// Unchecked: both pointers are constant, librdkafka locks the cluster, and they are destroyed only when nobody holds
/// this object any more.
@safe
package final class MockCluster: @unchecked Sendable {
    /// Kinds of request, by Kafka's API keys.
    package enum Request: Int16, Sendable, CaseIterable {
        case produce = 0
        case fetch = 1
        case listOffsets = 2
        case metadata = 3
        case offsetCommit = 8
        case offsetFetch = 9
        case findCoordinator = 10
        case joinGroup = 11
        case heartbeat = 12
        case leaveGroup = 13
        case syncGroup = 14
        case initProducerID = 22
        case addPartitionsToTxn = 24
        case addOffsetsToTxn = 25
        case endTxn = 26
        case txnOffsetCommit = 28
    }

    /// In place of a broker's number.
    package static let everyBroker: Int32 = -1

    /// Such as `127.0.0.1:40001,127.0.0.1:40002`; the ports are the kernel's choice.
    package let bootstrapServers: String
    // The cluster runs on a client of its own, which talks to nobody.
    private let handle: OpaquePointer
    private let cluster: OpaquePointer

    /// Brokers are numbered from 1.
    package init(brokers: Int = 1) throws(KafkaError) {
        let configuration: Configuration = ["log_level": "0"]
        unsafe handle = try ConfigurationHandle(configuration).makeClient(RD_KAFKA_PRODUCER, events: 0)
        guard let cluster = unsafe rd_kafka_mock_cluster_new(handle, Int32(clamping: brokers)) else {
            unsafe rd_kafka_destroy(handle)
            throw KafkaError(.failed, "mock cluster with \(brokers) brokers: could not be made")
        }
        unsafe self.cluster = cluster
        bootstrapServers = unsafe String(copying: rd_kafka_mock_cluster_bootstraps(cluster))
    }

    deinit {
        unsafe rd_kafka_mock_cluster_destroy(cluster)
        unsafe rd_kafka_destroy(handle)
    }

    /// Topics that clients ask for come into being by themselves, with 4 partitions; this one has as many as you say.
    package func createTopic(_ name: String, partitions: Int, replication: Int = 1) throws(KafkaError) {
        let response = unsafe rd_kafka_mock_topic_create(
            cluster,
            name,
            Int32(clamping: partitions),
            Int32(clamping: replication)
        )
        try KafkaError.check(response, during: "create topic \(name)")
    }

    /// The next requests of this kind get these errors, one each; `.transport` cuts the connection, `.none` lets one
    /// pass. Without effect on a broker that ever had errors of its own for this kind.
    package func push(_ errors: [KafkaError.Code], for request: Request) {
        var responses = errors.map(\.response)
        unsafe rd_kafka_mock_push_request_errors_array(cluster, request.rawValue, responses.count, &responses)
    }

    /// The next request of this kind to this broker gets `error` (`.none`: a real answer), after `delay`.
    package func push(
        _ error: KafkaError.Code,
        after delay: Duration,
        for request: Request,
        broker: Int32
    ) throws(KafkaError) {
        let response = unsafe crdkafka_mock_push_error(
            cluster,
            broker,
            request.rawValue,
            error.response,
            delay.clampedMilliseconds
        )
        try KafkaError.check(response, during: "push an error to broker \(broker)")
    }

    /// Forgets errors pushed to the cluster; those of single brokers stay.
    package func clearErrors(for request: Request) {
        unsafe rd_kafka_mock_clear_request_errors(cluster, request.rawValue)
    }

    /// Cuts connections and accepts no more; leaders and coordinators stay where they are.
    package func setDown(broker: Int32 = everyBroker) throws(KafkaError) {
        try KafkaError.check(unsafe rd_kafka_mock_broker_set_down(cluster, broker), during: "broker \(broker) down")
    }

    package func setUp(broker: Int32 = everyBroker) throws(KafkaError) {
        try KafkaError.check(unsafe rd_kafka_mock_broker_set_up(cluster, broker), during: "broker \(broker) up")
    }

    /// Delays every answer of a broker.
    package func setRoundTrip(_ time: Duration, broker: Int32 = everyBroker) throws(KafkaError) {
        let response = unsafe rd_kafka_mock_broker_set_rtt(cluster, broker, time.clampedMilliseconds)
        try KafkaError.check(response, during: "round trip of broker \(broker)")
    }

    /// Moves a partition to another broker.
    package func setLeader(of partition: TopicPartition, broker: Int32) throws(KafkaError) {
        let response = unsafe rd_kafka_mock_partition_set_leader(
            cluster,
            partition.topic,
            partition.partition,
            broker
        )
        try KafkaError.check(response, during: "leader of \(partition)")
    }

    /// Moves a consumer group to another broker.
    package func setCoordinator(ofGroup group: String, broker: Int32) throws(KafkaError) {
        let response = unsafe rd_kafka_mock_coordinator_set(cluster, "group", group, broker)
        try KafkaError.check(response, during: "coordinator of \(group)")
    }
}
