import Primitives

/// A number of the server that a sweep can vary.
public enum SweepParameter: String, Sendable, CaseIterable {
  /// Adapter slots on the device.
  case slots
  /// Equal servers.
  case replicas
  /// Most sequences at once.
  case maxSequences = "max-sequences"
  /// Most tokens in a step.
  case tokenBudget = "token-budget"
  /// Rank of adapters whose trace does not say.
  case defaultRank = "default-rank"
  /// Share of device memory that the server takes.
  case memoryUtilization = "memory-utilization"
  /// Host memory for adapters, in bytes.
  case hostMemory = "host-memory"

  /// Sets the number.
  func set(_ value: Double, in server: inout ServerSpec) {
    switch self {
    case .slots: server.adapterMemory = .slots(Int(value))
    case .replicas: server.replicas = Int(value)
    case .maxSequences: server.maxSequences = Int(value)
    case .tokenBudget: server.tokenBudget = Int(value)
    case .defaultRank: server.defaultRank = Int(value)
    case .memoryUtilization: server.memoryUtilization = value
    case .hostMemory: server.hostBytes = Bytes(value)
    }
  }

  /// Reads one value, within the same limits as the key of the server.
  func read(_ value: YAMLValue) throws -> Double {
    switch self {
    case .memoryUtilization: try value.double(in: ServerSpec.Limits.memoryUtilization)
    case .hostMemory: Double(try value.size())
    case .slots: Double(try value.int(in: ServerSpec.Limits.slots))
    case .replicas: Double(try value.int(in: ServerSpec.Limits.replicas))
    case .maxSequences, .tokenBudget: Double(try value.int(in: ServerSpec.Limits.perStep))
    case .defaultRank: Double(try value.int(in: ServerSpec.Limits.rank))
    }
  }
}
