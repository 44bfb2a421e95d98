// swift-tools-version: 6.3
import PackageDescription

// A package of its own, so that the product does not depend on what only its measurements need. The modules under
// measurement are the product's own sources, by symbolic links; their settings are those of the product's manifest.

let strict: [SwiftSetting] = [
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
    .enableUpcomingFeature("InferIsolatedConformances"),
    .strictMemorySafety(),
    .treatAllWarnings(as: .error),
]

/// Counting needs nothing but what the product has fetched and built quickly; `deploy/counts` sets this.
let isCounting = Context.environment["MICRO_COUNTS"] != nil

let measured: [Target] = [
    .systemLibrary(name: "Crdkafka", pkgConfig: "rdkafka", providers: [.apt(["librdkafka-dev"])]),
    .target(
        name: "Csimdjson",
        cxxSettings: [.unsafeFlags(["-O2"])],
        linkerSettings: [.linkedLibrary("simdjson")]
    ),
    .target(
        name: "Kafka",
        dependencies: ["Crdkafka"],
        swiftSettings: strict + [.enableExperimentalFeature("Lifetimes")]
    ),
    .target(
        name: "LoyaltyEvents",
        dependencies: ["Csimdjson"],
        // All that needs swift-crypto, which takes longer to build than everything here.
        exclude: ["AccrualKey.swift", "EffectKey.swift", "Inspection.swift"],
        swiftSettings: strict + [.enableExperimentalFeature("Lifetimes")]
    ),
    .target(
        name: "Pipeline",
        dependencies: [
            "Kafka",
            .product(name: "DequeModule", package: "swift-collections"),
            .product(name: "HeapModule", package: "swift-collections"),
            .product(name: "Logging", package: "swift-log"),
        ],
        swiftSettings: strict
    ),
    .target(
        name: "Stages",
        dependencies: ["LoyaltyEvents", "Pipeline", "Kafka"],
        // The way in; the stages themselves are measured with their sinks, by `deploy/bench`.
        sources: ["IntakeCounts.swift", "LoyaltyIntake.swift", "LoyaltyWork.swift"],
        swiftSettings: strict
    ),
]

let counting: [Target] = [
    .target(name: "DOMParse", cxxSettings: [.unsafeFlags(["-O2"])], linkerSettings: [.linkedLibrary("simdjson")]),
    .target(
        name: "Cases",
        dependencies: ["DOMParse", "Kafka", "LoyaltyEvents", "Pipeline", "Stages"],
        swiftSettings: strict + [.enableExperimentalFeature("Lifetimes")]
    ),
    .target(name: "Counting"),
    .executableTarget(name: "Counts", dependencies: ["Cases", "Counting"], swiftSettings: strict),
]

let timing: [Target] = [
    .target(name: "FoundationModel", swiftSettings: strict),
    .executableTarget(
        name: "Times",
        dependencies: ["Cases", "FoundationModel", .product(name: "Benchmark", package: "benchmark")],
        path: "Benchmarks/Times",
        swiftSettings: strict,
        plugins: [.plugin(name: "BenchmarkPlugin", package: "benchmark")]
    ),
]

let package = Package(
    name: "micro",
    dependencies: [
        // Exactly those that were counted with: a release of theirs must not look like a change of ours.
        .package(url: "https://github.com/apple/swift-collections", exact: "1.6.0"),
        .package(url: "https://github.com/apple/swift-log", exact: "1.16.2"),
    ]
        + (isCounting ? [] : [.package(url: "https://github.com/ordo-one/benchmark", from: "1.38.1", traits: [])]),
    targets: measured + counting + (isCounting ? [] : timing),
    swiftLanguageModes: [.v6],
    cxxLanguageStandard: .cxx17
)
