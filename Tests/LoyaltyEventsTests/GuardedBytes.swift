import Foundation
import LoyaltyEvents

/// Bytes at the very end of memory that may be read: whoever reads one more crashes.
@safe
final class GuardedBytes {
    private let room: UnsafeMutableRawPointer
    private let capacity: Int
    private let page: Int

    /// Nil when the system gives no memory.
    init?(capacity atLeast: Int) {
        page = Int(getpagesize())
        capacity = (atLeast + page - 1) / page * page
        let flags = MAP_PRIVATE | MAP_ANONYMOUS
        guard let mapped = unsafe mmap(nil, capacity + page, PROT_READ | PROT_WRITE, flags, -1, 0),
            unsafe mapped != MAP_FAILED
        else { return nil }
        unsafe room = mapped
        guard unsafe mprotect(mapped + capacity, page, PROT_NONE) == 0 else { return nil }
    }

    deinit {
        unsafe munmap(room, capacity + page)
    }

    /// Decodes a value that ends where the memory does.
    func decode(_ value: ArraySlice<UInt8>, with decoder: EventDecoder) -> Decoded? {
        guard value.count <= capacity else { return nil }
        let start = unsafe room + (capacity - value.count)
        unsafe value.withUnsafeBytes { source in
            if let from = source.baseAddress { unsafe start.copyMemory(from: from, byteCount: source.count) }
        }
        let bytes = unsafe RawSpan(_unsafeStart: start, byteCount: value.count)
        return decoder.decode(bytes)
    }
}
