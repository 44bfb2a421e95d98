import Pipeline

/// What a customer did that earned points; all of it follows from a seed.
struct Purchase: Sendable {
    struct Item: Sendable {
        let product: Product
        let quantity: Int64

        var amount: Int64 { quantity * product.price }
    }

    struct Product: Sendable {
        let id: [UInt8]
        let source: [UInt8]
        let name: [UInt8]
        /// In hundredths of the currency.
        let price: Int64

        init(_ id: String, _ source: String, _ name: String, _ price: Int64) {
            self.id = Array(id.utf8)
            self.source = Array(source.utf8)
            self.name = Array(name.utf8)
            self.price = price
        }
    }

    let items: [Item]
    let amount: Int64
    let discount: Int64
    let visits: Int64
    let lifetimeValue: Int64

    var payable: Int64 { amount - discount }

    var quantity: Int64 {
        items.reduce(0) { $0 + $1.quantity }
    }

    init(seed: UInt64) {
        var random = SplitMix64(seed: seed)
        items = (0...random.below(2)).map { _ in
            Item(
                product: Self.products[random.below(Self.products.count)],
                quantity: Int64(1 + random.below(6))
            )
        }
        amount = items.reduce(0) { $0 + $1.amount }
        discount = random.chance(0.5) ? amount / 10 : 0
        visits = Int64(10 + random.below(90))
        lifetimeValue = Int64(1 + random.below(40))
    }

    private static let products = [
        Product("prod_0df14b7e7d8975079d", "star-th-bottle", "Star Thermal Bottle", 2500),
        Product("prod_0b1da8105693710357", "star-mug", "Star Mug", 1290),
        Product("prod_0b7d7dfb05cbe5c616", "arabica-1kg", "Arabica Beans, 1 kg", 2190),
        Product("prod_0b15f6b9f650c16990", "aeropress", "AeroPress® Coffee Maker", 3995),
        Product("prod_0bae32322150fd0546", "oolong-100", "Jasmine Oolong (100 g)", 1450),
        Product("prod_0bc92f81d6801f9bca", "creme-brulee", "Crème brûlée \\\"Maison\\\"", 890),
        Product("prod_0bcb5ae05ec1198563", "hand-grinder", "Hand Grinder", 5900),
        Product("prod_0c8eb9d2d3e7f8a2b1", "filter-100", "Paper Filters, 100 pieces", 690),
    ]
}
