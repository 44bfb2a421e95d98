import Foundation
import Testing

@testable import LoyaltyEvents

@Suite struct SampleTests {
    @Test(arguments: Samples.names)
    func `every sample decodes to what is expected of it, field by field`(name: String) throws {
        let expected = try #require(try Samples.expectations()[name])
        let inspection = Inspection(file: name + ".json", decoded: decoded(try Samples.bytes(name)))
        let seen = try #require(
            try JSONSerialization.jsonObject(with: Data(inspection.json.utf8)) as? [String: Any]
        )
        for (field, value) in expected where !["class", "why", "assert", "route_if_exclusive"].contains(field) {
            let actual = try #require(seen[field], "\(field) is missing")
            #expect(actual as? NSObject == value as? NSObject, "\(field): \(actual) instead of \(value)")
        }
    }

    @Test func `the delivery sequence gives one effect for each accrual and stage`() throws {
        let root = try #require(
            try JSONSerialization.jsonObject(with: Data(Samples.bytes("expected"))) as? [String: Any]
        )
        for sequence in try #require(root["sequences"] as? [[String: Any]]) {
            var done: Set<EffectKey> = []
            var effects: [Route: [String]] = [:]
            for file in try #require(sequence["deliver"] as? [String]) {
                let event = try Samples.event(String(file.dropLast(5)))
                for stage in event.route.stages where done.insert(event.effectKey(stage)).inserted {
                    effects[stage, default: []].append(file)
                }
            }
            #expect(effects[.notification] == sequence["notifications_from"] as? [String])
            #expect(effects[.publication] == sequence["publications_from"] as? [String])
        }
    }

    @Test func `the core of the seed sample is read to the last field`() throws {
        let event = try Samples.event("01-seed-sample")
        #expect(event.total == 900)
        #expect(event.customerSourceID == "jck-wbhk")
        #expect(event.customerName == "Jack Webhook")
        #expect(event.customerEmail == nil)
        #expect(event.campaignID == "camp_AQZ1GLRlbGaC2dETd31VbJQ9")
        #expect(event.campaignName == "Loyalty programme")
        #expect(event.relatedObjectID == "v_hjQhSsitD6lAATASbRV1Ef7dUCjpy0iw")
        #expect(event.triggerID == "evcus_0e2905d4db185a04ad")
        #expect(event.triggerType == "customer.order.paid")
        #expect(event.triggerCreatedAt == "2024-01-18T15:19:20.676Z")
        #expect(event.publicationChannel == nil)
        #expect(event.envelopeID == nil)
        #expect(event.envelopeEventID == nil)
        #expect(event.customerHash == 14_375_755_529_939_812_217)
    }

    @Test func `an envelope gives its own ids, not those of the trigger`() throws {
        let event = try Samples.event("04-envelope-distribution-publication-items-quantity")
        #expect(event.envelopeID == "whs_a1b16307c5929489d9")
        #expect(event.envelopeEventID == "evcus_6b952de88906ef9a9c")
        #expect(event.triggerID == "evcus_0e2905d4db185a0622")
        #expect(event.publicationChannel == "Automation")
    }
}
