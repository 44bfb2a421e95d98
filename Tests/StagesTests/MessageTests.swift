import Foundation
import LoyaltyEvents
import Testing

@testable import Stages

struct MessageTests {
    @Test func `the built-in sentence fits with and without a name`() throws {
        let template = try MessageTemplate()
        let anonymous = try Samples.work(customer: "c", points: 1)
        #expect(template.message(for: anonymous) == "You earned 1 point. Your balance is now 1.")
        let sample = try Samples.work(Samples.seed)
        let message = template.message(for: sample)
        let name = try #require(sample.event.customerName)
        #expect(message.hasPrefix("\(name), you earned 900 points"))
        #expect(message.hasSuffix(". Your balance is now 900."))
    }

    @Test func `a template of one's own sees the event and escapes nothing`() throws {
        let template = try MessageTemplate("<b>{{customer.name}}</b> {{points}}/{{balance}} {{card.code}} {{order_id}}")
        let json =
            #"{"customer":{"id":"c","name":"A & \"B\" <é>"},"balance":{"points":-5,"balance":0},"earning_rule":{}}"#
        #expect(template.message(for: try Samples.work(Array(json.utf8))) == #"<b>A & "B" <é></b> -5/0  "#)
    }

    @Test(arguments: [
        "{{points", "{{#customer.name}}open", "{{/points}}", "{{customer.nmae}}", "{{pionts}}", "{{> partial}}",
        "{{$block}}x{{/block}}", "{{=<% %>=}}<% points %>", "{{}}",
    ])
    func `a template that can't work is a setting error`(text: String) {
        let error = #expect(throws: SettingError.self) { try MessageTemplate(text) }
        #expect(error?.key == "notification.template")
        #expect(error?.allowed.contains("Parser") == false)
    }

    @Test func `a misspelt name is told with the right ones`() {
        let error = #expect(throws: SettingError.self) { try MessageTemplate("{{custmer.name}}") }
        #expect(error?.allowed.contains("customer.name") == true)
    }

    @Test(arguments: ["{{{customer.name}}}", "{{&points}}", "{{! a remark }}x", "{{#customer}}{{name}}{{/customer}}"])
    func `usual tags work`(text: String) throws {
        _ = try MessageTemplate(text).message(for: try Samples.work(Samples.seed))
    }

    @Test func `the body is what is documented, byte for byte the same each time`() throws {
        let work = try Samples.work(Samples.seed)
        let bytes = NotificationBody.bytes(of: work.event, at: work.time, message: "m")
        #expect(bytes == NotificationBody.bytes(of: work.event, at: work.time, message: "m"))
        let body = try #require(try JSONSerialization.jsonObject(with: Data(bytes)) as? [String: Any])
        #expect(body["type"] as? String == "loyalty.points.rewarded")
        #expect((body["timestamp"] as? String).flatMap { UTCTime(iso8601: $0) } == work.time)
        let data = try #require(body["data"] as? [String: Any])
        #expect(
            Set(data.keys) == [
                "customer", "points", "balance", "total", "card", "campaign", "earning_rule_id", "order_id", "message",
            ]
        )
        #expect((data["customer"] as? [String: Any])?["id"] as? String == "cust_IdgAFZxYwwHctOk9pPuMu308")
        #expect(data["points"] as? Int == 900)
        #expect((data["card"] as? [String: Any])?["code"] as? String == "L0y4L")
        #expect(data["order_id"] as? String == "ord_CkH2s0T5xJkK0x5pGYXoBaFn")
    }

    @Test func `every character survives the body`() throws {
        let text =
            String(String.UnicodeScalarView((0..<0x250).compactMap { Unicode.Scalar($0) })) + "\u{2028}🎁\u{10FFFF}"
        var json = JSONText(capacity: 0)
        json.append(text)
        let read = try JSONSerialization.jsonObject(with: Data(json.bytes), options: .fragmentsAllowed) as? String
        #expect(read == text)
        #expect(!json.bytes.contains { $0 < 0x20 })
    }

    @Test func `the body of an event with nothing but the core has nulls`() throws {
        let work = try Samples.work(customer: "c")
        let body = String(decoding: NotificationBody.bytes(of: work.event, at: nil, message: ""), as: UTF8.self)
        #expect(
            body
                == #"{"type":"loyalty.points.rewarded","timestamp":null,"data":{"customer":{"id":"c","source_id":null,"#
                + #""name":null,"email":null},"points":10,"balance":10,"total":null,"card":{"id":null,"code":null},"#
                + #""campaign":{"id":null,"name":null},"earning_rule_id":"ern_1","order_id":null,"message":""}}"#
        )
    }
}
