func broken(by data: [UInt8]) -> String? {
    OffsetMapProperty.broken(by: data)
}
