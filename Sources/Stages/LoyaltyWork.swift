package import Kafka
package import LoyaltyEvents

/// A record that was accepted, and the event in it: what the pipeline carries through the stages.
package final class LoyaltyWork: Sendable {
    package let record: Record
    package let event: LoyaltyEvent

    package init(record: Record, event: LoyaltyEvent) {
        self.record = record
        self.event = event
    }
}
