import Primitives
import Simulation
import Yams

extension Profile {
  /// The profile as YAML: keys in a fixed order, one coefficient a line, so that two profiles can be
  /// compared line by line. Numbers are written so that reading gives back the same bits.
  public var yaml: String {
    Profile.text(
      .mapping([
        ("name", .text(name)), ("engine", .text(engine)), ("accelerator", .text(accelerator)),
        (
          "fitted-from",
          .sequence(
            fittedFrom.map {
              .line([
                ("file", .text($0.file)), ("sha256", .text($0.sha256)), ("rows", .number($0.rows)),
              ])
            })
        ), ("models", .sequence(models.map(\.node))),
      ]))
  }

  /// A node's text. Emitting cannot fail: the nodes hold text and numbers only; were it to, the
  /// empty text would be refused by every reader.
  fileprivate static func text(_ node: Node) -> String {
    (try? serialize(node: node, width: -1, allowUnicode: true)) ?? ""
  }
}

extension Profile.Model {
  /// The model alone, as in ``Profile/yaml``.
  var yaml: String { Profile.text(node) }

  fileprivate var node: Node {
    var entries: [(String, Node)] = [
      ("name", .text(name)), ("max-model-length", .number(maxModelLength)),
      ("kv", kv.node),
      (
        "step",
        .sequence(
          step.map {
            .line([
              ("term", .text($0.term.rawValue)), ("value", .number($0.microseconds.value)),
              ("standard-error", .number($0.microseconds.standardError)),
            ])
          })
      ),
    ]
    if !loads.isEmpty {
      entries.append(
        (
          "loads",
          .sequence(
            loads.map {
              .line([
                ("slot-rank", .number($0.slotRank)), ("rank", .number($0.rank)),
                ("ms", .number($0.milliseconds)),
              ])
            })
        ))
    }
    if let diskMilliseconds { entries.append(("disk-ms", .number(diskMilliseconds))) }
    if let frontend { entries.append(("frontend", frontend.node)) }
    if let lengths { entries.append(("lengths", lengths.node)) }
    if !errors.isEmpty {
      entries.append(
        (
          "errors",
          .sequence(
            errors.map {
              .line([
                ("metric", .text($0.metric)), ("smape", .number($0.smape)),
                ("runs", .number($0.runs)),
              ])
            })
        ))
    }
    return .mapping(entries)
  }
}

extension KVCapacity {
  fileprivate var node: Node {
    var entries: [(String, Node)] = [
      ("base", .estimate(base)), ("per-slot-rank", .estimate(perSlotRank)),
      ("per-slot", .estimate(perSlot)),
    ]
    if !findings.isEmpty {
      entries.append(
        (
          "findings",
          .sequence(
            findings.map {
              .line([("slots", .number($0.slots)), ("tokens", .number($0.tokens))])
            })
        ))
    }
    return .mapping(entries)
  }
}

extension FrontendModel {
  /// In microseconds. Who asks for metrics is not the server's business.
  fileprivate var node: Node {
    func time(_ time: Nanoseconds) -> Node { .number(Double(time) / 1000) }
    return .line([
      ("ingress", time(ingress)), ("egress", time(egress)), ("per-token", time(perToken)),
      ("per-combination", time(perCombination)), ("per-name", time(perName)),
    ])
  }
}

extension Profile.Lengths {
  fileprivate var node: Node {
    func histogram(_ bins: [Bin]) -> Node {
      .sequence(
        bins.map {
          Node([.number($0.low), .number($0.high), .number($0.share)], Tag(.seq), .flow)
        })
    }
    return .mapping([
      ("prompt", histogram(prompt)), ("output", histogram(output)),
      ("prompt-mean", .number(promptMean)), ("output-mean", .number(outputMean)),
      ("correlation", .number(correlation)), ("stop-share", .number(stopShare)),
      ("stopped-output-ratio", .number(stoppedOutputRatio)),
    ])
  }
}

extension Node {
  /// A text in quotes, which no reader takes for a number or for nothing.
  fileprivate static func text(_ text: String) -> Node { Node(text, Tag(.str), .doubleQuoted) }

  fileprivate static func number(_ number: some Numeric & LosslessStringConvertible) -> Node {
    Node("\(number)")
  }

  fileprivate static func sequence(_ nodes: [Node]) -> Node { Node(nodes, Tag(.seq), .block) }

  fileprivate static func mapping(_ entries: [(String, Node)]) -> Node {
    Node(entries.map { (Node($0.0), $0.1) }, Tag(.map), .block)
  }

  /// A mapping on one line.
  fileprivate static func line(_ entries: [(String, Node)]) -> Node {
    Node(entries.map { (Node($0.0), $0.1) }, Tag(.map), .flow)
  }

  fileprivate static func estimate(_ estimate: Estimate) -> Node {
    .line([
      ("value", .number(estimate.value)), ("standard-error", .number(estimate.standardError)),
    ])
  }
}
