import Pipeline

/// A customer of the generated events; all of it follows from the seed of the run and the customer's number.
struct Customer: Sendable {
    let number: Int
    let seed: UInt64

    init(number: Int, seed: UInt64) {
        self.number = number
        self.seed = SplitMix64.seed(of: number, in: seed ^ 0x6375_7374)
    }

    /// The Kafka key of the customer's records: `customer.id`.
    var key: [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(29)
        Identifier.customer.append(of: seed, to: &bytes)
        return bytes
    }

    var id: String { Identifier.customer.text(of: seed) }

    var voucherID: String { Identifier.voucher.text(of: seed) }

    /// Sets the fields that speak of the customer and the customer's card.
    func describe(on canvas: inout EventCanvas) {
        var random = SplitMix64(seed: seed &+ 7)
        let given = Self.givenNames[random.below(Self.givenNames.count)]
        let family = Self.familyNames[random.below(Self.familyNames.count)]
        let place = random.below(Self.regions.count)
        canvas.set(.customerID, .customer, of: seed)
        canvas.set(.voucherID, .voucher, of: seed)
        canvas.set(.customerName) { bytes in
            bytes.append(contentsOf: given)
            bytes.append(UInt8(ascii: " "))
            bytes.append(contentsOf: family)
        }
        let digits = Self.digits(of: number)
        if random.chance(0.5) {
            canvas.set(.customerEmail, Self.noEmail)
        } else {
            canvas.set(.customerEmail) { bytes in
                bytes.append(contentsOf: Self.emailHead)
                bytes.append(contentsOf: digits)
                bytes.append(contentsOf: Self.emailTail)
            }
        }
        canvas.set(.customerSource) { bytes in
            bytes.append(contentsOf: Self.sourceHead)
            bytes.append(contentsOf: digits)
        }
        canvas.set(.voucherCode) { bytes in
            bytes.append(contentsOf: Self.codeHead)
            bytes.append(contentsOf: digits)
        }
        canvas.set(.region, Self.regions[place])
        canvas.set(.currency, Self.currencies[place])
        let joinedAt = Moment.start - 86_400_000 * Int64(1 + number % 500)
        canvas.set(.joinedAt) { Moment.append(milliseconds: joinedAt, to: &$0) }
        let programme = Self.programmes[number % Self.programmes.count]
        canvas.set(.campaignID, programme.id)
        canvas.set(.campaignName, programme.name)
    }

    private static func digits(of number: Int) -> [UInt8] {
        let text = String(number, radix: 36, uppercase: true)
        return Array(repeating: UInt8(ascii: "0"), count: max(0, 6 - text.utf8.count)) + text.utf8
    }

    private static let noEmail = Array("null".utf8)
    private static let emailHead = Array("\"member-".utf8)
    private static let emailTail = Array("@example.com\"".utf8)
    private static let sourceHead = Array("crm-".utf8)
    private static let codeHead = Array("LC-".utf8)
    private static let givenNames = ["Jack", "Zoë", "Łukasz", "María", "Aarav", "明", "Amara", "Søren", "Nadia", "Tom"]
        .map { Array($0.utf8) }
    private static let familyNames = [
        "Webhook", "Nowak", "García", "O'Neill", "Ødegård", "Schäfer", "Okafor", "Tanaka", "Iyer", "Smith",
    ]
    .map { Array($0.utf8) }
    private static let regions = ["EMEA", "US", "APAC", "LATAM"].map { Array($0.utf8) }
    private static let currencies = ["EUR", "USD", "JPY", "BRL"].map { Array($0.utf8) }
    private static let programmes = [
        ("camp_AQZ1GLRlbGaC2dETd31VbJQ9", "Loyalty programme"),
        ("camp_fkZ28pe7DUAEmmabofkxHI8N", "Coffee club"),
        ("camp_7xzcWMVIefoujUIpuwwrHxIU", "Stars & Friends"),
    ]
    .map { (id: Array($0.0.utf8), name: Array($0.1.utf8)) }
}
