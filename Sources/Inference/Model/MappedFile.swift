import Foundation

/// A file that is mapped into memory for reading.
public struct MappedFile: Sendable {
  public let path: String
  public let data: Data
}
