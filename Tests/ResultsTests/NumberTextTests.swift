import Foundation
import Testing

@testable import Results

@Suite struct NumberTextTests {
  @Test(
    arguments: [
      (0, "0"), (1, "1.000"), (0.83119, "0.8312"), (47.306, "47.31"), (1204.4, "1204"),
      (-0.0001234567, "-0.0001235"), (999.96, "1000.0"), (123_456_789, "123456789"),
    ] as [(Double, String)])
  func fourDigits(value: Double, text: String) {
    #expect(NumberText.significant(value) == text)
  }

  @Test(
    arguments: [(5, "5"), (0.25, "0.25"), (500, "500"), (1500.5, "1500.5"), (0, "0")]
      as [(
        Double, String
      )])
  func chosenNumbers(value: Double, text: String) {
    #expect(NumberText.plain(value) == text)
  }

  @Test func unitsAndChanges() {
    #expect(MetricUnit.bytes.text(1_234_000_000) == "1.234 GB")
    #expect(MetricUnit.bytes.text(12) == "12.00 B")
    #expect(MetricUnit.milliseconds.text(512.34) == "512.3 ms")
    #expect(NumberText.change(0.052) == "+5.20 %")
    #expect(NumberText.change(-0.052) == "-5.20 %")
    #expect(NumberText.change(-1e-9) == "0.00 %")
    #expect(NumberText.change(0.05, 0.04...0.06) == "+5.00 % [+4.00 %, +6.00 %]")
    #expect(NumberText.change(0.05, 0.05...0.05) == "+5.00 % exactly")
    #expect(NumberText.change(1e-9) == "0.00 %")
    // Seeds that agree when rounded do not agree exactly.
    #expect(NumberText.change(0.05, 0.05...0.050001) == "+5.00 % [+5.00 %, +5.00 %]")
    #expect(NumberText.change(0.05, nil) == "+5.00 %")
    #expect(NumberText.pValue(0.00001) == "<0.0001")
  }

  @Test func fixedRoundsToTheNearest() {
    for value in [0.5, 1.05, -2.345, 1e6, 0.049, -0.001, 99.995] {
      for decimals in 0...6 {
        let ours = NumberText.fixed(value, decimals: decimals)
        let difference = abs((Double(ours) ?? .infinity) - value)
        #expect(difference <= 0.5001 * pow(10, -Double(decimals)))
        let digits = ours.split(separator: ".").dropFirst().first?.count ?? 0
        #expect(digits == decimals)
      }
    }
  }
}
