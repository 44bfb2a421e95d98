func broken(by data: [UInt8]) -> String? {
    HeaderProperty.broken(by: data)
}
