internal import Crdkafka

/// What a consumer was in its group at one moment. Offsets sent to a transaction carry it, so that the broker refuses those of a
/// member whose partitions belong to others by now (KIP-447).
///
/// Unchecked: the pointer is constant, nothing behind it ever changes, and it is destroyed only when nobody holds this object.
@safe
package final class GroupMember: @unchecked Sendable {
    let pointer: OpaquePointer

    /// Takes over `pointer`.
    @unsafe
    fileprivate init(_ pointer: OpaquePointer) {
        unsafe self.pointer = pointer
    }

    deinit {
        unsafe rd_kafka_consumer_group_metadata_destroy(pointer)
    }
}

extension Consumer {
    /// This consumer's membership now. Throws `.unknownMember` when it has none: a broker would take offsets from nobody in
    /// particular without looking whose they are.
    package func member(timeout: Duration) async throws(KafkaError) -> GroupMember {
        let client = client
        return try await BlockingCall.run("group member", timeout: timeout) { _ throws(KafkaError) in
            let before = client.memberID
            let metadata = unsafe rd_kafka_consumer_group_metadata(client.handle)
            guard let metadata = unsafe metadata else {
                throw KafkaError(.unknownGroup, "group member: the consumer has no group")
            }
            let member = unsafe GroupMember(metadata)
            guard !before.isEmpty, client.memberID == before else {
                throw KafkaError(.unknownMember, "group member: the consumer is joining", isRetriable: true)
            }
            return member
        }
    }
}

extension Client {
    /// The name that the group's coordinator has given to this member; empty while it has none.
    fileprivate var memberID: String {
        let name = unsafe rd_kafka_memberid(handle)
        defer { if let name = unsafe name { unsafe rd_kafka_mem_free(handle, name) } }
        return unsafe String(copying: name)
    }
}
