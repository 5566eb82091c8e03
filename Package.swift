// swift-tools-version: 6.2
import PackageDescription

/// Every target of ours is compiled under the same rules; a warning is an error.
let houseRules: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .treatAllWarnings(as: .error),
    .strictMemorySafety(),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
]

/// A room: a target under `Sources/`, importing what its list names and nothing else.
func room(_ name: String, imports: [Target.Dependency]) -> Target {
    .target(name: name, dependencies: imports, swiftSettings: houseRules)
}

/// The tests of a room, under `Tests/`, mirroring its sources.
func tests(
    of room: String, imports: [Target.Dependency] = [], exclude: [String] = [], resources: [Resource] = []
) -> Target {
    .testTarget(
        name: room + "Tests", dependencies: [.byName(name: room)] + imports, exclude: exclude, resources: resources,
        swiftSettings: houseRules)
}

let package = Package(
    name: "drctl",
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        .package(url: "https://github.com/apple/swift-system", from: "1.8.1"),
        .package(url: "https://github.com/apple/swift-collections", from: "1.6.0"),
        .package(url: "https://github.com/hummingbird-project/swift-mustache", from: "2.1.1"),
        .package(url: "https://github.com/swiftlang/swift-subprocess", from: "1.0.2"),
        .package(url: "https://github.com/swift-server/async-http-client", from: "1.37.0"),
        .package(url: "https://github.com/apple/swift-nio", from: "2.101.2"),
        .package(url: "https://github.com/apple/swift-nio-ssl", from: "2.37.6"),
        .package(url: "https://github.com/jpsim/Yams", from: "6.2.2"),
        .package(url: "https://github.com/groue/GRDB.swift", from: "7.10.0"),
    ],
    targets: [
        .target(name: "CLinux"),
        room("DRSystem", imports: ["CLinux", .product(name: "SystemPackage", package: "swift-system")]),
        .target(
            name: "DRTestSupport",
            dependencies: [
                "DRJSON", "DRSystem", "DRJournal", .product(name: "SystemPackage", package: "swift-system"),
            ],
            path: "Tests/DRTestSupport", swiftSettings: houseRules),
        tests(of: "DRSystem", imports: ["DRTestSupport", .product(name: "SystemPackage", package: "swift-system")]),
        tests(
            of: "DRJournal",
            imports: [
                "DRTestSupport", "DRSystem", "DRMachine", "DRRunbook", "DRCrypto",
                .product(name: "SystemPackage", package: "swift-system"),
            ], exclude: ["Golden"]),
        .systemLibrary(name: "COpenSSL", pkgConfig: "libcrypto", providers: [.apt(["libssl-dev"])]),
        room("DRCrypto", imports: ["COpenSSL"]),
        tests(of: "DRCrypto", imports: ["COpenSSL"], resources: [.copy("Vectors")]),
        .systemLibrary(name: "CArchive", pkgConfig: "libarchive", providers: [.apt(["libarchive-dev"])]),
        room(
            "DRArchive",
            imports: ["CArchive", "DRSystem", .product(name: "SystemPackage", package: "swift-system")]),
        tests(of: "DRArchive", imports: ["DRSystem"]),
        .systemLibrary(name: "CZstd", pkgConfig: "libzstd", providers: [.apt(["libzstd-dev"])]),
        room(
            "DRRepository",
            imports: [
                "DRSystem", "DRCrypto", "DRArchive", "CZstd", .product(name: "SystemPackage", package: "swift-system"),
                .product(name: "DequeModule", package: "swift-collections"),
                .product(name: "HeapModule", package: "swift-collections"),
            ]),
        tests(
            of: "DRRepository",
            imports: [
                "DRTestSupport", "DRSystem", "DRCrypto", "DRArchive",
                .product(name: "SystemPackage", package: "swift-system"),
            ],
            resources: [.copy("Vectors")]),
        room(
            "DRJournal",
            imports: [
                "DRParallel", "DRRunbook", "DRMachine", "DRSystem", "DRCrypto",
                .product(name: "SystemPackage", package: "swift-system"),
            ]),
        room("DRParallel", imports: []),
        tests(of: "DRParallel"),
        room("DRJSON", imports: ["DRParallel"]),
        tests(of: "DRJSON"),
        room("DRRunbook", imports: ["DRParallel", "DRJSON", "DRCrypto", .product(name: "Yams", package: "Yams")]),
        tests(of: "DRRunbook", imports: ["DRTestSupport", "DRCrypto"], exclude: ["Diagnostics", "Golden"]),
        room("DRMachine", imports: ["DRJSON", "DRRunbook", "DRCrypto"]),
        tests(of: "DRMachine", imports: ["DRTestSupport", "DRRunbook", "DRCrypto"], exclude: ["Golden", "Scenarios"]),
        room(
            "DRSimulation",
            imports: [
                "DRRunbook", "DRMachine", "DRJournal", "DRCrypto",
                .product(name: "HeapModule", package: "swift-collections"),
            ]),
        tests(of: "DRSimulation"),
        .executableTarget(
            name: "drctl-sim",
            dependencies: [
                "DRSimulation", "DRSystem", .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ],
            swiftSettings: houseRules),
        room("DRMeasure", imports: ["DRRunbook", "DRMachine"]),
        tests(of: "DRMeasure", imports: ["DRRunbook", "DRMachine", "DRCrypto"]),
        room(
            "DRHistory",
            imports: [
                "DRRunbook", "DRMachine", "DRMeasure", "DRJournal", "DRSystem", "DRCrypto",
                .product(name: "SystemPackage", package: "swift-system"),
                .product(name: "GRDB", package: "GRDB.swift"),
            ]),
        tests(
            of: "DRHistory",
            imports: [
                "DRTestSupport", "DRRunbook", "DRMachine", "DRMeasure", "DRJournal", "DRSystem", "DRCrypto",
                .product(name: "SystemPackage", package: "swift-system"),
            ]),
        room(
            "DREngine",
            imports: [
                "DRParallel", "DRJSON", "DRRunbook", "DRMachine", "DRJournal", "DRSystem", "DRCrypto",
                .product(name: "SystemPackage", package: "swift-system"),
                .product(name: "Subprocess", package: "swift-subprocess"),
                .product(name: "AsyncHTTPClient", package: "async-http-client"),
                .product(name: "NIOCore", package: "swift-nio"), .product(name: "NIOPosix", package: "swift-nio"),
                .product(name: "NIOHTTP1", package: "swift-nio"), .product(name: "NIOSSL", package: "swift-nio-ssl"),
            ]),
        .executableTarget(
            name: "RepositoryBench",
            dependencies: [
                "DRRepository", "DRCrypto", "DRArchive", "DRSystem",
                .product(name: "SystemPackage", package: "swift-system"),
            ],
            path: "Tests/RepositoryBench", swiftSettings: houseRules),
        .executableTarget(
            name: "EngineTool",
            dependencies: [
                "DREngine", "DRRunbook", "DRMachine", "DRSystem",
                .product(name: "SystemPackage", package: "swift-system"),
            ],
            path: "Tests/EngineTool", swiftSettings: houseRules),
        tests(
            of: "DREngine",
            imports: [
                "EngineTool", "DRRunbook", "DRMachine", "DRJournal", "DRSystem", "DRCrypto", "DRTestSupport",
                .product(name: "SystemPackage", package: "swift-system"),
            ]),
        .target(
            name: "Templates", path: "Templates",
            resources: [
                .embedInCode("report.mustache"), .embedInCode("report-step-row.mustache"),
                .embedInCode("report-step.mustache"), .embedInCode("report.css"), .embedInCode("icons.svg"),
                .embedInCode("init-site.yaml"),
                .embedInCode("init-services.yaml"), .embedInCode("init-runbook.yaml"),
            ], swiftSettings: houseRules),
        room(
            "DREvidence",
            imports: [
                "DRParallel", "DRRunbook", "DRMachine", "DRMeasure", "DRJournal", "DRSystem", "DRCrypto", "Templates",
                .product(name: "SystemPackage", package: "swift-system"),
                .product(name: "Mustache", package: "swift-mustache"),
            ]),
        tests(
            of: "DREvidence",
            imports: [
                "DRTestSupport", "DRRunbook", "DRMachine", "DRMeasure", "DRJournal", "DRSystem", "DRCrypto",
                "Templates", .product(name: "SystemPackage", package: "swift-system"),
            ], exclude: ["Golden"]),
        .executableTarget(
            name: "drctl",
            dependencies: [
                "DRParallel", "DRRunbook", "DRMachine", "DRMeasure", "DRJournal", "DREngine", "DRRepository",
                "DREvidence",
                "DRHistory", "DRCrypto",
                "DRSystem", .product(name: "ArgumentParser", package: "swift-argument-parser"),
                .product(name: "Subprocess", package: "swift-subprocess"),
                .product(name: "SystemPackage", package: "swift-system"),
                .product(name: "AsyncHTTPClient", package: "async-http-client"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOHTTP1", package: "swift-nio"),
            ],
            swiftSettings: houseRules,
            // All functions are bound at the start. Binding one at its first call saves the registers of the moment on the
            // stack, and what was copied last through them, a key say, would stay there.
            linkerSettings: [
                .unsafeFlags(["-Xlinker", "-z", "-Xlinker", "now", "-Xlinker", "-z", "-Xlinker", "relro"])
            ]),
        .testTarget(
            name: "CommandTests",
            dependencies: [
                "drctl", "DRTestSupport", "DRRepository", "DREngine", "DRJournal", "DRMachine", "DRRunbook", "DRCrypto",
                "DRSystem",
                .product(name: "SystemPackage", package: "swift-system"),
            ], exclude: ["Golden", "Transcripts"], swiftSettings: houseRules),
        .testTarget(name: "TidyTests", swiftSettings: houseRules),
    ]
)
