import Kafka

@testable import Pipeline

/// What must hold after every step, and in the end.
extension Simulation {
    func isPerformed(_ entry: Entry, of source: TopicPartition) -> Bool {
        var isDone = true
        entry.stages.forEachIndex { stage in
            if performed[Effect(source: source, offset: entry.original, stage: stage)] == nil { isDone = false }
        }
        return isDone
    }

    func isSettled(_ entry: Entry, of source: TopicPartition) -> Bool {
        if entry.kind == .ignore || entry.isDiscarded || buried[source]?.contains(entry.offset) == true { return true }
        return entry.kind == .accept && isPerformed(entry, of: source)
    }

    /// Inside one process no two records of a key run at once.
    func checkAlone(_ index: Int, _ work: Item, _ stage: Int) throws(Violation) {
        let key = entry(work.source, work.offset)?.key
        for run in members[index].runs where run.work.source == work.source && run.work.offset != work.offset {
            if entry(run.work.source, run.work.offset)?.key == key {
                throw Violation(
                    description: "\(work.source): \(run.work.offset) and \(work.offset) of one key run at once"
                )
            }
        }
    }

    func check() throws(Violation) {
        for member in members where !member.isGone {
            let assignment = member.machine.assignment
            guard assignment.inFlight <= settings.inFlight, assignment.inFlight >= 0 else {
                throw Violation(description: "\(assignment.inFlight) records in flight, \(settings.inFlight) allowed")
            }
            // One pull may go over the limit by what it pulled.
            guard assignment.bufferedBytes <= settings.bufferedBytes + 5 * 1024, assignment.bufferedBytes >= 0 else {
                throw Violation(
                    description: "\(assignment.bufferedBytes) bytes buffered, \(settings.bufferedBytes) allowed"
                )
            }
        }
        guard repeats <= repeatsAllowed else {
            throw Violation(
                description: "\(repeats) repeated effects, at most \(repeatsAllowed) may be"
            )
        }
    }

    var unfinished: [String] {
        partitions.flatMap { source in
            (log[source] ?? []).filter { $0.offset >= committed[source]?.offset ?? 0 }.map { "\(source)/\($0.offset)" }
        }
    }

    var isFinished: Bool {
        partitions.allSatisfy { source in
            guard let last = log[source]?.last else { return true }
            return last.offset < committed[source]?.offset ?? 0 && (letters[source] ?? [:]).isEmpty
        } && members.allSatisfy { $0.isGone || ($0.runs.isEmpty && $0.burials.isEmpty) }
            && (job?.isFinished ?? !hasReplay)
    }

    func checkEnd() throws(Violation) {
        try checkJobEnd()
        for source in partitions {
            for entry in log[source] ?? [] where !isSettled(entry, of: source) {
                throw Violation(description: "\(source)/\(entry.offset) was committed and never finished")
            }
            // Everything was redriven, so nothing is left in the dead-letter topic but what can't be decoded.
            for entry in log[source] ?? [] where entry.kind == .accept && !isPerformed(entry, of: source) {
                if discarded[source]?.contains(entry.original) == true { continue }
                throw Violation(description: "\(source)/\(entry.offset) was redriven and has not all of its effects")
            }
            guard let last = committed[source],
                let map = try? OffsetMap(metadata: last.metadata, frontier: last.offset),
                map.barred.isEmpty
            else {
                guard committed[source] != nil else { continue }
                throw Violation(description: "\(source): everything was redriven, and keys are still barred")
            }
        }
        for member in members where member.machine.assignment.counts.lost > 0 {
            throw Violation(description: "member \(member.id) counts \(member.machine.assignment.counts.lost) lost")
        }
        for member in members where !member.isGone {
            let assignment = member.machine.assignment
            guard assignment.inFlight == 0, assignment.bufferedBytes == 0 else {
                throw Violation(
                    description:
                        "idle, but \(assignment.inFlight) in flight and \(assignment.bufferedBytes) bytes buffered"
                )
            }
        }
    }
}
