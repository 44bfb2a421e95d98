import Kafka

/// What must come of the generated events, by the identities that can be seen outside the worker.
struct DemoExpectations: Sendable {
    /// A broken record and where it was stored.
    struct Broken: Sendable {
        let key: [UInt8]
        let value: [UInt8]?
        let defect: Defect
    }

    /// Where a record is.
    struct Place: Hashable, Sendable {
        let partition: Int32
        let offset: Int64
    }

    private(set) var accruals: Set<ReceiverBooks.Accrual> = []
    private(set) var publications: Set<String> = []
    private(set) var broken: [Place: Broken] = [:]
    private var unplaced: [Int: Broken] = [:]

    /// Broken records whose place the broker did not tell.
    var unplacedCount: Int { unplaced.count }

    mutating func enter(_ record: GeneratedRecord) {
        switch record.expectation {
        case .accept(let delivery, _):
            if record.expectation.notifies {
                let accrual = delivery.accrual
                accruals.insert(ReceiverBooks.Accrual(customerID: accrual.customer.id, total: accrual.total))
            }
            if record.expectation.publishes, let publication = delivery.publication {
                publications.insert(publication.id)
            }
        case .deadLetter(let defect):
            unplaced[record.index] = Broken(key: record.key, value: record.value, defect: defect)
        case .otherType, .tombstone: break
        }
    }

    /// The broker has stored the record with this index.
    mutating func place(_ index: Int, at partition: TopicPartition, offset: Int64?) {
        guard let offset, let record = unplaced.removeValue(forKey: index) else { return }
        broken[Place(partition: partition.partition, offset: offset)] = record
    }
}
