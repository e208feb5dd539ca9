// swift-tools-version: 6.2
import PackageDescription

/// What every Swift target is compiled with: the language as strict as it gets, and no warning left lying.
let strict: [SwiftSetting] = [
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .treatAllWarnings(as: .error),
]

let argumentParser = Target.Dependency.product(name: "ArgumentParser", package: "swift-argument-parser")
let asyncHTTPClient = Target.Dependency.product(name: "AsyncHTTPClient", package: "async-http-client")
let grpcCore = Target.Dependency.product(name: "GRPCCore", package: "grpc-swift-2")
let grpcPosix = Target.Dependency.product(name: "GRPCNIOTransportHTTP2Posix", package: "grpc-swift-nio-transport")
let grpcProtobuf = Target.Dependency.product(name: "GRPCProtobuf", package: "grpc-swift-protobuf")
let log = Target.Dependency.product(name: "Logging", package: "swift-log")
let nioCore = Target.Dependency.product(name: "NIOCore", package: "swift-nio")
let nioEmbedded = Target.Dependency.product(name: "NIOEmbedded", package: "swift-nio")
let nioHTTP1 = Target.Dependency.product(name: "NIOHTTP1", package: "swift-nio")
let nioPosix = Target.Dependency.product(name: "NIOPosix", package: "swift-nio")
let nioSSL = Target.Dependency.product(name: "NIOSSL", package: "swift-nio-ssl")
let nioTLS = Target.Dependency.product(name: "NIOTLS", package: "swift-nio")
let protobuf = Target.Dependency.product(name: "SwiftProtobuf", package: "swift-protobuf")
let unixSignals = Target.Dependency.product(name: "UnixSignals", package: "swift-service-lifecycle")
let serviceLifecycle = Target.Dependency.product(name: "ServiceLifecycle", package: "swift-service-lifecycle")
let subprocess = Target.Dependency.product(name: "Subprocess", package: "swift-subprocess")
let systemPackage = Target.Dependency.product(name: "SystemPackage", package: "swift-system")
let toml = Target.Dependency.product(name: "TOMLKit", package: "TOMLKit")

