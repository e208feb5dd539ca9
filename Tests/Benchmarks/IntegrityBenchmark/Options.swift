import Glibc

struct Options {
    var mebibytes = 256
    var rounds = 3

    init(_ arguments: [String]) {
        var rest = arguments[...]
        while let option = rest.popFirst() {
            switch (option, rest.first.flatMap { Int($0) }) {
            case ("--mib", let number?) where number > 0: mebibytes = number
            case ("--rounds", let number?) where number > 0: rounds = number
            default:
                print("usage: integrity-benchmark [--mib N] [--rounds N]")
                exit(option == "--help" ? 0 : 2)
            }
            rest = rest.dropFirst()
        }
    }
}
