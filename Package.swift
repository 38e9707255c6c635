// swift-tools-version: 6.2
// SPDX-License-Identifier: Apache-2.0
import PackageDescription

// One line per target: what it may import is the layering of docs/architecture.md. CI builds with
// --explicit-target-dependency-import-check error, so an import that is not listed here does not compile.

let settings: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .treatAllWarnings(as: .error),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("ExistentialAny"),
]
let handlesC = settings + [.strictMemorySafety()]

let nioCore = Target.Dependency.product(name: "NIOCore", package: "swift-nio")
let nioPosix = Target.Dependency.product(name: "NIOPosix", package: "swift-nio")
let httpTypes = Target.Dependency.product(name: "HTTPTypes", package: "swift-http-types")
let hummingbird = Target.Dependency.product(name: "Hummingbird", package: "hummingbird")
let hummingbirdCore = Target.Dependency.product(name: "HummingbirdCore", package: "hummingbird")
let logging = Target.Dependency.product(name: "Logging", package: "swift-log")
let lifecycle = Target.Dependency.product(name: "ServiceLifecycle", package: "swift-service-lifecycle")
let signals = Target.Dependency.product(name: "UnixSignals", package: "swift-service-lifecycle")
let grdb = Target.Dependency.product(name: "GRDB", package: "GRDB.swift")
let yams = Target.Dependency.product(name: "Yams", package: "Yams")
let arguments = Target.Dependency.product(name: "ArgumentParser", package: "swift-argument-parser")

