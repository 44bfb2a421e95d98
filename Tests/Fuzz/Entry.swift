import Foundation

/// Where libFuzzer comes in. What does not hold ends the process, so that the input is kept.
@c(LLVMFuzzerTestOneInput)
public func testOneInput(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    let data = unsafe [UInt8](UnsafeBufferPointer(start: start, count: count))
    guard let reason = broken(by: data) else { return 0 }
    FileHandle.standardError.write(Data("BROKEN: \(reason)\n".utf8))
    abort()
}
