import Foundation
import Testing

@testable import LoyaltyWorker

@Suite("Event generator") struct GeneratorTests {
    private static let everything = EventMix(
        count: 3000,
        customers: 50,
        publicationShare: 0.3,
        malformedShare: 0.1,
        duplicateShare: 0.2,
        otherTypeShare: 0.1,
        seed: 7
    )

    @Test func `the same seed gives the same bytes`() {
        let first = Array(EventGenerator(Self.everything))
        let second = Array(EventGenerator(Self.everything))
        #expect(first.count == 3000)
        #expect(first.map(\.key) == second.map(\.key))
        #expect(first.map(\.value) == second.map(\.value))
    }

    @Test func `another seed gives other customers and other triggers`() {
        var other = Self.everything
        other.seed = 8
        let keys = Set(EventGenerator(Self.everything).map(\.key))
        let triggers = Set(EventGenerator(Self.everything).compactMap { $0.expectation.delivery?.accrual.key[0] })
        #expect(keys.isDisjoint(with: EventGenerator(other).map(\.key)))
        #expect(triggers.isDisjoint(with: EventGenerator(other).compactMap { $0.expectation.delivery?.accrual.key[0] }))
    }

    @Test(arguments: [UInt64(1), 2, 3])
    func `every event that must be accepted says what its expectation says`(seed: UInt64) throws {
        var mix = Self.everything
        mix.seed = seed
        for record in EventGenerator(mix) {
            guard let delivery = record.expectation.delivery else { continue }
            let whole = try object(record.value)
            let data = delivery.form == .bare ? whole : try #require(whole["data"] as? [String: Any])
            #expect(delivery.form == .bare || (whole["event"] as? [String: Any])?["type"] as? String == Self.name)
            let customer = try #require(data["customer"] as? [String: Any])
            #expect(customer["id"] as? String == delivery.accrual.customer.id)
            #expect(String(decoding: record.key, as: UTF8.self) == delivery.accrual.customer.id)
            let balance = try #require(data["balance"] as? [String: Any])
            #expect(balance["points"] as? Int64 == delivery.accrual.points)
            #expect(balance["balance"] as? Int64 == delivery.accrual.balance)
            #expect(balance["total"] as? Int64 == delivery.accrual.total)
            let key = ["event", "earning_rule", "voucher"].map { (data[$0] as? [String: Any])?["id"] as? String }
            #expect(key == delivery.accrual.key)
            #expect((data["publication"] as? [String: Any])?["id"] as? String == delivery.publication?.id)
        }
    }

    @Test func `accruals are distinct unless they are said to come again`() {
        var seen: Set<[String]> = []
        var publications: Set<String> = []
        for record in EventGenerator(Self.everything) {
            guard case .accept(let delivery, let repetition) = record.expectation else { continue }
            let isNew = seen.insert(delivery.accrual.key).inserted
            #expect(isNew == (repetition == nil))
            guard let publication = delivery.publication else { continue }
            let isNewPublication = publications.insert(publication.id).inserted
            #expect(isNewPublication == record.expectation.publishes)
        }
    }

    @Test func `a repetition of the same bytes is one`() {
        var latest: [[String]: [UInt8]?] = [:]
        var repeated = 0
        for record in EventGenerator(Self.everything) {
            guard case .accept(let delivery, let repetition) = record.expectation else { continue }
            if repetition == .sameBytes {
                #expect(latest[delivery.accrual.key] == record.value)
                repeated += 1
            }
            latest[delivery.accrual.key] = record.value
        }
        #expect(repeated > 100)
    }

    @Test func `the points earned on a card rise by the points of each accrual`() {
        var totals: [Int: Int64] = [:]
        for record in EventGenerator(Self.everything) {
            guard case .accept(let delivery, repetition: nil) = record.expectation else { continue }
            let accrual = delivery.accrual
            #expect(accrual.points > 0)
            #expect(accrual.total == totals[accrual.customer.number, default: 0] + accrual.points)
            #expect((accrual.points...accrual.total).contains(accrual.balance))
            totals[accrual.customer.number] = accrual.total
        }
    }

