import Pipeline

/// Which letters to redrive, and in what order: for each key in the order of the original offsets, none left out.
struct RedrivePlan: Sendable, Equatable {
    /// Why a letter that waits and matches is not redriven.
    enum Refusal: Sendable, Equatable {
        /// It would overtake this letter of its key, which stays.
        case overtaking(Int)
        /// It was redriven as often as is allowed.
        case redriveLimit
    }

    /// What the rounds before did, in a run's later round.
    struct Earlier: Sendable {
        /// Records that were published.
        var records: Set<DeadLetter.Origin> = []
        var chains: Set<Letter.Chain> = []
        /// Letters that were planned for; only those behind them are looked at.
        var known = 0
    }

    /// Letters by their numbers in the index.
    private(set) var order: [Int] = []
    private(set) var refused: [(letter: Int, refusal: Refusal)] = []
    /// Letters that wait and match.
    private(set) var matched = 0
    /// Keys of the letters in the order, letters without others of their key included.
    private(set) var keys = 0
    /// In a later round: letters of the run's keys that wait again, and those behind them.
    private(set) var waitingAgain = 0

    /// - Parameters:
    ///   - limit: redrives that a record may have had.
    ///   - stuck: letters that could not be published; those behind them stay.
    ///   - earlier: given in a later round, which takes only what was parked behind this run's own letters meanwhile. What
    ///     died again waits for another run.
    init(_ index: LetterIndex, limit: Int, stuck: Set<Int> = [], after earlier: Earlier? = nil) {
        var chains: [Letter.Chain: [Int]] = [:]
        var steps: [Step] = []
        for number in index.inOrder where index.state(of: number) == .waiting {
            let letter = index.letters[number]
            if let chain = letter.chain {
                if let earlier, !earlier.chains.contains(chain) { continue }
                chains[chain, default: []].append(number)
            } else if earlier == nil, letter.matches, !stuck.contains(number) {
                matched += 1
                if letter.redrives >= limit {
                    refused.append((number, .redriveLimit))
                } else {
                    keys += 1
                    steps.append(Step(rank: letter.place, position: 0, letter: number))
                }
            }
        }
        for var chain in chains.values {
            chain.sort {
                (index.offset(of: $0), index.letters[$0].place) < (index.offset(of: $1), index.letters[$1].place)
            }
            let before = steps.count
            if let earlier {
                follow(chain, index, earlier, limit: limit, stuck: stuck, &steps)
            } else {
                walk(chain, index, limit: limit, stuck: stuck, &steps)
            }
            if steps.count > before { keys += 1 }
        }
        steps.sort { ($0.rank, $0.position) < ($1.rank, $1.position) }
        order = steps.map(\.letter)
        refused.sort { index.letters[$0.letter].place < index.letters[$1.letter].place }
    }

    /// One letter that is to be redriven.
    ///
    /// It ranks behind all before it in its chain, else by where it lies: then what is done is mostly a prefix of the topic,
    /// and what is left after a part of the plan is planned in the same order again.
    private struct Step {
        let rank: Letter.Place
        let position: Int
        let letter: Int
    }

    private mutating func walk(
        _ chain: [Int],
        _ index: LetterIndex,
        limit: Int,
        stuck: Set<Int>,
        _ steps: inout [Step]
    ) {
        var blocker: Int?
        var last: Step?
        for number in chain {
            let letter = index.letters[number]
            guard letter.matches, !stuck.contains(number) else {
                blocker = blocker ?? number
                continue
            }
            matched += 1
            if letter.redrives >= limit {
                refused.append((number, .redriveLimit))
                blocker = blocker ?? number
            } else if let blocker {
                refused.append((number, .overtaking(blocker)))
            } else {
                let step = Step(
                    rank: max(last?.rank ?? letter.place, letter.place),
                    position: (last?.position ?? -1) + 1,
                    letter: number
                )
                steps.append(step)
                last = step
            }
        }
    }

    private mutating func follow(
        _ chain: [Int],
        _ index: LetterIndex,
        _ earlier: Earlier,
        limit: Int,
        stuck: Set<Int>,
        _ steps: inout [Step]
    ) {
        var isBlocked = false
        var last: Step?
        for number in chain {
            let letter = index.letters[number]
            let isNew = number >= earlier.known
            let isParked = letter.errorClass == .parked && letter.redrives < limit
            let isAgain = letter.origin.map(earlier.records.contains) ?? true
            if isNew, isParked, !isAgain, !isBlocked, letter.matches {
                let step = Step(
                    rank: max(last?.rank ?? letter.place, letter.place),
                    position: (last?.position ?? -1) + 1,
                    letter: number
                )
                steps.append(step)
                last = step
                matched += 1
            } else {
                isBlocked = true
                if isNew { waitingAgain += 1 }
            }
        }
    }

    static func == (one: RedrivePlan, other: RedrivePlan) -> Bool {
        one.order == other.order && one.matched == other.matched && one.keys == other.keys
            && one.waitingAgain == other.waitingAgain
            && one.refused.elementsEqual(other.refused) { $0.letter == $1.letter && $0.refusal == $1.refusal }
    }

    /// Letters refused because of their count.
    var overLimit: Int { refused.count { $0.refusal == .redriveLimit } }
}

extension LetterIndex {
    /// In the original partition.
    fileprivate func offset(of number: Int) -> Int64 {
        letters[number].origin?.offset ?? 0
    }
}
