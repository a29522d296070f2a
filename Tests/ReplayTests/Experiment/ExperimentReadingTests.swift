import Foundation
import Orchestration
import Policies
import Primitives
import Simulation
import Testing

@testable import Replay

@Suite struct ExperimentReadingTests {
  @Test func readsEverything() throws {
    let fixture = try ExperimentFixture()
    let experiment = try fixture.experiment(
      """
      name: full_1
      description: a sentence
      traces:
        base: {generate: small.yaml, requests: 30}
        lengths: {generate: small.yaml}
      workloads:
        day:
          from: base
          apply:
            - fold: {span: 1h, keep-order: none}
            - lengths: {from: lengths}
            - shuffle
      server:
        model: llama-3.1-8b
        accelerator: h100
        replicas: 2
        adapters: {pool: true, default-rank: 8, max-rank: 64, targets: [q_proj, v_proj],
                   start: disk, host-memory: 16GiB, disk: 1TiB, loading: blocking}
        limits: {max-sequences: 64, token-budget: 512, chunked-prefill: false, kv-block: 32,
                 memory-utilization: 0.8, workspace: 2GiB, oversized: reject}
        links:
          remote-to-disk: {bandwidth: 1GB, latency: 5ms, lanes: 8}
          host-to-device: {per-tensor: 20us}
        cost: {linear: {base: 10ms, per-decode: 20us}}
      strategies:
        lru: {eviction: lru}
        other: {eviction: gdsf, routing: {affinity: {slack: 3}}, host-eviction: fifo}
      seeds: [7, 9]
      backends: [simulation]
      slo: {ttft: 2s, tpot: 200ms, e2e: 60s}
      sweep: {replicas: [4, 2], seeds: [9], workloads: day}
      record: {requests: false, residency: false, series: 10s}
      report: {title: A title, compare: [other, lru], metrics: [ttft_mean]}
      """)
    #expect(experiment.traces.map(\.name) == ["base", "lengths"])
    #expect(
      experiment.workloads.map(\.description)
        == ["from base | fold keep-order=none span=1h | lengths from=lengths | shuffle"])
    let server = experiment.server
    #expect(server.adapterMemory == .pool)
    #expect(server.maxRank == 64)
    #expect(server.targets == ["q_proj", "v_proj"])
    #expect(server.start == .disk)
    #expect(server.loading == .blocking)
    #expect(server.tokenBudget == 512)
    #expect(server.rejectsOversized)
    #expect(server.remoteToDisk.lanes == 8)
    #expect(server.hostToDevice?.perTensor == 20_000)
    #expect(server.hostToDevice?.bandwidth == server.accelerator.hostLink)
    guard case .linear(let cost) = server.cost else { throw PitwallError.fault("not linear") }
    #expect(cost.base == 10_000_000)
    #expect(cost.perDecode == 20_000)
    #expect(experiment.strategies[1].routing.canonicalText == "affinity slack=3")
    #expect(experiment.seeds == [7, 9])
    #expect(experiment.slo == SLO(ttft: 2_000_000_000, tpot: 200_000_000, e2e: 60_000_000_000))
    #expect(experiment.sweep?.values == [2, 4])
    #expect(experiment.sweep?.seeds == [9])
    #expect(experiment.recording.seriesInterval == 10_000_000_000)
    #expect(!experiment.recording.requests && !experiment.recording.residency)
    #expect(experiment.title == "A title")
    #expect(experiment.compared == ["other", "lru"])
    #expect(experiment.metrics.map(\.name) == ["ttft_mean"])
  }

  @Test func fillsInDefaults() throws {
    let experiment = try ExperimentFixture().experiment(ExperimentFixture.text(more: ""))
    #expect(experiment.seeds == [1, 2, 3, 4, 5])
    #expect(experiment.backends == [.simulation])
    #expect(experiment.compared == ["lru", "lookahead"])
    #expect(experiment.sweep == nil)
    #expect(experiment.recording == Experiment.Recording())
    #expect(experiment.client == ClientModel() && experiment.duration == nil)
  }

  /// Each slip, and the one line that a person gets.
  @Test(arguments: [
    ("seed: 2", "e.yaml:5:1: unknown key \"seed\" (did you mean \"seeds\"?)"),
    ("seeds: 0", "e.yaml:5:8: seeds: 0 is outside 1...10000"),
    ("seeds: [1, 1]", "e.yaml:5:12: seeds[1]: is given twice"),
    ("seeds: [-1]", "e.yaml:5:9: seeds[0]: -1 is outside 0...9223372036854775807"),
    ("seeds: [", "e.yaml:6:1: while parsing a flow node did not find expected node content"),
    (
      "backends: [simulatoin]",
      "e.yaml:5:12: backends[0]: \"simulatoin\" is unknown (did you mean \"simulation\"?)"
    ),
    (
      "slo: {ttft: soon}",
      "e.yaml:5:13: slo.ttft: expected a time such as 250ms, 2s, 1h, 1d, found \"soon\""
    ),
    ("sweep: {slots: []}", "e.yaml:5:16: sweep.slots: the list is empty"),
    ("sweep: {seeds: 1}", "e.yaml:5:8: sweep: expected one parameter to vary, found 0"),
    (
      "sweep: {slots: 4, workloads: dya}",
      "e.yaml:5:30: sweep.workloads: unknown workload \"dya\" (did you mean \"day\"?)"
    ),
    ("record: {series: 1us}", "e.yaml:5:18: record.series: shorter than 1ms"),
    (
      "report: {compare: [lru, lokahead]}",
      "e.yaml:5:25: report.compare[1]: unknown strategy \"lokahead\" (did you mean "
        + "\"lookahead\"?)"
    ),
    ("client: {ports: 0}", "e.yaml:5:17: client.ports: 0 is outside 1...9223372036854775807"),
    ("client: {port-hold: 2h}", "e.yaml:5:21: client.port-hold: longer than an hour"),
    ("client: {duration: 0}", "e.yaml:5:20: client.duration: expected a time above 0"),
    (
      "client: {port: 4}", "e.yaml:5:10: unknown key \"port\" (did you mean \"ports\"?)"
    ),
    ("report: {compare: lru}", "e.yaml:5:19: report.compare: expected at least two strategies"),
  ])
  func slipsAtTheTop(more: String, message: String) throws {
    let fixture = try ExperimentFixture()
    #expect(fixture.error(ExperimentFixture.text(more: more)) == message)
  }

  @Test(arguments: [
    (
      "{model: llama-2-7, accelerator: a100-80g}",
      "e.yaml:3:17: server.model: unknown model \"llama-2-7\" (did you mean \"llama-2-7b\"?)"
    ),
    (
      "{model: llama-2-7b, accelerator: a100}",
      "e.yaml:3:42: server.accelerator: unknown accelerator \"a100\" (did you mean "
        + "\"a100-40g\"?)"
    ),
    ("{model: llama-2-7b}", "e.yaml:3:9: server: \"accelerator\" is missing"),
    (
      "{model: llama-2-7b, accelerator: h100, adapters: {slot: 4}}",
      "e.yaml:3:59: unknown key \"slot\" (did you mean \"slots\"?)"
    ),
    (
      "{model: llama-2-7b, accelerator: h100, adapters: {slots: 4, pool: true}}",
      "e.yaml:3:75: server.adapters.pool: slots or a pool, not both"
    ),
    (
      "{model: llama-2-7b, accelerator: h100, adapters: {start: gpu}}",
      "e.yaml:3:66: server.adapters.start: unknown tier \"gpu\" (known: device, disk, host, remote)"
    ),
    (
      "{model: llama-2-7b, accelerator: h100, adapters: {targets: [q_poj]}}",
      "e.yaml:3:69: server.adapters.targets[0]: unknown projection \"q_poj\" (did you mean "
        + "\"q_proj\"?)"
    ),
    (
      "{model: llama-2-7b, accelerator: h100, limits: {workspace: 9000000TB}}",
      "e.yaml:3:68: server.limits.workspace: larger than 1 PiB"
    ),
    (
      "{model: llama-2-7b, accelerator: h100, links: {disk-to-host: {bandwidth: 0}}}",
      "e.yaml:3:82: server.links.disk-to-host.bandwidth: expected at least 1 B/s"
    ),
    (
      "{model: llama-2-7b, accelerator: h100, cost: rofline}",
      "e.yaml:3:54: server.cost: unknown cost model \"rofline\" (did you mean \"roofline\"?)"
    ),
    (
      "{model: llama-2-70b, accelerator: a10g}",
      "e.yaml:3:9: server: llama-2-70b does not fit on a10g: 21.6 GiB usable, 129.5 GiB for weights "
        + "and workspace, 6.2 GiB for adapter slots, and a KV block is needed"
    ),
  ])
  func slipsInTheServer(server: String, message: String) throws {
    let fixture = try ExperimentFixture()
    #expect(fixture.error(ExperimentFixture.text(server: "server: " + server)) == message)
  }

  @Test(arguments: [
    (
      "{a: {eviction: lur}}",
      "e.yaml:4:28: strategies.a.eviction: unknown eviction policy \"lur\" (did you mean "
        + "\"lru\"?)"
    ),
    (
      "{a: {prefetch: {lokahead: }}}",
      "e.yaml:4:28: strategies.a.prefetch: unknown prefetch policy \"lokahead\" (did you mean "
        + "\"lookahead\"?)"
    ),
    (
      "{a: {routing: {affinity: {slak: 3}}}}",
      "e.yaml:4:45: affinity: unknown parameter \"slak\" (did you mean \"slack\"?)"
    ),
    (
      "{a: {eviction: {lru: {k: 3}}}}",
      "e.yaml:4:38: lru: unknown parameter \"k\" (known: admission)"
    ),
    (
      "{a: {routing: {affinity: {slack: many}}}}",
      "e.yaml:4:46: affinity.slack: expected a whole number, found \"many\""
    ),
    (
      "{a: {selection: {split: {variants: adapter-11:1}}}}",
      "no error"
    ),
    (
      "{a: {selection: {split: {variants: adpter-11:1}}}}",
      "e.yaml:4:48: split.variants: unknown adapter \"adpter-11\" (did you mean "
        + "\"adapter-11\"?)"
    ),
    ("{a: {evict: lru}}", "e.yaml:4:18: unknown key \"evict\" (did you mean \"eviction\"?)"),
    ("{}", "e.yaml:4:13: strategies: expected at least one strategy"),
    ("lru", "e.yaml:4:13: strategies: expected a mapping of keys, found \"lru\""),
  ])
  func slipsInStrategies(strategies: String, message: String) throws {
    let fixture = try ExperimentFixture()
    let text = ExperimentFixture.text(strategies: "strategies: " + strategies)
    #expect(fixture.error(text) == message)
  }

  @Test(arguments: [
    ("{day: {}}", "e.yaml:2:18: workloads.day: expected one of read, generate and from"),
    (
      "{day: {from: a, read: b}}",
      "e.yaml:2:18: workloads.day: expected one of read, generate and from, found read and from"
    ),
    (
      "{day: {from: a}}",
      "e.yaml:2:18: unknown trace \"a\"; a trace can refer to those written before it"
    ),
    (
      "{day: {generate: smal.yaml}}",
      "e.yaml:2:29: workloads.day.generate: smal.yaml: no such file"
    ),
    (
      "{day: {read: gone.csv}}",
      "e.yaml:2:25: workloads.day.read: gone.csv: no such recording (PITWALL_TRACES names the "
        + "folder)"
    ),
    (
      "{day: {generate: small.yaml, apply: [fodl: {span: 1h}]}}",
      "e.yaml:2:55: unknown transform \"fodl\" (did you mean \"fold\"?)"
    ),
    (
      "{day: {generate: small.yaml, apply: [fold: {spam: 1h}]}}",
      "e.yaml:2:55: fold.span: expected a time above 0 "
        + "(unknown key \"spam\": did you mean \"span\"?)"
    ),
    (
      "{day: {generate: small.yaml, apply: [lengths: {from: x}]}}",
      "e.yaml:2:58: unknown trace \"x\"; a trace can refer to those written before it"
    ),
    (
      "{day: {generate: small.yaml, apply: [{a: {}, b: {}}]}}",
      "e.yaml:2:49: workloads.day.apply[0]: expected a transform: its name, or {name: {key: "
        + "value}}"
    ),
    (
      "{day: {read: small.yaml, format: azur}}",
      "e.yaml:2:45: workloads.day.format: \"azur\" is unknown (did you mean \"azure\"?)"
    ),
  ])
  func slipsInWorkloads(workloads: String, message: String) throws {
    let fixture = try ExperimentFixture()
    let text = ExperimentFixture.text(workloads: "workloads: " + workloads)
    #expect(fixture.error(text) == message)
  }

  @Test func aFittedTraceStandsInForARecordingThatIsNotThere() throws {
    let fixture = try ExperimentFixture()
    let text = ExperimentFixture.text(
      workloads: "workloads: {day: {read: gone.csv, otherwise: small.yaml, apply: [shuffle]}}")
    let recipe = try #require(try fixture.experiment(text).workloads.first)
    #expect(
      recipe.substitution
        == "day: the recording gone.csv is not here; fitted trace small.yaml stands in for it")
    #expect(recipe.description == "generate small.yaml (in place of gone.csv) | shuffle")
    try fixture.write("not a trace", to: "gone.csv")
    #expect(try fixture.experiment(text).workloads.first?.substitution == nil)
    // A recording that is there and broken is an error, whatever could stand in for it.
    #expect(fixture.error(text).hasPrefix("gone.csv: cannot tell the format"))
  }

  @Test func recordingsAreLookedForInTheirFolder() throws {
    let fixture = try ExperimentFixture()
    let text = ExperimentFixture.text(workloads: "workloads: {day: {read: t.csv}}")
    try fixture.write("recordings: elsewhere\n" + text, to: "e.yaml")
    func path(_ recordings: String?) -> String {
      do {
        _ = try Experiment.read(
          fixture.folder + "/e.yaml", recordings: recordings, registry: .builtIn)
        return "found"
      } catch { return "\(error)".replacing(fixture.folder, with: "F") }
    }
    #expect(path(nil).contains(" F/elsewhere/t.csv: no such recording"))
    #expect(path("/named").contains(" /named/t.csv: no such recording"))
    try fixture.write("", to: "t.csv")
    #expect(path(fixture.folder) == "found")
  }

  /// Whatever the text, an experiment or one line that names the file.
  @Test func survivesDamage() throws {
    let fixture = try ExperimentFixture()
    let text = Array(
      ExperimentFixture.text(
        traces: "traces: {a: {generate: small.yaml, apply: [shuffle]}}",
        workloads: "workloads: {day: {from: a, apply: [fold: {span: 1h}]}}",
        more: "seeds: [1, 2]\nslo: {ttft: 1s}\nsweep: {slots: [1, 2]}\nreport: {title: x}"
      ).utf8)
    var random = RandomStream(seed: 5, purpose: "damage")
    for _ in 0..<400 {
      var damaged = text
      for _ in 0...random.index(below: 3) {
        let place = random.index(below: damaged.count)
        switch random.index(below: 3) {
        case 0: damaged[place] = UInt8(random.index(below: 128))
        case 1: damaged.remove(at: place)
        default:
          damaged.insert(contentsOf: damaged[place...].prefix(random.index(below: 9)), at: place)
        }
      }
      do {
        _ = try Experiment(
          String(decoding: damaged, as: UTF8.self), file: fixture.folder + "/e.yaml", .builtIn)
      } catch let error as PitwallError {
        #expect(!"\(error)".contains("\n"))
        #expect("\(error)".hasPrefix(fixture.folder))
        #expect(error.code == .data || error.code == .noInput)
      }
    }
  }
}
