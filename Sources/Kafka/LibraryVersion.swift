internal import Crdkafka

/// Version of the librdkafka that this process runs on, which may be newer than the headers it was built with.
package struct LibraryVersion: Hashable, Comparable, Sendable, CustomStringConvertible {
    package let major: Int
    package let minor: Int
    package let patch: Int

    package init(_ major: Int, _ minor: Int, _ patch: Int) {
        self.major = major
        self.minor = minor
        self.patch = patch
    }

    /// The library loaded now.
    package static var current: LibraryVersion {
        let packed = Int(rd_kafka_version())  // 0xMMmmrrxx
        return LibraryVersion(packed >> 24 & 0xff, packed >> 16 & 0xff, packed >> 8 & 0xff)
    }

    /// From this version on `cooperative-sticky` may be used. Below, a commit sent while a rebalance runs costs the
    /// member its whole assignment (confluentinc/librdkafka#4059).
    package static let safeCooperativeRebalance = LibraryVersion(2, 10, 0)

    /// From this version on `fetch.queue.backoff.ms` exists. Below, full prefetch queues stop fetching for up to a second
    /// (confluentinc/librdkafka#2879) unless `Consumer.wakeFetchers` is called.
    package static let fetchQueueBackoff = LibraryVersion(2, 2, 0)

    package var description: String { "\(major).\(minor).\(patch)" }

    package static func < (left: LibraryVersion, right: LibraryVersion) -> Bool {
        (left.major, left.minor, left.patch) < (right.major, right.minor, right.patch)
    }
}