    @Test func `every rule, form, repetition, kind of publication and defect appears`() {
        var rules: Set<EarningRule> = []
        var forms: Set<Delivery.Form> = []
        var kinds: Set<Delivery.Publication.Kind> = []
        var repetitions: Set<Repetition> = []
        var defects: Set<Defect> = []
        for record in EventGenerator(Self.everything) {
            switch record.expectation {
            case .accept(let delivery, let repetition):
                rules.insert(delivery.accrual.rule)
                forms.insert(delivery.form)
                if let publication = delivery.publication { kinds.insert(publication.kind) }
                if let repetition { repetitions.insert(repetition) }
            case .deadLetter(let defect): defects.insert(defect)
            case .otherType, .tombstone: break
            }
        }
        #expect(rules.count == EarningRule.allCases.count)
        #expect(forms.count == Delivery.Form.allCases.count)
        #expect(kinds.count == 2)
        #expect(repetitions.count == Repetition.allCases.count)
        #expect(defects.count == Defect.allCases.count)
    }

    @Test func `one order can fire two rules`() {
        let keys = Set(EventGenerator(Self.everything).compactMap { $0.expectation.delivery?.accrual.key })
        #expect(Set(keys.map { $0[0] }).count < keys.count)
    }

    @Test func `shares are kept`() {
        var mix = Self.everything
        mix.count = 20_000
        let books = ExpectedBooks(of: mix)
        #expect(books.records == mix.count)
        #expect(books.accepted + books.ignored + books.deadLetters == mix.count)
        #expect(abs(Double(books.deadLetters) / 20_000 - 0.1) < 0.01)
        #expect(abs(Double(books.ignored) / 20_000 - 0.1) < 0.01)
        #expect(abs(Double(books.tombstones) / 20_000 - 0.02) < 0.005)
        #expect(abs(Double(books.accepted - books.notifications) / 20_000 - 0.2) < 0.01)
        #expect(books.publications < books.withPublication)
    }

    @Test func `without shares every record is a new accrual`() {
        let books = ExpectedBooks(of: EventMix(count: 5000, publicationShare: 0))
        #expect(books.notifications == 5000)
        #expect(books.publications == 0)
        #expect((3000...4200).contains(books.bytes / books.records))
    }

    @Test func `the busiest customer has the share that the spread says`() throws {
        let records = Array(EventGenerator(EventMix(count: 20_000, customers: 200)))
        let counts = Dictionary(grouping: records, by: \.key).mapValues(\.count)
        let busiest = try #require(counts.values.max())
        #expect(abs(Double(busiest) / 20_000 - CustomerSpread(customers: 200).busiestShare) < 0.01)
        #expect(counts.count == 200)
    }

    @Test func `an even spread has no busiest customer`() throws {
        let records = Array(EventGenerator(EventMix(count: 20_000, customers: 20, isEven: true)))
        let counts = Dictionary(grouping: records, by: \.key).mapValues(\.count)
        #expect(counts.count == 20)
        #expect(counts.values.allSatisfy { (850...1150).contains($0) })
    }

    @Test func `moments are written as ISO 8601`() {
        var bytes: [UInt8] = []
        Moment.append(milliseconds: 1_709_208_000_123, to: &bytes)
        #expect(String(decoding: bytes, as: UTF8.self) == "2024-02-29T12:00:00.123Z")
    }

    private static let name = "customer.rewarded.loyalty_points"

    private func object(_ value: [UInt8]?) throws -> [String: Any] {
        try #require(try JSONSerialization.jsonObject(with: Data(value ?? [])) as? [String: Any])
    }
}

extension ExpectedBooks {
    fileprivate init(of mix: EventMix) {
        self.init()
        for record in EventGenerator(mix) { enter(record) }
    }
}
