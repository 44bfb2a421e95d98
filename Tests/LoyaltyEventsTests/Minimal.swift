/// A small event, member by member, so that a test can change one of them. Values are raw JSON; nil leaves a member out.
func minimal(_ changes: [(String, String?)] = []) -> String {
    var members: [(String, String?)] = [
        ("customer", #"{"id":"c"}"#),
        ("balance", #"{"points":1,"balance":2}"#),
        ("earning_rule", #"{"id":"r"}"#),
        ("event", #"{"id":"e"}"#),
        ("voucher", #"{"id":"v"}"#),
    ]
    for (key, value) in changes {
        if let index = members.firstIndex(where: { $0.0 == key }) {
            members[index].1 = value
        } else {
            members.append((key, value))
        }
    }
    let written = members.compactMap { member in member.1.map { "\"\(member.0)\":\($0)" } }
    return "{" + written.joined(separator: ",") + "}"
}

/// The small event with one changed member.
func minimal(_ key: String, _ value: String?) -> String {
    minimal([(key, value)])
}

/// An envelope around `data`, which is raw JSON like the rest.
func envelope(data: String?, type: String?, event: String? = nil, source: String? = nil) -> String {
    let members = [("id", #""whs_1""#), ("type", type), ("event", event), ("source", source), ("data", data)]
    let written = members.compactMap { member in member.1.map { "\"\(member.0)\":\($0)" } }
    return "{" + written.joined(separator: ",") + "}"
}

let wanted = #""customer.rewarded.loyalty_points""#

/// A small generator whose sequence depends on its seed alone (SplitMix64).
struct SeededGenerator: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) {
        state = seed
    }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}
