import Glibc

/// What the operating system says of a call that failed.
public enum SystemError {
  /// The error of the call that failed last on this thread.
  public static func last(_ code: PitwallError.Code, _ path: String) -> PitwallError {
    let number = errno
    let text = unsafe strerror(number).map { unsafe String(cString: $0) } ?? "error \(number)"
    return PitwallError(code, at: path, text.prefix(1).lowercased() + text.dropFirst())
  }
}
