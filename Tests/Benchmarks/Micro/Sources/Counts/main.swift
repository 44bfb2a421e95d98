import Cases
import Counting

// Runs every case between the two calls by which callgrind knows what to count, and prints one line for each, in the same
// order: name, operations, allocations. With names of cases behind it, only those: for a profile of one.

let names = CommandLine.arguments.dropFirst()

for measured in Case.all where names.isEmpty || names.contains(measured.name) {
    let operate = try measured.prepare()
    var sum = 0
    // Once for the buffers that grow and for what is made but once.
    for _ in 0..<measured.operations { sum &+= operate() }
    counting_begin()
    for _ in 0..<measured.operations { sum &+= operate() }
    let allocations = counting_end()
    guard sum != 0 else { throw Unfit(what: "\(measured.name) did nothing") }
    print(measured.name, measured.operations, allocations, separator: "\t")
}
