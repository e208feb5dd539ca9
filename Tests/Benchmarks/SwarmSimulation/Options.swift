/// What the command line asks for.
struct Options {
    static let usage = """
        swarm-simulation [--quick] [--only TEXT] [--seed N] [--plot FILE]

          --quick      without the scenarios of 1,000 nodes
          --only TEXT  the scenarios whose name has this in it
          --seed N     other chances
          --plot FILE  draws the completion curves, as SVG

        Exit 1: a scenario missed its aim, or a node did not get the blob.
        """

    struct Misuse: Error { var message: String }

    private var isQuick = false
    private var only = ""
    private(set) var seed: UInt64 = 1
    private(set) var plot: String?

    init(_ arguments: some Collection<String>) throws(Misuse) {
        var rest = arguments[...]
        func value(of option: String) throws(Misuse) -> String {
            guard let value = rest.popFirst() else { throw Misuse(message: "\(option) needs a value") }
            return value
        }
        while let option = rest.popFirst() {
            switch option {
            case "--quick": isQuick = true
            case "--only": only = try value(of: option)
            case "--plot": plot = try value(of: option)
            case "--seed":
                let text = try value(of: option)
                guard let number = UInt64(text) else { throw Misuse(message: "\(text) is no number for --seed") }
                seed = number
            default: throw Misuse(message: "there is no option \(option)")
            }
        }
    }

    func includes(_ scenario: Scenario) -> Bool {
        (only.isEmpty || scenario.name.contains(only)) && !(isQuick && scenario.nodes >= 1000)
    }
}
