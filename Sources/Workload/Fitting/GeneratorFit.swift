import Primitives

/// Fits the sessions generator to a trace: figures that can be published where the trace cannot.
public struct GeneratorFit: Sendable {
  /// Parameters of the `sessions` generator.
  public let parameters: [Parameters.Entry]
  /// How many requests the trace has.
  public let requests: Int
  /// Which columns were fitted, and to what.
  public let fitted: [(column: ColumnName, source: String)]

  /// Fits to a trace's arrivals, adapters and lengths, each where the trace has it.
  /// - Parameters:
  ///   - lengths: another trace whose lengths are fitted instead.
  ///   - tries: how many session models are tried; a thousand are enough for a rough fit.
  /// - Throws: `PitwallError` (data) for a trace with less than two requests or no span.
  public init(_ trace: Trace, lengths: Trace? = nil, tries: Int, seed: UInt64) throws {
    guard let arrivals = ArrivalFit(trace) else {
      throw PitwallError.data(trace.name, "there is nothing to fit: fewer than two arrival times")
    }
    var entries = try arrivals.parameters(seed: seed)
    var columns = [(ColumnName.arrival, trace)]
    let statistics = TraceStatistics(of: trace, slots: [])
    if statistics.reuse.references > 1 {
      var model = SessionFit(trace, seed: seed).search(tries: tries, seed: seed)
      let base = Double(statistics.baseOnlyRequests) / Double(statistics.requests)
      model.baseShare = SessionFit.rounded(base)
      entries += model.entries
      columns += [(.adapters, trace), (.tenant, trace), (.session, trace)]
    } else {
      entries.append(Parameters.Entry("base-share", "1"))
    }
    let source = lengths ?? trace
    if let fit = LengthFit(source) {
      entries += fit.parameters
      columns += [(.promptTokens, source), (.outputTokens, source)]
    }
    fitted = columns.map { column, trace in
      let note = trace.origins[column]?.note ?? ""
      return (column, note.isEmpty ? trace.name : "\(trace.name): \(note)")
    }
    parameters = entries
    requests = trace.count
  }

  /// The fit as a generator file.
  public var yaml: String {
    var text = "generator: \(SessionsGenerator.name)\nrequests: \(requests)\nfitted:\n"
    for (column, source) in fitted {
      text += "  \(column.rawValue): \"\(source.filter { $0 != "\"" && $0 != "\\" })\"\n"
    }
    text += "parameters:\n"
    for entry in parameters {
      let isList = entry.value.contains(",") && !entry.value.contains("(")
      text += "  \(entry.key): \(isList ? "[\(entry.value)]" : entry.value)\n"
    }
    return text
  }
}

extension SessionModel {
  /// The parameters as text, as ``SessionsGenerator`` reads them.
  fileprivate var entries: [Parameters.Entry] {
    [
      Parameters.Entry("tenants", "\(market.tenants)"),
      Parameters.Entry("adapters", "\(market.adapters)"),
      Parameters.Entry("tenant-skew", SessionFit.text(market.tenantSkew)),
      Parameters.Entry("ownership-skew", SessionFit.text(market.ownershipSkew)),
      Parameters.Entry("adapter-skew", SessionFit.text(market.adapterSkew)),
      Parameters.Entry("drift", SessionFit.text(market.drift)),
      Parameters.Entry("concurrent-sessions", "\(sessions.concurrent)"),
      Parameters.Entry("pace-skew", SessionFit.text(sessions.paceSkew)),
      Parameters.Entry("session-requests", SessionFit.text(sessions.meanRequests)),
      Parameters.Entry("stay", SessionFit.text(sessions.stay)),
      Parameters.Entry("birth", SessionFit.text(sessions.birth)),
      Parameters.Entry("extra-adapters", SessionFit.text(sessions.extraAdapters)),
      Parameters.Entry("base-share", SessionFit.text(baseShare)),
    ]
  }
}
