// swift-tools-version: 6.2
import PackageDescription

// One rule for every target: values checked by the strictest settings the compiler offers.
// Warnings are not errors here, so that a deprecation in a dependency never breaks a user's build.
let strict: [SwiftSetting] = [
  .enableUpcomingFeature("ExistentialAny"),
  .enableUpcomingFeature("MemberImportVisibility"),
  .strictMemorySafety(),
]

let argumentParser = Target.Dependency.product(
  name: "ArgumentParser", package: "swift-argument-parser")
let containers = Target.Dependency.product(name: "BasicContainers", package: "swift-collections")
let deque = Target.Dependency.product(name: "DequeModule", package: "swift-collections")
let grdb = Target.Dependency.product(name: "GRDB", package: "GRDB.swift")
let sqlite = Target.Dependency.product(name: "GRDBSQLite", package: "GRDB.swift")
let histogram = Target.Dependency.product(name: "Histogram", package: "hdrhistogram-swift")
let subprocess = Target.Dependency.product(name: "Subprocess", package: "swift-subprocess")
let yams = Target.Dependency.product(name: "Yams", package: "Yams")

// Data flows one way. A target may import only what stands above it in this list.
let package = Package(
  name: "pitwall",
  products: [
    .executable(name: "pitwall", targets: ["pitwall"]),
    // What a program of one's own needs to be pitwall with more policies: see Sources/Policies/README.md.
    .library(
      name: "Pitwall", targets: ["Primitives", "Orchestration", "Policies", "PitwallCommands"]),
  ],
  dependencies: [
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
    .package(url: "https://github.com/apple/swift-collections", from: "1.6.0"),
    .package(url: "https://github.com/groue/GRDB.swift", from: "7.10.0"),
    .package(url: "https://github.com/HdrHistogram/hdrhistogram-swift", from: "0.2.0"),
    .package(url: "https://github.com/jpsim/Yams", from: "6.2.2"),
    .package(url: "https://github.com/swiftlang/swift-subprocess", from: "1.0.2"),
  ],
  targets: [
    .target(name: "Primitives", swiftSettings: strict),
    .systemLibrary(name: "CZlib", providers: [.apt(["zlib1g-dev"])]),
    .target(
      name: "CKernels", linkerSettings: [.linkedLibrary("openblas")]),
    .target(
      name: "Workload", dependencies: ["Primitives", "CZlib", yams], swiftSettings: strict),
    .target(
      name: "Orchestration", dependencies: ["Primitives", containers, histogram],
      exclude: ["README.md"],
      swiftSettings: strict),
    .target(
      name: "Policies", dependencies: ["Primitives", "Orchestration", containers, deque],
      exclude: ["README.md"],
      swiftSettings: strict),
    .target(
      name: "CacheReplay",
      dependencies: ["Primitives", "Workload", "Orchestration", "Policies", containers],
      swiftSettings: strict),
    .target(
      name: "Simulation", dependencies: ["Primitives", "Orchestration", containers, deque],
      swiftSettings: strict),
    .target(
      name: "Inference", dependencies: ["Primitives", "CKernels", containers],
      swiftSettings: strict),
    .target(
      name: "Replay",
      dependencies: [
        "Primitives", "Workload", "Orchestration", "Policies", "Simulation", "Inference",
        containers, yams,
      ],
      swiftSettings: strict),
    .target(
      name: "Results", dependencies: ["Primitives", "Orchestration", "Replay", grdb, sqlite],
      exclude: ["README.md"],
      swiftSettings: strict),
    .target(
      name: "Validation",
      dependencies: [
        "Primitives", "Workload", "Orchestration", "Policies", "Simulation", "Replay", "Results",
      ],
      exclude: ["Published/README.md"],
      swiftSettings: strict),
    .target(
      name: "Reporting",
      dependencies: ["Primitives", "Orchestration", "Replay", "Results", "Validation", subprocess],
      swiftSettings: strict),
    .target(
      name: "PitwallCommands",
      dependencies: [
        "Primitives", "Workload", "Orchestration", "Policies", "Simulation", "Replay", "Results",
        "Validation", "Reporting", "Inference", "CacheReplay", argumentParser, subprocess,
      ],
      swiftSettings: strict),
    .executableTarget(name: "pitwall", dependencies: ["PitwallCommands"], swiftSettings: strict),

    .testTarget(name: "PrimitivesTests", dependencies: ["Primitives"]),
    .testTarget(name: "WorkloadTests", dependencies: ["Workload"]),
    // A second world, to prove that an orchestrator does not know in which it runs.
    .target(
      name: "LockstepWorld", dependencies: ["Orchestration", "Primitives", containers],
      path: "Tests/LockstepWorld", swiftSettings: strict),
    .testTarget(
      name: "OrchestrationTests",
      dependencies: ["Orchestration", "Policies", "Primitives", "LockstepWorld", containers]),
    .testTarget(
      name: "PoliciesTests",
      dependencies: ["Policies", "Orchestration", "Primitives", "LockstepWorld", containers]),
    .testTarget(
      name: "CacheReplayTests",
      dependencies: ["CacheReplay", "Orchestration", "Policies", "Primitives", "Workload"]),
    .testTarget(
      name: "SimulationTests", dependencies: ["Simulation", "Policies", "Primitives", containers]),
    .target(
      name: "InferenceFuzzing", dependencies: ["Inference", "Primitives"],
      path: "Tests/InferenceFuzzing", swiftSettings: strict),
    .testTarget(
      name: "InferenceTests", dependencies: ["Inference", "InferenceFuzzing", "Primitives"]),
    // Hours rather than seconds: only where PITWALL_SLOW is 1.
    .testTarget(name: "SlowTests", dependencies: ["InferenceFuzzing"], path: "Tests/Slow"),
    .testTarget(
      name: "ReplayTests",
      dependencies: ["Replay", "Primitives", "Workload", "Orchestration", "Policies"]),
    .testTarget(name: "ResultsTests", dependencies: ["Results"]),
    .testTarget(
      name: "ValidationTests",
      dependencies: [
        "Validation", "Primitives", "Workload", "Orchestration", "Policies", "Simulation", "Replay",
        "Results",
      ]),
    .testTarget(
      name: "ReportingTests",
      dependencies: ["Reporting", "Orchestration", "Primitives", "Replay", "Results", "Validation"]),
    .testTarget(
      name: "CommandTests",
      dependencies: [
        "PitwallCommands", "pitwall", "Inference", "Results", "Replay", "Primitives", grdb,
      ]),
  ],
  swiftLanguageModes: [.v6]
)
