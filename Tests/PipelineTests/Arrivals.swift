import Kafka

@testable import Pipeline

extension Assignment.Arrival {
    init(_ record: Record) {
        self.init(
            offset: record.offset,
            key: record.keyHash,
            redriven: DeadLetter.redriven(record.headers, in: record.source, at: record.offset)
        )
    }
}

extension Assignment {
    mutating func admit(
        _ record: Record,
        in slot: Int,
        _ reception: Reception,
        at now: Duration,
        _ actions: inout [Action]
    ) {
        admit(Arrival(record), in: slot, reception, at: now, &actions)
    }
}

extension WorkerMachine {
    mutating func admit(_ record: Record, in slot: Int, _ reception: Reception, at now: Duration) {
        admit(Assignment.Arrival(record), in: slot, reception, at: now)
    }
}
