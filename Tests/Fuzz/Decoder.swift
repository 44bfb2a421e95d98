/// One decoder for all inputs, as in the worker: what one leaves behind must not change the next. libFuzzer calls from one
/// thread.
nonisolated(unsafe) private let property = DecoderProperty()

func broken(by data: [UInt8]) -> String? {
    unsafe property.broken(by: data)
}