let package = Package(
    name: "shoal",
    products: [
        .executable(name: "shoal", targets: ["shoal"])
    ],
    dependencies: [
        // Pinned: a build of today's commit is the same build next year. Reasons: docs/dependencies.md.
        .package(url: "https://github.com/apple/swift-argument-parser", exact: "1.8.2"),
        .package(url: "https://github.com/apple/swift-log", exact: "1.16.2"),
        .package(url: "https://github.com/apple/swift-nio", exact: "2.101.2"),
        .package(url: "https://github.com/apple/swift-nio-ssl", exact: "2.37.6"),
        .package(url: "https://github.com/apple/swift-protobuf", exact: "1.39.0", traits: []),
        .package(url: "https://github.com/apple/swift-system", exact: "1.8.1"),
        .package(url: "https://github.com/grpc/grpc-swift-2", exact: "2.4.3"),
        .package(url: "https://github.com/grpc/grpc-swift-nio-transport", exact: "2.9.2"),
        .package(url: "https://github.com/grpc/grpc-swift-protobuf", exact: "2.4.1"),
        .package(url: "https://github.com/LebJe/TOMLKit", exact: "0.6.0"),
        .package(url: "https://github.com/swift-server/async-http-client", exact: "1.37.0"),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle", exact: "2.13.0"),
        .package(url: "https://github.com/swiftlang/swift-subprocess", exact: "1.0.2"),
    ],
    targets: [
        .systemLibrary(name: "CAvahi"),
        .systemLibrary(name: "CCrypt"),
        .systemLibrary(name: "CExecutable"),
        .systemLibrary(name: "CLibCrypto"),
        .systemLibrary(name: "CZlib"),
        .target(
            name: "CSHA256", linkerSettings: [.linkedLibrary("crypto")]),
        .target(name: "OCI", swiftSettings: strict),
        .target(name: "Integrity", dependencies: ["CLibCrypto", "CSHA256", "OCI"], swiftSettings: strict),
        .target(name: "Archive", dependencies: ["CZlib", "Integrity", "OCI", nioCore], swiftSettings: strict),
        .target(
            name: "Content",
            dependencies: ["Containerd", "Integrity", "OCI", log, nioCore, nioPosix, systemPackage],
            swiftSettings: strict),
        .target(
            name: "Containerd",
            dependencies: ["OCI", grpcCore, grpcPosix, grpcProtobuf, nioCore, protobuf, systemPackage],
            exclude: [
                "content", "diff", "events", "images", "introspection", "leases", "namespaces", "snapshots", "types",
                "version",
            ].map {
                "Protocol/\($0).proto"
            },
            swiftSettings: strict),
        .target(
            name: "Discovery",
            dependencies: [
                "CAvahi", "CZlib", "Integrity", "OCI", log, nioCore, nioPosix, protobuf, serviceLifecycle,
                systemPackage,
            ],
            exclude: ["Beacon/beacon.proto"],
            swiftSettings: strict),
        .target(
            name: "TLS", dependencies: ["Content", "Discovery", log, nioCore, nioSSL, systemPackage],
            swiftSettings: strict),
        .target(
            name: "Transfer",
            dependencies: [
                "Content", "Discovery", "Integrity", "OCI", "TLS", asyncHTTPClient, log, nioCore, nioHTTP1, nioPosix,
                nioSSL, serviceLifecycle, systemPackage,
            ],
            swiftSettings: strict),
        .target(
            name: "Registry",
            dependencies: [
                "Content", "Discovery", "Integrity", "OCI", "Transfer", log, nioCore, nioPosix, systemPackage,
            ],
            swiftSettings: strict),
        .target(
            name: "Gateway",
            dependencies: [
                "Content", "Discovery", "Integrity", "OCI", "TLS", log, nioCore, nioHTTP1, nioPosix, nioSSL, nioTLS,
                serviceLifecycle, systemPackage,
            ],
            swiftSettings: strict),
        .target(
            name: "Dashboard", dependencies: ["Integrity", "OCI"], resources: [.embedInCode("dashboard.html")],
            swiftSettings: strict),
        .target(
            name: "Agent",
            dependencies: [
                "Archive", "CCrypt", "CExecutable", "Containerd", "Content", "Dashboard", "Discovery", "Gateway",
                "Integrity", "OCI", "Registry", "Runtimes", "TLS", "TOML", "Transfer", log, nioCore, nioHTTP1, nioPosix,
                nioSSL, serviceLifecycle, systemPackage, unixSignals,
            ],
            swiftSettings: strict),
        .target(name: "TOML", dependencies: [toml], swiftSettings: strict),
        .target(name: "Runtimes", dependencies: ["OCI", "TOML", systemPackage], swiftSettings: strict),
        .executableTarget(
            name: "shoal",
            dependencies: ["Agent", "Archive", "Discovery", "OCI", "Runtimes", argumentParser, log, systemPackage],
            swiftSettings: strict),
        .executableTarget(
            name: "swarm-simulation", dependencies: ["Discovery", "OCI", "Transfer"],
            path: "Tests/Benchmarks/SwarmSimulation", swiftSettings: strict),
        .testTarget(
            name: "AgentTests",
            dependencies: [
                "Agent", "Archive", "Content", "Discovery", "Gateway", "Integrity", "OCI", "Registry", "Runtimes",
                "Transfer", "shoal",
                argumentParser,
                log,
                nioCore, nioHTTP1, nioPosix,
                systemPackage,
            ],
            swiftSettings: strict),
        .testTarget(
            name: "ContainerdTests",
            dependencies: [
                "Containerd", "Integrity", "OCI", grpcCore, grpcPosix, grpcProtobuf, nioCore, nioPosix, protobuf,
                subprocess,
                systemPackage,
            ],
            swiftSettings: strict),
        .testTarget(
            name: "TransferTests",
            dependencies: [
                "Content", "Discovery", "Gateway", "Integrity", "OCI", "TLS", "Transfer", asyncHTTPClient, log,
                nioCore, nioEmbedded, nioHTTP1, nioPosix, nioSSL, systemPackage,
            ],
            swiftSettings: strict),
        .testTarget(
            name: "EndToEndTests", dependencies: ["Integrity", "OCI", nioCore, nioPosix], path: "Tests/EndToEnd",
            swiftSettings: strict),
        .testTarget(
            name: "DiscoveryTests",
            dependencies: ["Discovery", "Integrity", "OCI", log, nioCore, nioPosix, serviceLifecycle, systemPackage],
            swiftSettings: strict),
        // Needs -enable-testing where it is built for release, as deploy/test does: docs/benchmarks.md.
        .executableTarget(
            name: "discovery-benchmark", dependencies: ["Discovery", "Integrity", "OCI", log],
            path: "Tests/Benchmarks/DiscoveryBenchmark", swiftSettings: strict),
        .executableTarget(
            name: "integrity-benchmark", dependencies: ["Integrity", "OCI"],
            path: "Tests/Benchmarks/IntegrityBenchmark", swiftSettings: strict),
        .testTarget(
            name: "RuntimesTests", dependencies: ["OCI", "Runtimes", "TOML", systemPackage], exclude: ["Trees"],
            swiftSettings: strict),
        .testTarget(
            name: "ArchiveTests", dependencies: ["Archive", "CZlib", "Integrity", "OCI", nioCore],
            swiftSettings: strict),
        .testTarget(name: "OCITests", dependencies: ["OCI"], swiftSettings: strict),
        .testTarget(
            name: "RegistryTests",
            dependencies: ["Content", "Discovery", "OCI", "Registry", log, nioCore, systemPackage],
            swiftSettings: strict),
        .testTarget(name: "IntegrityTests", dependencies: ["Integrity", "OCI"], swiftSettings: strict),
        .testTarget(
            name: "ContentTests",
            dependencies: ["Containerd", "Content", "Integrity", "OCI", log, subprocess, systemPackage],
            swiftSettings: strict),
        .testTarget(
            name: "GatewayTests",
            dependencies: [
                "Content", "Discovery", "Gateway", "Integrity", "OCI", "TLS", log, nioCore, nioEmbedded, nioHTTP1,
                nioPosix, nioSSL, serviceLifecycle, systemPackage,
            ],
            swiftSettings: strict),
    ]
)
