import Kafka
import Pipeline

/// All letters, what became of each, and how far that is known to Kafka.
struct LetterIndex: Sendable {
    enum State: String, Sendable, CaseIterable {
        case waiting, redriven, superseded, foreign
    }

    private(set) var letters: [Letter] = []
    /// Numbers of letters by partition, in the order of their offsets.
    private(set) var shelves: [[Int]]
    /// Published again, or passed for good, as far as it was recorded or done by this run.
    private var isFinished: [Bool] = []
    /// The letter that speaks for a record which died more than once.
    private var best: [DeadLetter.Origin: Int] = [:]
    /// Where the latest letter of each chain stood.
    private var latest: [Letter.Chain: Int64] = [:]
    /// Letters at the start of each shelf that are settled.
    private var settled: [Int]
    /// The last finished letter of each shelf; -1: none.
    private var lastFinished: [Int]

    /// - Parameter shelves: how many partitions are read.
    init(shelves count: Int) {
        shelves = Array(repeating: [], count: count)
        settled = Array(repeating: 0, count: count)
        lastFinished = Array(repeating: -1, count: count)
    }

    /// Letters in the order of their partitions and offsets.
    var inOrder: some Sequence<Int> { shelves.lazy.joined() }

    /// Takes up the next letter of its partition.
    mutating func enter(_ letter: Letter) {
        guard shelves.indices.contains(letter.place.shelf) else { return }
        let number = letters.count
        letters.append(letter)
        isFinished.append(false)
        shelves[letter.place.shelf].append(number)
        if let chain = letter.chain { latest[chain] = max(latest[chain] ?? -1, letter.standing) }
        consider(number)
    }

    /// Notes what earlier redrives have done.
    mutating func restore(_ wasFinished: (Letter.Place) -> Bool) {
        best = [:]
        settled = settled.map { _ in 0 }
        lastFinished = lastFinished.map { _ in -1 }
        for number in letters.indices {
            isFinished[number] = false
            if wasFinished(letters[number].place) { finish(number) }
            consider(number)
        }
    }

    /// Notes that a letter was published again.
    mutating func finish(_ number: Int) {
        isFinished[number] = true
        let shelf = letters[number].place.shelf
        lastFinished[shelf] = max(lastFinished[shelf], number)
    }

    func state(of number: Int) -> State {
        guard let origin = letters[number].origin, let representative = best[origin] else { return .foreign }
        if representative == number { return isFinished[number] ? .redriven : .waiting }
        let isEarlierLife = letters[number].redrives < letters[representative].redrives
        return isFinished[number] && isEarlierLife ? .redriven : .superseded
    }

    /// Where the latest letter stood that waits, or waited, with this one. The worker parks what was sent back without
    /// knowing of a later one.
    func latestStanding(with number: Int) -> Int64 {
        letters[number].chain.flatMap { latest[$0] } ?? letters[number].standing
    }

    /// How many letters wait of the keys of these.
    func waiting(with numbers: [Int]) -> Int {
        let chains = Set(numbers.compactMap { letters[$0].chain })
        let alone = numbers.count { letters[$0].chain == nil && state(of: $0) == .waiting }
        return letters.indices.count { number in
            letters[number].chain.map(chains.contains) == true && state(of: number) == .waiting
        } + alone
    }

    /// Whether nothing is left to do with a letter. A duplicate is as its representative is: were it passed first, it
    /// would seem to have been redriven itself.
    private func isSettled(_ number: Int) -> Bool {
        guard !isFinished[number], let origin = letters[number].origin, let representative = best[origin] else {
            return true
        }
        return isFinished[representative] || letters[number].redrives < letters[representative].redrives
    }

    /// What a shelf's commit is to say.
    ///
    /// - Parameter end: the next offset to read when everything was settled.
    mutating func progress(of shelf: Int, end: Int64) -> OffsetMap {
        let numbers = shelves[shelf]
        while settled[shelf] < numbers.count, isSettled(numbers[settled[shelf]]) { settled[shelf] += 1 }
        guard settled[shelf] < numbers.count else { return OffsetMap(frontier: end) }
        let rest = numbers[settled[shelf]...]
        var map = OffsetMap(frontier: rest.first.map { letters[$0].place.offset } ?? end)
        for number in rest.prefix(while: { $0 <= lastFinished[shelf] }) {
            map.append(offset: letters[number].place.offset, status: isSettled(number) ? .finished : .untouched)
        }
        return map
    }

    private mutating func consider(_ number: Int) {
        guard let origin = letters[number].origin else { return }
        guard let known = best[origin] else {
            best[origin] = number
            return
        }
        if isBetter(number, than: known) { best[origin] = number }
    }

    /// Of the letters of one record, the one of its last life counts. Duplicates of that are the same record in the same
    /// life: when one was redriven all are, else the last counts.
    private func isBetter(_ number: Int, than other: Int) -> Bool {
        let (one, two) = (letters[number], letters[other])
        if one.redrives != two.redrives { return one.redrives > two.redrives }
        if isFinished[number] != isFinished[other] { return isFinished[number] }
        return one.place > two.place
    }
}
