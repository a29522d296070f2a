import Orchestration
import Primitives

/// The first published form of S3-FIFO, which libCacheSim keeps as S3-FIFO v0: an adapter of any size
/// comes, and all that is new goes through the small queue, also while nothing has to go yet.
extension EvictionEntry {
  static let s3FIFOv0 = EvictionEntry(
    "s3-fifo-v0", "s3-fifo as first published: all that is new goes through the small queue",
    idea: """
      As s3-fifo, but adapters that are larger than the small queue come too, and the small queue takes \
      what is new even while the cache fills.
      """, cost: "O(1), evictions amortised",
    parameters: S3FIFO.shareParameters + [
      PolicyParameter("threshold", "2", "uses that take an adapter to main, 1 to 3")
    ], source: "Yang et al., SOSP'23, doi:10.1145/3600006.3613147; libCacheSim S3FIFOv0"
  ) { context, parameters in
    let (small, ghosts) = try S3FIFO.shares(&parameters)
    return S3FIFO(
      context, small: small, ghosts: ghosts,
      threshold: try parameters.int("threshold", default: 2, in: 1...3), isStrict: false)
  }
}