let package = Package(
    name: "kouan",
    products: [.executable(name: "kouan", targets: ["kouan"])],
    dependencies: [
        .package(url: "https://github.com/apple/swift-nio", from: "2.101.2"),
        .package(url: "https://github.com/apple/swift-http-types", from: "1.8.0"),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        .package(url: "https://github.com/hummingbird-project/hummingbird", from: "2.28.1"),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.13.0"),
        .package(url: "https://github.com/groue/GRDB.swift", from: "7.10.0"),
        .package(url: "https://github.com/jpsim/Yams", from: "6.2.2"),
    ],
    targets: [
        // C libraries of the system: module maps and macro shims, no logic.
        .systemLibrary(name: "COpenSSL"),
        .systemLibrary(name: "CDeflate"),
        .systemLibrary(name: "CZstd"),
        .systemLibrary(name: "CCurl"),

        // Level 0 and 1: pure. No clock, no network, no disk but what a caller hands in.
        .target(name: "ExchangeModel", swiftSettings: settings),
        .target(name: "CryptoPrimitives", dependencies: ["ExchangeModel", "COpenSSL"], swiftSettings: handlesC),
        .target(name: "Identity", dependencies: ["ExchangeModel", "CryptoPrimitives"], swiftSettings: settings),
        .target(name: "Sealing", dependencies: ["ExchangeModel", "CryptoPrimitives", "CDeflate", "CZstd"], swiftSettings: handlesC),
        .target(name: "PolicyEngine", dependencies: ["ExchangeModel"], swiftSettings: settings),
        .target(name: "DataDuties", dependencies: ["ExchangeModel", "CryptoPrimitives"], swiftSettings: settings),
        .target(name: "MerkleLog", dependencies: ["ExchangeModel", "CryptoPrimitives"], swiftSettings: settings),
        .target(
            name: "DataspaceProtocol", dependencies: ["ExchangeModel"], exclude: ["Schemas"], swiftSettings: settings),

        // Level 2: effects.
        .target(name: "StorageSQLite", dependencies: ["ExchangeModel", grdb], swiftSettings: settings),
        .target(
            name: "Ledger", dependencies: ["ExchangeModel", "CryptoPrimitives", "MerkleLog", "StorageSQLite", grdb],
            swiftSettings: settings),
        .target(
            name: "TLSTransport",
            dependencies: [
                "ExchangeModel", "CryptoPrimitives", "COpenSSL", "CCurl", nioCore, hummingbirdCore, logging,
            ],
            swiftSettings: handlesC),
        .target(
            name: "Exchange",
            dependencies: [
                "ExchangeModel", "CryptoPrimitives", "Identity", "Sealing", "PolicyEngine", "DataDuties", "MerkleLog", "DataspaceProtocol",
                "StorageSQLite", "Ledger", logging,
            ],
            swiftSettings: settings),

        // Level 3: edges.
        .target(
            name: "PeerAPI",
            dependencies: [
                "ExchangeModel", "CryptoPrimitives", "Identity", "DataspaceProtocol", "TLSTransport", "Exchange", "Sealing", hummingbird,
                hummingbirdCore, httpTypes, nioCore, logging,
            ],
            swiftSettings: settings),
        .target(
            name: "ManagementAPI",
            dependencies: ["ExchangeModel", "CryptoPrimitives", "Exchange", hummingbird, hummingbirdCore, httpTypes, nioCore, logging],
            swiftSettings: settings),
        .target(
            name: "Node",
            dependencies: [
                "ExchangeModel", "CryptoPrimitives", "Identity", "Sealing", "PolicyEngine", "MerkleLog", "DataspaceProtocol",
                "StorageSQLite", "Ledger", "TLSTransport", "Exchange", "PeerAPI", "ManagementAPI", hummingbird, logging, lifecycle, signals,
                yams, nioCore,
            ],
            swiftSettings: settings),
        .executableTarget(
            name: "kouan",
            dependencies: [
                "ExchangeModel", "CryptoPrimitives", "Identity", "Sealing", "PolicyEngine", "MerkleLog", "Ledger", "TLSTransport",
                "ManagementAPI", "Node",
                arguments, logging,
            ],
            swiftSettings: settings),

        // Tools, never installed.
        .executableTarget(name: "kouan-bench", dependencies: ["ExchangeModel", "PolicyEngine"], swiftSettings: settings),

        // Tests. A folder without a line here does not run: Tests/ holds one folder for each target, besides Vectors and Interop.
        .testTarget(name: "ExchangeModelTests", dependencies: ["ExchangeModel"], swiftSettings: settings),
        .testTarget(name: "CryptoPrimitivesTests", dependencies: ["ExchangeModel", "CryptoPrimitives"], swiftSettings: settings),
        .testTarget(name: "IdentityTests", dependencies: ["ExchangeModel", "CryptoPrimitives", "Identity"], swiftSettings: settings),
        .testTarget(name: "SealingTests", dependencies: ["ExchangeModel", "CryptoPrimitives", "Sealing"], swiftSettings: settings),
        .testTarget(name: "PolicyEngineTests", dependencies: ["ExchangeModel", "PolicyEngine"], swiftSettings: settings),
        .testTarget(
            name: "DataDutiesTests", dependencies: ["ExchangeModel", "CryptoPrimitives", "DataDuties"], swiftSettings: settings),
        .testTarget(name: "MerkleLogTests", dependencies: ["ExchangeModel", "CryptoPrimitives", "MerkleLog"], swiftSettings: settings),
        .testTarget(name: "DataspaceProtocolTests", dependencies: ["ExchangeModel", "DataspaceProtocol"], swiftSettings: settings),
        .testTarget(name: "StorageSQLiteTests", dependencies: ["ExchangeModel", "StorageSQLite", grdb], swiftSettings: settings),
        .testTarget(
            name: "LedgerTests", dependencies: ["ExchangeModel", "CryptoPrimitives", "MerkleLog", "StorageSQLite", "Ledger", grdb],
            swiftSettings: settings),
        .testTarget(
            name: "TLSTransportTests",
            dependencies: [
                "ExchangeModel", "CryptoPrimitives", "TLSTransport", nioCore, nioPosix, hummingbirdCore, httpTypes, logging,
            ],
            swiftSettings: settings),
        .testTarget(
            name: "ManagementAPITests",
            dependencies: ["ExchangeModel", "ManagementAPI", hummingbird, hummingbirdCore, httpTypes, nioCore, logging],
            swiftSettings: settings),
        .testTarget(
            name: "CommandLineTests", dependencies: ["ExchangeModel", "CryptoPrimitives", "ManagementAPI", "Node", "kouan"],
            swiftSettings: settings),
        .target(
            name: "NodeTesting",
            dependencies: [
                "ExchangeModel", "CryptoPrimitives", "Identity", "Sealing", "DataspaceProtocol", "StorageSQLite", "Ledger", "Exchange",
                logging,
            ],
            swiftSettings: settings),
        .testTarget(
            name: "PeerAPITests",
            dependencies: [
                "ExchangeModel", "CryptoPrimitives", "Identity", "Sealing", "DataspaceProtocol", "StorageSQLite", "Ledger", "TLSTransport",
                "Exchange", "PeerAPI", "NodeTesting", hummingbird, httpTypes, nioCore, logging,
            ],
            swiftSettings: settings),
        .testTarget(
            name: "ExchangeTests",
            dependencies: [
                "ExchangeModel", "CryptoPrimitives", "Identity", "Sealing", "PolicyEngine", "DataspaceProtocol", "StorageSQLite", "Ledger",
                "Exchange", "NodeTesting",
            ],
            swiftSettings: settings),
        .testTarget(
            name: "EndToEndTests", dependencies: ["ExchangeModel", "Sealing", "Ledger", "Exchange", "NodeTesting"], swiftSettings: settings),
    ]
)
