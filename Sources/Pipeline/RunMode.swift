/// What kind of run a worker makes; its stages can see it.
package enum RunMode: Sendable, Equatable {
    /// Records as they come.
    case live
    /// A bounded run over old records. It has no effect that a customer could notice unless `mayNotify`.
    case replay(mayNotify: Bool)

    package var isReplay: Bool { self != .live }
}

/// Leave to tell a customer something.
///
/// Whatever reaches customers takes one as a parameter, so that a stage which forgets to ask its context for it does not
/// compile. Only a `StageContext` gives it out.
package struct NotificationPermit: Sendable {
    fileprivate init() {}
}

extension StageContext {
    /// Nil in a replay that was not asked by name to notify.
    package var notificationPermit: NotificationPermit? {
        switch mode {
        case .live, .replay(mayNotify: true): NotificationPermit()
        case .replay(mayNotify: false): nil
        }
    }
}
