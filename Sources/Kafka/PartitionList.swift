internal import Crdkafka

#if canImport(Glibc)
    internal import Glibc
#elseif canImport(Musl)
    internal import Musl
#elseif canImport(Darwin)
    internal import Darwin
#endif

/// `rd_kafka_topic_partition_list_t` with one owner. Keep it short-lived: destroying a client hangs while a list that
/// went through assign is still there.
@safe
struct PartitionList: ~Copyable {
    let pointer: UnsafeMutablePointer<rd_kafka_topic_partition_list_t>

    init(capacity: Int) {
        unsafe pointer = rd_kafka_topic_partition_list_new(Int32(clamping: capacity))
    }

    init(_ partitions: some Collection<TopicPartition>) {
        self.init(capacity: partitions.count)
        for partition in partitions { add(partition) }
    }

    init(_ start: [StartOffset]) {
        self.init(capacity: start.count)
        for element in start { add(element.partition, offset: element.position.raw) }
    }

    /// Throws when one has no offset, or metadata that a broker would not give back as it is.
    init(committing offsets: [CommittedOffset]) throws(KafkaError) {
        self.init(capacity: offsets.count)
        for element in offsets {
            guard let offset = element.offset, offset >= 0 else {
                throw .invalidArgument("commit: \(element.partition) has no offset")
            }
            guard element.metadata.utf8.allSatisfy({ (0x20...0x7e).contains($0) }) else {
                throw .invalidArgument("commit: metadata of \(element.partition) is not printable ASCII")
            }
            add(element.partition, offset: offset, metadata: element.metadata)
        }
    }

    deinit {
        unsafe rd_kafka_topic_partition_list_destroy(pointer)
    }

    /// `metadata` must not contain NUL, which 2.0.2 reads back as garbage (confluentinc/librdkafka#4649).
    func add(_ partition: TopicPartition, offset: Int64 = Int64(RD_KAFKA_OFFSET_INVALID), metadata: String = "") {
        let element = unsafe rd_kafka_topic_partition_list_add(pointer, partition.topic, partition.partition)
        guard let element = unsafe element else { return }
        unsafe element.pointee.offset = offset
        guard !metadata.isEmpty else { return }
        // librdkafka frees it together with the list.
        unsafe element.pointee.metadata = UnsafeMutableRawPointer(strdup(metadata))
        unsafe element.pointee.metadata_size = metadata.utf8.count
    }

    /// The offsets in this list, after a call filled them in.
    var offsets: [CommittedOffset] { unsafe CommittedOffset.all(in: pointer) }
}

extension TopicPartition {
    @unsafe
    static func all(in list: UnsafePointer<rd_kafka_topic_partition_list_t>?) -> [TopicPartition] {
        unsafe CommittedOffset.all(in: list).map(\.partition)
    }
}

extension CommittedOffset {
    @unsafe
    static func all(in list: UnsafePointer<rd_kafka_topic_partition_list_t>?) -> [CommittedOffset] {
        guard let list = unsafe list else { return [] }
        return unsafe UnsafeBufferPointer(start: list.pointee.elems, count: Int(list.pointee.cnt))
            .map { element in
                let metadata = unsafe UnsafeRawBufferPointer(
                    start: element.metadata,
                    count: element.metadata == nil ? 0 : element.metadata_size
                )
                return unsafe CommittedOffset(
                    partition: TopicPartition(topic: String(copying: element.topic), partition: element.partition),
                    offset: element.offset >= 0 ? element.offset : nil,
                    metadata: String(decoding: metadata, as: UTF8.self),
                    error: KafkaError(element.err)
                )
            }
    }
}
