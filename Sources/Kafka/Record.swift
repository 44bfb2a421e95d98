/// A name and a value that travel with a record. Names may repeat; nil and empty values differ.
package struct Header: Hashable, Sendable {
    package let name: String
    package let value: [UInt8]?

    package init(name: String, value: [UInt8]?) {
        self.name = name
        self.value = value
    }
}

/// When a record was made or stored.
package struct Timestamp: Hashable, Sendable {
    /// Who set it: the producer, or the broker at the time of the append.
    package enum Kind: Sendable { case create, logAppend }

    /// Since 1970-01-01 00:00 UTC.
    package let milliseconds: Int64
    package let kind: Kind

    package init(milliseconds: Int64, kind: Kind) {
        self.milliseconds = milliseconds
        self.kind = kind
    }
}

/// One record copied out of librdkafka. One array holds value and key.
package struct Record: Sendable {
    package let source: TopicPartition
    package let offset: Int64
    package let timestamp: Timestamp?
    package let headers: [Header]
    /// The value, then the key.
    package let bytes: [UInt8]
    /// nil: a tombstone.
    package let valueCount: Int?
    /// nil: no key.
    package let keyCount: Int?
    /// Stable over processes and versions, well mixed; nil without key.
    package let keyHash: UInt64?

    package var value: ArraySlice<UInt8>? { valueCount.map { bytes.prefix($0) } }

    package var key: ArraySlice<UInt8>? { keyCount.map { bytes.suffix($0) } }

    /// For tests and tools.
    package init(
        source: TopicPartition,
        offset: Int64,
        timestamp: Timestamp? = nil,
        key: [UInt8]?,
        value: [UInt8]?,
        headers: [Header] = []
    ) {
        var bytes = value ?? []
        bytes.append(contentsOf: key ?? [])
        self.init(
            source: source,
            offset: offset,
            timestamp: timestamp,
            headers: headers,
            bytes: bytes,
            valueCount: value?.count,
            keyCount: key?.count,
            keyHash: key.map { KeyHash.hash($0) }
        )
    }

    /// `bytes` is laid out already.
    init(
        source: TopicPartition,
        offset: Int64,
        timestamp: Timestamp?,
        headers: [Header],
        bytes: [UInt8],
        valueCount: Int?,
        keyCount: Int?,
        keyHash: UInt64?
    ) {
        self.source = source
        self.offset = offset
        self.timestamp = timestamp
        self.headers = headers
        self.bytes = bytes
        self.valueCount = valueCount
        self.keyCount = keyCount
        self.keyHash = keyHash
    }
}
