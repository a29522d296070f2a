import Foundation
import Orchestration
import Policies
import Primitives
import Testing

@testable import PitwallCommands

/// An eviction policy as somebody else would write it.
private struct Newest: EvictionPolicy, ~Copyable {
  private var order: IndexList
  init(count: Int) { order = IndexList(capacity: count) }
  mutating func inserted(_ adapter: AdapterID, at time: Nanoseconds) { order.pushFirst(adapter) }
  mutating func accessed(_ adapter: AdapterID, at time: Nanoseconds) {}
  mutating func removed(_ adapter: AdapterID) { order.remove(adapter) }
  mutating func victim(
    for incoming: AdapterID?, sparing pins: borrowing PinTable, at time: Nanoseconds
  ) -> AdapterID? {
    var adapter = order.first
    while adapter != IndexList.none {
      if !pins.isPinned(adapter) { return adapter }
      adapter = order.older(than: adapter)
    }
    return nil
  }
}

@Suite struct PoliciesCommandTests {
  private static let own = PolicyRegistry(eviction: [
    EvictionEntry("newest", "the last that came goes", source: "a test") { context, _ in
      Newest(count: context.count)
    }
  ])

  @Test func noLineIsWiderThanATerminal() {
    #expect(PolicyCard.all.count > 15)
    for card in PolicyCard.all {
      for line in card.text.split(separator: "\n") {
        #expect(line.count <= 80, "\(card.kind) \(card.name): \(line)")
      }
    }
  }

  @Test func aCardSaysEverything() throws {
    let card = try #require(PolicyCard.all.first { $0.name == "landlord" })
    #expect(
      card.text == """
        landlord (eviction): adapters pay rent by their size; one without credit goes

        idea        An adapter comes with its load cost as credit. When room is needed
                    all pay rent in proportion to their size until one has nothing left,
                    and that one goes. A use brings back the share `refresh` of the
                    credit that is gone: all of it (1) makes it greedy-dual-size, none
                    of it (0) a FIFO that knows cost and size.
        cost        O(log n)
        knows       what a server can know
        source      Young, On-line file caching, Algorithmica 33, 2002, DOI
                    10.1007/s00453-001-0124-5

        parameters and their defaults
          cost       load    what a miss costs: load (the time to load it), bytes, or
                             one (all the same)
          refresh    1       how much of the lost credit a use brings back, 0 to 1
          admission  always  which adapters may come: always, prob, size, size-prob,
                             bloom, tinylfu, adaptsize; its parameters are written
                             admission.KEY

        """)
  }

  @Test func textWrapsBetweenWords() {
    let long = String(repeating: "x", count: 90)
    #expect(WrappedText.labelled("a", "b", column: 4) == "a   b\n")
    #expect(WrappedText.labelled("label", "b", column: 4) == "label b\n")
    #expect(WrappedText.labelled("a", "b \(long) c", column: 4) == "a   b\n    \(long)\n    c\n")
    #expect(WrappedText.labelled("a", "", column: 2) == "a \n")
  }

  @Test func programsGetTheSame() throws {
    let card = try #require(PolicyCard.all.first { $0.name == "gdsf" })
    let value = try JSONSerialization.jsonObject(with: Data(card.json.rendered().utf8))
    let fields = try #require(value as? [String: Any])
    #expect(fields["name"] as? String == "gdsf" && fields["cost"] as? String == card.cost)
    #expect(fields["clairvoyant"] as? Bool == false && fields["idea"] as? String == card.idea)
    let parameters = try #require(fields["parameters"] as? [[String: Any]])
    #expect(parameters.map { $0["name"] as? String } == ["admission"])
  }

  @Test(arguments: ["table", "json", "csv"])
  func everyFormatPrints(format: String) throws {
    for words in [["list"], ["show", "fcfs"]] {
      var command = try Pitwall.parseAsRoot(["policies"] + words + ["--format", format])
      try command.run()
    }
  }

  /// A program's own policies are listed, explained and made like those that ship.
  @Test func aProgramAddsItsOwn() throws {
    let registry = try PolicyRegistry.builtIn.adding(Self.own)
    try Pitwall.$registry.withValue(registry) {
      #expect(PolicyCard.all.contains { $0.name == "newest" && $0.kind == "eviction" })
      var command = try Pitwall.parseAsRoot(["policies", "show", "newest"])
      try command.run()
    }
    #expect(!PolicyCard.all.contains { $0.name == "newest" })
  }

  @Test func aNameIsTakenOnce() {
    #expect(throws: PitwallError(.usage, "there are two eviction policies \"newest\"")) {
      try PolicyRegistry.builtIn.adding(Self.own).adding(Self.own)
    }
  }
}
