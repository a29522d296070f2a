/// A turn of a conversation.
public struct ChatMessage: Sendable, Equatable {
  /// `system`, `user` or `assistant`.
  public let role: String
  public let content: String

  public init(role: String, content: String) {
    self.role = role
    self.content = content
  }
}

/// ChatML: `<|im_start|>role`, a line feed, the content, `<|im_end|>` and a line feed.
struct ChatTemplate: Sendable, Equatable {
  private static let start = "<|im_start|>"
  private static let end = "<|im_end|>"

  /// What the system says in conversations that do not begin with a system turn.
  let defaultSystem: String?

  /// Recognises a template in Jinja as ChatML and finds its default system turn, which stands in it
  /// as one string literal (SmolLM2, Qwen2).
  /// - Returns: nil for templates of other kinds.
  init?(jinja template: String) {
    guard template.contains(ChatTemplate.start), template.contains(ChatTemplate.end) else {
      return nil
    }
    // A line feed may stand in the literal as itself or as an escape.
    defaultSystem =
      ["\\n", "\n"].lazy.compactMap { lineFeed in
        let parts = template.split(
          separator: ChatTemplate.start + "system" + lineFeed, maxSplits: 1)
        guard parts.count == 2, let end = parts[1].firstRange(of: ChatTemplate.end) else {
          return nil
        }
        let text = parts[1][..<end.lowerBound]
        return text.contains { "'\"{}\\".contains($0) } ? nil : String(text)
      }.first
  }

  /// The conversation as text; with `addsPrompt`, the beginning of the assistant's answer at its end.
  func text(_ messages: [ChatMessage], addsPrompt: Bool) -> String {
    var turns = messages
    if let defaultSystem, let first = messages.first, first.role != "system" {
      turns.insert(ChatMessage(role: "system", content: defaultSystem), at: 0)
    }
    let text = turns.map { turn in
      "\(ChatTemplate.start)\(turn.role)\n\(turn.content)\(ChatTemplate.end)\n"
    }
    return text.joined() + (addsPrompt ? "\(ChatTemplate.start)assistant\n" : "")
  }
}
