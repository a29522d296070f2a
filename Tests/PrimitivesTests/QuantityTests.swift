import Primitives
import Testing

@Suite struct QuantityTests {
  @Test(arguments: [
    ("250ms", 250_000_000), ("1.5 s", 1_500_000_000), ("1d", 86_400_000_000_000),
    ("2", 2_000_000_000),
    ("0", 0), ("10us", 10_000), ("3ns", 3), ("2m", 120_000_000_000), ("2min", 120_000_000_000),
    ("1h", 3_600_000_000_000), ("1e-3s", 1_000_000), ("1_000ms", 1_000_000_000),
    ("-1s", -1_000_000_000),
    ("0.1s", 100_000_000), (".5s", 500_000_000), (" 7 s ", 7_000_000_000),
  ]) func times(_ text: String, _ value: Int64) {
    #expect(Quantity.nanoseconds(text) == value)
  }

  @Test(
    arguments: [
      ("16GiB", 16 << 30), ("80 GB", 80_000_000_000), ("4096", 4096), ("1kB", 1000), ("1KB", 1000),
      ("1.5KiB", 1536), ("2TiB", 2 << 40), ("3TB", 3_000_000_000_000), ("7B", 7),
      ("512MiB", 512 << 20),
      ("5MB", 5_000_000),
    ] as [(String, Int64)]) func sizes(_ text: String, _ value: Int64)
  {
    #expect(Quantity.bytes(text) == value)
  }

  @Test(arguments: [
    "", " ", "s", "ms", "abc", "1x", "1 parsec", "1.2.3s", "--1s", "1s2", "nan", "inf", "1e400s",
    "1e30s", "9999999999999999999d", "½s", "1,5s", "1 2s", "1 2", "5 m s", "5m s", "1GiB", "1MS",
  ]) func rejectedTimes(_ text: String) {
    #expect(Quantity.nanoseconds(text) == nil)
  }

  @Test(arguments: [
    "", "GiB", "1Gb", "1gib", "1G", "1 2GiB", "4 0 9 6", "1e30", "1e19", "1s", "12 34", "∞B",
    "1G iB",
  ]) func rejectedSizes(_ text: String) {
    #expect(Quantity.bytes(text) == nil)
  }

  @Test func anyTextIsParsedOrRefused() {
    var random = RandomStream(seed: 1, purpose: "quantity.fuzz")
    let alphabet = Array("0123456789.eE+-_ xsmunGiBkKpT∞½٣")
    for _ in 0..<3000 {
      let text = String(
        (0..<random.index(below: 9)).map { _ in alphabet[random.index(below: alphabet.count)] })
      _ = Quantity.nanoseconds(text)
      _ = Quantity.bytes(text)
    }
  }

  @Test func secondsSaturate() {
    #expect(Nanoseconds(seconds: 1e300) == .max)
    #expect(Nanoseconds(seconds: -.infinity) == .min)
    #expect(Nanoseconds(seconds: 1.5) == 1_500_000_000)
    #expect((1_500_000_000 as Nanoseconds).seconds == 1.5)
    #expect((1_500_000 as Nanoseconds).milliseconds == 1.5)
  }
}
