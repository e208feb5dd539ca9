import Glibc

/// A parser of what strangers send, and what must hold whatever they send: more than that it does not crash.
protocol FuzzTarget: SendableMetatype {
    /// - Parameter input: made by libFuzzer.
    static func run(_ input: UnsafeRawBufferPointer)
}

/// Which one this process runs: libFuzzer tells a target nothing but its input.
private let target: any FuzzTarget.Type = {
    let name = getenv("SHOAL_FUZZ_TARGET").map { String(cString: $0) } ?? ""
    guard let target = targets[name] else {
        fail("SHOAL_FUZZ_TARGET must be one of \(targets.keys.sorted().joined(separator: ", ")); run deploy/fuzz")
    }
    return target
}()

private let targets: [String: any FuzzTarget.Type] = [
    "archive": ArchiveTarget.self,
    "configuration": ConfigurationTarget.self,
    "conversation": ConversationTarget.self,
    "credential": CredentialTarget.self,
    "datagram": DatagramTarget.self,
    "header": HeaderTarget.self,
    "htpasswd": HtpasswdTarget.self,
    "inventory": InventoryTarget.self,
    "manifest": ManifestTarget.self,
    "name": NameTarget.self,
    "record": RecordTarget.self,
    "resolver": ResolverTarget.self,
    "route": RouteTarget.self,
    "runtime": RuntimeTarget.self,
]

@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzerTestOneInput(_ bytes: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    target.run(UnsafeRawBufferPointer(start: bytes, count: count))
    return 0
}

/// Ends the process in the way that libFuzzer takes for a find.
func fail(_ what: String) -> Never {
    write(STDERR_FILENO, what + "\n", what.utf8.count + 1)
    abort()
}

func require(_ holds: Bool, _ what: @autoclosure () -> String) {
    if !holds { fail(what()) }
}
