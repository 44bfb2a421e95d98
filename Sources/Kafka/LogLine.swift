/// One line that librdkafka wants to log.
package struct LogLine: Hashable, Sendable {
    /// As in syslog: 0 (emergency) to 7 (debug).
    package let level: Int
    /// librdkafka's tag, such as `FAIL` or `REQTMOUT`.
    package let facility: String
    package let message: String

    package init(level: Int, facility: String, message: String) {
        self.level = level
        self.facility = facility
        self.message = message
    }
}
