import CKernels

/// Vector instructions that the kernels use. All give results that agree to rounding; one set gives
/// the same bits every time.
public enum InstructionSet: String, Sendable, CaseIterable {
  case portable, avx2, avx512

  /// The widest that this processor has.
  public static var widest: InstructionSet {
    switch pw_widest_isa() {
    case pw_avx512: .avx512
    case pw_avx2: .avx2
    default: .portable
    }
  }

  /// Those that this processor has, narrowest first.
  public static var available: [InstructionSet] {
    allCases.filter { $0.code.rawValue <= widest.code.rawValue }
  }

  var code: pw_isa {
    switch self {
    case .portable: pw_portable
    case .avx2: pw_avx2
    case .avx512: pw_avx512
    }
  }
}
