internal import Crdkafka

/// View of one message that librdkafka still owns: valid only while the closure that was handed it runs.
@safe
package struct Message: ~Copyable {
    private let raw: UnsafeMutablePointer<rd_kafka_message_t>

    /// Takes over `raw`, which must come from a consume call.
    @unsafe
    init(owning raw: UnsafeMutablePointer<rd_kafka_message_t>) {
        unsafe self.raw = raw
    }

    deinit {
        unsafe rd_kafka_message_destroy(raw)
    }

    /// Set when this is no record but a report about the partition, such as `.partitionEOF` (`offset` is then the
    /// end) or `.autoOffsetReset`.
    package var error: KafkaError? {
        let code = unsafe raw.pointee.err
        guard code != RD_KAFKA_RESP_ERR_NO_ERROR else { return nil }
        return unsafe KafkaError(KafkaError.Code(code), String(copying: rd_kafka_message_errstr(raw)))
    }

    package var offset: Int64 { unsafe raw.pointee.offset }

    /// nil: a tombstone, or a report.
    package var valueCount: Int? {
        guard unsafe raw.pointee.err == RD_KAFKA_RESP_ERR_NO_ERROR, unsafe raw.pointee.payload != nil else {
            return nil
        }
        return unsafe raw.pointee.len
    }

    /// nil: a tombstone, or a report.
    package var value: RawSpan? {
        @_lifetime(borrow self)
        get {
            guard let count = valueCount, let start = unsafe raw.pointee.payload else { return nil }
            let span = unsafe RawSpan(_unsafeStart: start, byteCount: count)
            return unsafe _overrideLifetime(span, borrowing: self)
        }
    }

    /// nil: no key, or a report.
    package var key: RawSpan? {
        @_lifetime(borrow self)
        get {
            guard unsafe raw.pointee.err == RD_KAFKA_RESP_ERR_NO_ERROR, let start = unsafe raw.pointee.key else {
                return nil
            }
            let span = unsafe RawSpan(_unsafeStart: start, byteCount: raw.pointee.key_len)
            return unsafe _overrideLifetime(span, borrowing: self)
        }
    }

    /// Stable over processes and versions, well mixed; nil without key.
    package var keyHash: UInt64? {
        guard let key else { return nil }
        return KeyHash.hash(key)
    }

    package var timestamp: Timestamp? {
        var kind = RD_KAFKA_TIMESTAMP_NOT_AVAILABLE
        let milliseconds = unsafe rd_kafka_message_timestamp(raw, &kind)
        return switch kind {
        case RD_KAFKA_TIMESTAMP_CREATE_TIME: Timestamp(milliseconds: milliseconds, kind: .create)
        case RD_KAFKA_TIMESTAMP_LOG_APPEND_TIME: Timestamp(milliseconds: milliseconds, kind: .logAppend)
        default: nil
        }
    }

    /// In the order of the record; parsed by librdkafka when asked for.
    package var headers: [Header] {
        var list: OpaquePointer?
        guard unsafe rd_kafka_message_headers(raw, &list) == RD_KAFKA_RESP_ERR_NO_ERROR, let list = unsafe list else {
            return []
        }
        var headers: [Header] = []
        var name: UnsafePointer<CChar>?
        var value: UnsafeRawPointer?
        var count = 0
        while unsafe rd_kafka_header_get_all(list, headers.count, &name, &value, &count) == RD_KAFKA_RESP_ERR_NO_ERROR {
            let bytes = unsafe value.map { unsafe [UInt8](UnsafeRawBufferPointer(start: $0, count: count)) }
            unsafe headers.append(Header(name: String(copying: name), value: bytes))
        }
        return headers
    }

    /// Copies the record out, once. A report gives a record without value and key: look at `error` first.
    package func record(of partition: TopicPartition) -> Record {
        let value = value
        let key = key
        let valueCount = value?.byteCount ?? 0
        let count = valueCount + (key?.byteCount ?? 0)
        let bytes = unsafe [UInt8](unsafeUninitializedCapacity: count) { buffer, initialized in
            let target = UnsafeMutableRawBufferPointer(buffer)
            unsafe value?.withUnsafeBytes { unsafe target.copyMemory(from: $0) }
            let rest = unsafe UnsafeMutableRawBufferPointer(rebasing: target[valueCount...])
            unsafe key?.withUnsafeBytes { unsafe rest.copyMemory(from: $0) }
            initialized = count
        }
        return Record(
            source: partition,
            offset: offset,
            timestamp: timestamp,
            headers: headers,
            bytes: bytes,
            valueCount: value?.byteCount,
            keyCount: key?.byteCount,
            keyHash: keyHash
        )
    }
}
