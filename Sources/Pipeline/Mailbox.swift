import Kafka
import Synchronization

/// What tasks have to tell the worker, in the order of their telling; each mail rings the worker's doorbell.
final class Mailbox<Mail: Sendable>: Sendable {
    private let mails = Mutex<[Mail]>([])
    let doorbell: Doorbell

    init(doorbell: Doorbell) {
        self.doorbell = doorbell
    }

    func post(_ mail: Mail) {
        mails.withLock { $0.append(mail) }
        doorbell.ring()
    }

    /// Takes everything, leaving `buffer`'s storage for what comes next.
    func take(into buffer: inout [Mail]) {
        buffer.removeAll(keepingCapacity: true)
        mails.withLock { swap(&$0, &buffer) }
    }
}
