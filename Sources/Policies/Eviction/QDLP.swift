import Orchestration
import Primitives

/// Quick demotion and lazy promotion: a small probationary queue and a ghost list before a CLOCK with
/// two bits. It is the algorithm of S3-FIFO v0, which grew out of it; here one use is enough to pass.
///
/// J. Yang, Z. Qiu, Y. Zhang, Y. Yue, K. V. Rashmi, "FIFO can be better than LRU: the power of lazy
/// promotion and quick demotion", HotOS'23, doi:10.1145/3593856.3595887.
extension EvictionEntry {
  static let qdlp = EvictionEntry(
    "qd-lp", "a small probationary queue sifts what comes to a clock",
    idea: """
      New adapters enter a small queue. Those that were used come to the main part, a clock that counts \
      uses to three, when they reach its end; the others go, and are remembered for a while: one that \
      returns meanwhile enters the main part at once.
      """, cost: "O(1), evictions amortised",
    parameters: S3FIFO.shareParameters + [
      PolicyParameter("threshold", "1", "uses that take an adapter to main, 1 to 3")
    ], source: "Yang et al., HotOS'23, doi:10.1145/3593856.3595887"
  ) { context, parameters in
    let (small, ghosts) = try S3FIFO.shares(&parameters)
    return S3FIFO(
      context, small: small, ghosts: ghosts,
      threshold: try parameters.int("threshold", default: 1, in: 1...3), isStrict: false)
  }
}
