extension Trace {
  /// The adapters of a request as Pitwall's CSV writes them: `billing-v2*0.8;tone`, empty for the
  /// base model.
  public func adaptersText(_ row: Int) -> String {
    PitwallCSV.text(of: adapterSets[Int(adapterSet[row])], in: adapters)
  }

  /// The metadata of a request as Pitwall's CSV writes it: `lang=en;tier=gold`.
  public func metadataText(_ row: Int) -> String {
    PitwallCSV.text(of: metadataTable[Int(metadata[row])])
  }
}
