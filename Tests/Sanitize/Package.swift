// swift-tools-version: 6.2
import PackageDescription

// A part of the package at the top, for deploy/sanitize to build with the thread sanitizer in a few minutes: what does without NIO and
// gRPC, and with SHOAL_SANITIZE_ALL=1 the stores, too, which take a part of NIO. Sources, Tests and checkouts are made
// of links, with Mutex.swift and Continuation.swift in every module.

let strict: [SwiftSetting] = [
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("InternalImportsByDefault"),
]

let log = Target.Dependency.product(name: "Logging", package: "swift-log")
let nioCore = Target.Dependency.product(name: "NIOCore", package: "swift-nio")
let nioPosix = Target.Dependency.product(name: "NIOPosix", package: "swift-nio")
let systemPackage = Target.Dependency.product(name: "SystemPackage", package: "swift-system")

let hashing: [Target] = [
    .systemLibrary(name: "CLibCrypto"),
    .target(name: "CSHA256", linkerSettings: [.linkedLibrary("crypto")]),
    .target(name: "OCI", swiftSettings: strict),
    .target(name: "Integrity", dependencies: ["CLibCrypto", "CSHA256", "OCI"], swiftSettings: strict),
    .testTarget(name: "OCITests", dependencies: ["OCI"], swiftSettings: strict),
    .testTarget(name: "IntegrityTests", dependencies: ["Integrity", "OCI"], swiftSettings: strict),
]

/// Without what asks containerd.
let stores: [Target] = [
    .target(
        name: "Content", dependencies: ["Integrity", "OCI", log, nioCore, nioPosix, systemPackage],
        exclude: ["Runtime", "Stores/NodeContent.swift", "Stores/NodeContent+Proofs.swift"], swiftSettings: strict),
    .testTarget(
        name: "ContentTests", dependencies: ["Content", "Integrity", "OCI", log, systemPackage],
        exclude: [
            "Runtime", "Layout/SkopeoTests.swift", "Stores/NodeContentTests.swift", "Support/RealContainerd.swift",
            "Support/RuntimeScene.swift", "Support/ScriptedRuntime.swift",
        ],
        swiftSettings: strict),
]

let isWhole = Context.environment["SHOAL_SANITIZE_ALL"] == "1"

let package = Package(
    name: "threads",
    dependencies: isWhole
        ? ["swift-atomics", "swift-collections", "swift-log", "swift-nio", "swift-system"].map {
            .package(path: "checkouts/\($0)")
        } : [],
    targets: hashing + (isWhole ? stores : [])
)
