import ArgumentParser
import Foundation
import LoyaltyEvents

/// `loyalty-worker inspect`
struct InspectCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "inspect",
        abstract: "Decodes and routes files without any broker.",
        discussion:
            "Exits with 1 when a file can't be read. A dead letter is a result, not a failure."
    )

    @Argument(help: "Files that hold one event each, or - for stdin.")
    var files: [String]

    @Flag(help: "One JSON object a line, for programs.")
    var json = false

    func validate() throws {
        if files.filter({ $0 == "-" }).count > 1 { throw ValidationError("- (stdin) can be read once only") }
    }

    func run() async throws {
        let decoder = EventDecoder()
        var missing: [String] = []
        var lines: [String] = []
        for file in files {
            guard let bytes = Self.read(file) else {
                missing.append(file)
                continue
            }
            let decoded = decoder.decode(bytes)
            let inspection = Inspection(file: Self.name(of: file), decoded: decoded)
            lines.append(json ? inspection.json : InspectionText.text(inspection))
            if lines.count >= 256 {
                Terminal.print(lines.joined(separator: "\n"))
                lines.removeAll(keepingCapacity: true)
            }
        }
        if !lines.isEmpty { Terminal.print(lines.joined(separator: "\n")) }
        guard missing.isEmpty else {
            let names = missing.prefix(5).joined(separator: ", ") + (missing.count > 5 ? ", …" : "")
            throw CommandFailure.failed(
                "\(missing.count) of \(files.count) files can't be read: \(names); check the paths and permissions"
            )
        }
    }

    /// The last part of the path: what the reference results call a file.
    private static func name(of file: String) -> String {
        file == "-" ? "-" : file.split(separator: "/").last.map(String.init) ?? file
    }

    private static func read(_ file: String) -> [UInt8]? {
        let data =
            file == "-"
            ? try? FileHandle.standardInput.readToEnd() ?? Data() : FileManager.default.contents(atPath: file)
        return data.map(Array.init)
    }
}

/// What was found in a file, for people.
enum InspectionText {
    static func text(_ inspection: Inspection) -> String {
        var rows: [(String, String)] = []
        switch inspection.decoded {
        case .accept(let event):
            rows.append(("customer", [event.customerID, event.customerName].compactMap { $0 }.joined(separator: ", ")))
            rows.append(("points", "\(signed(event.points)), balance \(event.balance)"))
            rows.append(("card", list(event.voucherID, event.voucherCode.map { "code \($0)" }, event.campaignName)))
            rows.append(("rule", list(event.earningRuleID, event.earningRuleType, event.calculationType)))
            if let order = event.orderID { rows.append(("order", order)) }
            if let publication = event.publicationID { rows.append(("publication", publication)) }
            rows.append(("routes", inspection.routes.joined(separator: ", ")))
            rows.append(("accrual", event.accrualKey.parts.map { $0 ?? "–" }.joined(separator: " / ")))
            if let fallback = event.accrualKey.fallback { rows.append(("fallback", fallback.rawValue)) }
            return head(inspection, "accept", "form \(event.form.rawValue)") + body(rows)
        case .ignore(.tombstone):
            return head(inspection, "ignore", "a tombstone: no value")
        case .ignore(.otherType(let type)):
            return head(inspection, "ignore", "an event of another type: \(type)")
        case .reject(let rejection):
            rows.append(("reason", rejection.reason))
            rows.append(("where", rejection.path.isEmpty ? "the whole document" : rejection.path))
            return head(inspection, "reject", "would become a dead letter") + body(rows)
        }
    }

    private static func head(_ inspection: Inspection, _ outcome: String, _ what: String) -> String {
        "\(inspection.file.oneLine()): \(outcome), \(what.oneLine())"
    }

    private static func body(_ rows: [(String, String)]) -> String {
        rows.map { "\n  \($0.0.padding(toLength: 12, withPad: " ", startingAt: 0)) \($0.1.oneLine())" }.joined()
    }

    private static func list(_ parts: String?...) -> String {
        let known = parts.compactMap { $0 }
        return known.isEmpty ? "–" : known.joined(separator: ", ")
    }

    private static func signed(_ points: Int64) -> String {
        points > 0 ? "+\(points)" : "\(points)"
    }
}
