/// In which order a matrix's rows lie in a checkpoint.
///
/// llama.cpp's converter lays the rows of Llama's query and key matrices so that the two halves of a
/// rotary pair are neighbours, where Hugging Face has them half a head apart.
public enum RowOrder: Sendable, Equatable {
  /// As everything here expects them.
  case halfSplit
  /// Rows 2i and 2i + 1 of each head are rows i and i + headSize / 2.
  case interleaved(headSize: Int)

  /// Where the checkpoint has a row of the half-split order.
  public func storedRow(of row: Int) -> Int {
    switch self {
    case .halfSplit: return row
    case .interleaved(let headSize):
      let half = headSize / 2
      let within = row % headSize
      return row - within + 2 * (within % half) + within / half
    }
  }
}
