internal import Crdkafka

/// What a consumer's event queue says.
package enum ConsumerEvent: Sendable {
    /// Answer with `assign` or, when `isCooperative`, `incrementalAssign`; open the partitions' queues before.
    case assigned([TopicPartition])
    /// Answer, when drained, with `unassign` or `incrementalUnassign`. Until then librdkafka fetches nothing, for any
    /// partition. When `lost` they belong to others already: commit nothing.
    case revoked([TopicPartition], lost: Bool)
    /// Answer to `commit`. `error` when the whole request failed; each result may have one of its own.
    case committed(token: UInt64, results: [CommittedOffset], error: KafkaError?)
    case failure(KafkaError)
    /// librdkafka's JSON, when `statistics.interval.ms` is set.
    case statistics(String)

    /// nil for kinds that are not asked for. `event` remains the caller's.
    @unsafe
    init?(_ event: OpaquePointer, of client: Client) {
        switch unsafe rd_kafka_event_type(event) {
        case RD_KAFKA_EVENT_REBALANCE:
            let partitions = unsafe TopicPartition.all(in: rd_kafka_event_topic_partition_list(event))
            if unsafe rd_kafka_event_error(event) == RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS {
                self = .assigned(partitions)
            } else {
                self = unsafe .revoked(partitions, lost: rd_kafka_assignment_lost(client.handle) != 0)
            }
        case RD_KAFKA_EVENT_OFFSET_COMMIT:
            self = unsafe .committed(
                token: UInt64(UInt(bitPattern: rd_kafka_event_opaque(event))),
                results: CommittedOffset.all(in: rd_kafka_event_topic_partition_list(event)),
                error: KafkaError(rd_kafka_event_error(event), during: "commit")
            )
        case RD_KAFKA_EVENT_ERROR:
            self = unsafe .failure(client.error(of: event))
        case RD_KAFKA_EVENT_FETCH:
            self = .failure(
                KafkaError(.state, "a record came by the event queue: open a partition's queue before assigning it")
            )
        case RD_KAFKA_EVENT_STATS:
            self = unsafe .statistics(String(copying: rd_kafka_event_stats(event)))
        default:
            return nil
        }
    }
}
