/// One thing that is measured.
package struct Case: Sendable {
    package let name: String
    /// How many operations are measured together: some milliseconds of them.
    package let operations: Int
    /// Makes what one operation works on, and the operation. Its answer must not be thrown away, or the compiler would
    /// leave out the work.
    package let prepare: @Sendable () throws -> () -> Int

    package init(_ name: String, operations: Int = 1000, _ prepare: @escaping @Sendable () throws -> () -> Int) {
        self.name = name
        self.operations = operations
        self.prepare = prepare
    }

    /// All of them, in the order of a record's way.
    package static let all = decoding + progress
}

/// A case that does not do what it is to be measured for.
package struct Unfit: Error {
    let what: String

    package init(what: String) {
        self.what = what
    }
}
