import Primitives
import Subprocess

/// Draws charts with the gnuplot that is installed (5.4 or later, with its SVG terminal).
public struct Gnuplot: Sendable {
  private let program: String
  /// More than any chart of ours comes to: they are kept below some tens of kilobytes.
  private static let limit = 16 << 20

  /// Uses the program of this name in PATH.
  public init(program: String = "gnuplot") { self.program = program }

  /// Whether gnuplot can be run.
  public func isInstalled() async -> Bool {
    let result = try? await run(
      executable, arguments: ["--version"], output: .string(limit: 4096), error: .discarded)
    return result?.terminationStatus.isSuccess ?? false
  }

  /// Draws a chart.
  ///
  /// - Throws: ``PitwallError`` with code `unavailable` where gnuplot is missing or has no SVG
  ///   terminal, `fault` where it does not understand the script.
  public func draw(_ chart: Chart) async throws -> SVG {
    let text = try await output(of: GnuplotScript(chart).text, for: chart.name)
    return try SVG(gnuplot: text, of: chart)
  }

  /// Draws charts, two at a time, and returns them in the order they were given.
  public func draw(_ charts: [Chart]) async throws -> [SVG] {
    try await withThrowingTaskGroup(of: (Int, SVG).self) { group in
      var drawn: [SVG?] = Array(repeating: nil, count: charts.count)
      var next = 0
      func startNext() {
        guard next < charts.count else { return }
        let index = next
        next += 1
        group.addTask { (index, try await draw(charts[index])) }
      }
      startNext()
      startNext()
      while let (index, svg) = try await group.next() {
        drawn[index] = svg
        startNext()
      }
      return drawn.compactMap(\.self)
    }
  }

  private var executable: Executable { .name(program) }

  private func output(of script: String, for name: String) async throws -> String {
    let result: ExecutionResult<Void, StringOutput<UTF8>, StringOutput<UTF8>>
    do {
      // `-d` leaves out a user's own start-up file, so that charts look the same everywhere.
      result = try await run(
        executable, arguments: ["-d", "-"], input: .string(script),
        output: .string(limit: Gnuplot.limit), error: .string(limit: 1 << 16))
    } catch let error as SubprocessError where error.code == .executableNotFound {
      throw PitwallError(
        .unavailable,
        "\(program) is not installed, and charts need it: sudo apt-get install -y gnuplot-nox")
    } catch let error as SubprocessError {
      throw PitwallError(.unavailable, at: program, "could not be run: \(error)")
    }
    let (text, complaint) = (result.standardOutput, result.standardError)
    guard result.terminationStatus.isSuccess, !text.isEmpty else {
      if complaint.contains("unknown or ambiguous terminal") {
        throw PitwallError(
          .unavailable, at: program,
          "has no SVG terminal: sudo apt-get install -y gnuplot-nox")
      }
      throw PitwallError(.fault, "gnuplot refused chart \(name): \(complaint.prefix(400))")
    }
    return text
  }
}
