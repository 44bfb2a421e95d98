internal import Crdkafka

/// What librdkafka or a broker refused, with librdkafka's own words.
package struct KafkaError: Error, Hashable, Sendable, CustomStringConvertible {
    /// Error code of librdkafka (negative: raised by the library itself; positive: sent by a broker).
    package struct Code: RawRepresentable, Hashable, Sendable {
        package let rawValue: Int32

        package init(rawValue: Int32) {
            self.rawValue = rawValue
        }
    }

    package let code: Code
    /// For people; never contains record data.
    package let reason: String
    /// The client is of no more use: stop dispatching, drain, exit.
    package let isFatal: Bool
    /// The same call may succeed later without any change.
    package let isRetriable: Bool
    /// The producer's transaction can only be aborted.
    package let requiresAbort: Bool

    package init(
        _ code: Code,
        _ reason: String,
        isFatal: Bool = false,
        isRetriable: Bool? = nil,
        requiresAbort: Bool = false
    ) {
        self.code = code
        self.reason = reason
        self.isFatal = isFatal
        self.requiresAbort = requiresAbort
        self.isRetriable = isRetriable ?? Code.retriable.contains(code)
    }

    /// Something that the loaded librdkafka cannot do, or cannot do safely.
    package static func unsupported(_ reason: String) -> KafkaError {
        KafkaError(.unsupportedFeature, reason)
    }

    /// An argument that librdkafka would refuse or misread.
    package static func invalidArgument(_ reason: String) -> KafkaError {
        KafkaError(.invalidArgument, reason)
    }

    package var description: String { "\(reason) (\(code))" }
}

extension KafkaError {
    /// nil when `response` says that nothing failed.
    init?(_ response: rd_kafka_resp_err_t, during action: String? = nil) {
        guard response != RD_KAFKA_RESP_ERR_NO_ERROR else { return nil }
        let words = Code(response).words
        self.init(Code(response), action.map { "\($0): \(words)" } ?? words)
    }

    /// Reads `error` and destroys it. nil when there is none.
    @unsafe
    init?(consuming error: OpaquePointer?, during action: String) {
        guard let error = unsafe error else { return nil }
        self.init(
            unsafe Code(rd_kafka_error_code(error)),
            unsafe "\(action): \(String(copying: rd_kafka_error_string(error)))",
            isFatal: unsafe rd_kafka_error_is_fatal(error) != 0,
            isRetriable: unsafe rd_kafka_error_is_retriable(error) != 0 ? true : nil,
            requiresAbort: unsafe rd_kafka_error_txn_requires_abort(error) != 0
        )
        unsafe rd_kafka_error_destroy(error)
    }

    /// Throws when `response` is an error.
    static func check(_ response: rd_kafka_resp_err_t, during action: String) throws(KafkaError) {
        if let error = KafkaError(response, during: action) { throw error }
    }
}

extension KafkaError.Code: CustomStringConvertible {
    init(_ response: rd_kafka_resp_err_t) {
        self.init(rawValue: response.rawValue)
    }

    var response: rd_kafka_resp_err_t { rd_kafka_resp_err_t(rawValue) }

    /// librdkafka's sentence for this code.
    var words: String { unsafe String(copying: rd_kafka_err2str(response)) }

    /// librdkafka's name, such as `_TIMED_OUT`.
    package var description: String { unsafe String(copying: rd_kafka_err2name(response)) }
}

extension String {
    /// Copies a C string; nil becomes empty, broken UTF-8 is repaired.
    @unsafe init(copying text: UnsafePointer<CChar>?) {
        if let text = unsafe text {
            unsafe self.init(cString: text)
        } else {
            self = ""
        }
    }
}
