package import Kafka
package import LoyaltyEvents
internal import Pipeline

/// A record that was accepted, and the event in it: what the pipeline carries through the stages.
package final class LoyaltyWork: Work {
    package let record: Record
    package let event: LoyaltyEvent

    package init(record: Record, event: LoyaltyEvent) {
        self.record = record
        self.event = event
    }
}
