import Foundation

/// A small disk of its own for a journal, with the worker that writes to it: both in a mount namespace, so that neither needs
/// rights on this machine nor leaves anything behind.
struct Disk {
    /// Answers each line with one.
    let holder: Program
    private let folder: URL

    private static let script = """
        disk=$1; target=$2; shift 2
        mkdir -p "$disk"
        mount -t tmpfs -o size=96m tmpfs "$disk" || { echo refused; exit; }
        echo mounted
        "$@" --journal-url "sqlite:$disk/journal.sqlite" >/dev/null & worker=$!
        while read -r word; do
            case $word in
            fill) cat /dev/zero >"$disk/ballast" 2>/dev/null; echo full ;;
            free) rm "$disk/ballast"; echo free ;;
            stop) kill -TERM $worker; wait $worker; echo $?; cp "$disk"/journal.sqlite* "$target"; echo copied; exit ;;
            esac
        done
        """

    /// The last setting of the site's, its journal, is replaced.
    init(for site: Site) throws {
        folder = site.folder
        var settings = site.settings + ["--breaker-cooldown", "300ms", "--log-level", "debug"]
        if let journal = settings.firstIndex(of: "--journal-url") { settings.removeSubrange(journal...(journal + 1)) }
        holder = try Program(
            ["--user", "--map-root-user", "--mount", "sh", "-c", Self.script, "sh"]
                + [folder.appending(path: "disk").path, folder.path, Program.executable.path, "run"] + settings,
            executable: URL(filePath: "/usr/bin/unshare")
        )
    }

    func isThere() async throws -> Bool {
        _ = await holder.outputReaches(1)
        return holder.lines.first == "mounted"
    }

    func fill() async throws { try await ask("fill") }

    func free() async throws { try await ask("free") }

    /// Ends the worker and copies the journal to the site; returns the worker's status.
    func stopWorker() async throws -> String? {
        try await ask("stop")
        let status = holder.lines.last
        _ = await holder.finish()
        return status == "copied" ? holder.lines.dropLast().last : status
    }

    private func ask(_ word: String) async throws {
        let before = holder.lines.count
        try holder.write(word)
        _ = await holder.outputReaches(before + 1)
    }
}
