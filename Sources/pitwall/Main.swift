import PitwallCommands

@main
struct Main {
  static func main() async {
    await Pitwall.runAndExit()
  }
}
