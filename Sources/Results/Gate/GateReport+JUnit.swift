extension GateReport {
  /// The report as JUnit XML: one suite, one test case a check. What is inconclusive is an error,
  /// so that no viewer counts it as passed.
  public func junit() -> String {
    let failures = checks.filter { $0.judgement.state == .fail }.count
    let passes = checks.filter { $0.judgement.state == .pass }.count
    let counts =
      "tests=\"\(checks.count)\" failures=\"\(failures)\" "
      + "errors=\"\(checks.count - failures - passes)\" skipped=\"0\""
    let name = GateReport.xml(file.path)
    return "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites \(counts)>\n"
      + "  <testsuite name=\"\(name)\" \(counts)>\n" + checks.map(GateReport.testCase).joined()
      + "  </testsuite>\n</testsuites>\n"
  }

  private static func testCase(_ check: GateCheck) -> String {
    let open =
      "    <testcase classname=\"\(xml(check.subjectText))\" name=\"\(xml(check.title))\""
    guard let reason = check.reason else { return open + "/>\n" }
    let isFailure = check.judgement.state == .fail
    let element = isFailure ? "failure" : "error"
    let kind = isFailure ? "regression" : "inconclusive"
    return open + ">\n      <\(element) type=\"\(kind)\" message=\"\(xml(reason))\">"
      + "\(xml(check.limit.place)): \(xml(reason))</\(element)>\n    </testcase>\n"
  }

  /// Escapes text for attributes and content; characters that XML 1.0 cannot hold become U+FFFD.
  static func xml(_ text: String) -> String {
    text.unicodeScalars.reduce(into: "") { result, scalar in
      switch scalar {
      case "&": result += "&amp;"
      case "<": result += "&lt;"
      case ">": result += "&gt;"
      case "\"": result += "&quot;"
      case "'": result += "&apos;"
      case "\t", "\n", "\r": result += "&#\(scalar.value);"
      case _ where scalar.value < 0x20 || scalar.value == 0xfffe || scalar.value == 0xffff:
        result += "\u{fffd}"
      default: result.unicodeScalars.append(scalar)
      }
    }
  }
}
