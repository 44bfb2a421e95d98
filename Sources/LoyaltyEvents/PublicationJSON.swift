extension EventDecoder {
    /// The publication of a value as received, byte for byte: the object without what surrounds it. Nil when the value
    /// is no event with a publication.
    package func publicationJSON(
        in bytes: [UInt8],
        count: Int?,
        attributes: CloudEventAttributes? = nil
    ) -> ArraySlice<UInt8>? {
        guard case .accept(let event) = decode(bytes, count: count, attributes: attributes) else { return nil }
        return count.flatMap { publicationJSON(of: event, in: bytes, count: $0) }
    }

    /// The same for a value of which `event` was decoded before.
    package func publicationJSON(of event: LoyaltyEvent, in value: RawSpan) -> ArraySlice<UInt8>? {
        guard event.route.contains(.publication) else { return nil }
        return publicationJSON(of: event, in: [UInt8](copying: value), count: value.byteCount)
    }

    /// The same for a value that is the first `count` of `bytes`.
    package func publicationJSON(of event: LoyaltyEvent, in bytes: [UInt8], count: Int) -> ArraySlice<UInt8>? {
        guard event.route.contains(.publication), count <= bytes.count else { return nil }
        if let place = event.publicationPlace, place.upperBound <= count { return bytes[place] }
        var scan = ObjectScan(bytes: bytes, end: count, object: JSONDocument.start(bytes, count: count))
        for _ in 0..<event.dataDepth {
            guard let data = scan.value(of: "data") else { return nil }
            scan.object = data.lowerBound
        }
        return scan.value(of: "publication").map { bytes[$0] }
    }
}

/// Finds members in the bytes of a text that was parsed before. Like the parsers, it takes the last of repeated keys.
private struct ObjectScan {
    let bytes: [UInt8]
    let end: Int
    /// Where the object begins, or blanks in front of it.
    var object: Int

    /// Where the value of a member of the object is.
    func value(of key: String) -> Range<Int>? {
        var input = StrictParser.Input(bytes: bytes, at: object, end: end)
        input.skipBlanks()
        guard input.next == UInt8(ascii: "{") else { return nil }
        input.at += 1
        var found: Range<Int>?
        while true {
            input.skipBlanks()
            if input.next == UInt8(ascii: ",") {
                input.at += 1
                input.skipBlanks()
            }
            guard input.next == UInt8(ascii: "\"") else { return found }
            let start = input.at
            skipString(&input.at)
            let matches = spells(key, start + 1, input.at - 1)
            input.skipBlanks()
            input.at += 1
            input.skipBlanks()
            let value = input.at
            skipValue(&input.at)
            if matches { found = value..<input.at }
        }
    }

    /// Whether the text between two quotes is the key, which may hide behind escapes.
    private func spells(_ key: String, _ start: Int, _ end: Int) -> Bool {
        guard start <= end, end <= bytes.count else { return false }
        if !bytes[start..<end].contains(UInt8(ascii: "\\")) { return bytes[start..<end].elementsEqual(key.utf8) }
        var input = StrictParser.Input(bytes: bytes, at: start, end: end)
        var text: [UInt8] = []
        while let byte = input.next {
            if byte == UInt8(ascii: "\\") {
                guard let scalar = try? input.escape() else { return false }
                text.append(contentsOf: UTF8.encode(scalar) ?? UTF8.encodedReplacementCharacter)
            } else {
                text.append(byte)
                input.at += 1
            }
        }
        return text.elementsEqual(key.utf8)
    }

    /// Moves from a quote to behind the one that closes it.
    private func skipString(_ at: inout Int) {
        at += 1
        while at < end {
            switch bytes[at] {
            case UInt8(ascii: "\""):
                at += 1
                return
            case UInt8(ascii: "\\"): at += 2
            default: at += 1
            }
        }
    }

    /// Moves from the first byte of a value to behind its last.
    private func skipValue(_ at: inout Int) {
        var depth = 0
        while at < end {
            switch bytes[at] {
            case UInt8(ascii: "\""):
                skipString(&at)
                if depth == 0 { return }
            case UInt8(ascii: "{"), UInt8(ascii: "["):
                depth += 1
                at += 1
            case UInt8(ascii: "}"), UInt8(ascii: "]"):
                if depth == 0 { return }
                depth -= 1
                at += 1
                if depth == 0 { return }
            case UInt8(ascii: ","), 0x20, 0x0A, 0x0D, 0x09:
                if depth == 0 { return }
                at += 1
            default:
                at += 1
            }
        }
    }
}
