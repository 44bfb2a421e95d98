/// Whether a JSON number is an integer inside Int64, decided on its digits and never through a Double:
/// `900`, `900.0` and `9e2` are all 900, and `9007199254740993.0` keeps its last digit.
enum ExactInteger: Equatable {
    case value(Int64)
    /// Something is left behind the decimal point.
    case fraction
    /// An integer that Int64 can't hold.
    case outOfRange

    /// `number` must be the text of one valid JSON number.
    init(_ number: some Collection<UInt8>) {
        var negative = false
        var mantissa: [UInt8] = []
        var exponent = 0
        var exponentSign = 1
        var point: Int?
        var inExponent = false
        for byte in number {
            switch byte {
            case UInt8(ascii: "-"):
                if inExponent { exponentSign = -1 } else { negative = true }
            case UInt8(ascii: "."):
                point = mantissa.count
            case UInt8(ascii: "e"), UInt8(ascii: "E"):
                inExponent = true
            case UInt8(ascii: "0")...UInt8(ascii: "9"):
                let digit = byte - UInt8(ascii: "0")
                if !inExponent {
                    mantissa.append(digit)
                } else if exponent < Self.exponentLimit {
                    exponent = exponent * 10 + Int(digit)
                }
            default:
                break
            }
        }
        // The number is the digits of the mantissa times ten to this power.
        var power = exponentSign * exponent - (point.map { mantissa.count - $0 } ?? 0)
        guard let first = mantissa.firstIndex(where: { $0 != 0 }) else {
            self = .value(0)
            return
        }
        while mantissa.last == 0 {
            mantissa.removeLast()
            power += 1
        }
        if power < 0 {
            self = .fraction
            return
        }
        let significant = mantissa[first...]
        guard significant.count + power <= Self.mostDigits else {
            self = .outOfRange
            return
        }
        var value: Int64 = 0
        for digit in significant + Array(repeating: 0, count: power) {
            let (shifted, overflow) = value.multipliedReportingOverflow(by: 10)
            let (sum, carry) = shifted.subtractingReportingOverflow(Int64(digit))
            if overflow || carry {
                self = .outOfRange
                return
            }
            value = sum
        }
        // Counted downwards, because Int64 reaches one further below zero than above.
        if negative {
            self = .value(value)
        } else if value == .min {
            self = .outOfRange
        } else {
            self = .value(-value)
        }
    }

    /// Digits of Int64.max.
    private static let mostDigits = 19
    /// Far above the length of any document, far below overflow.
    private static let exponentLimit = 1 << 40
}
