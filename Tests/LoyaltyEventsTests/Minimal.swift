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
