/// What a source does wrong with one answer.
struct Misdeed: Sendable, Equatable {
    /// Where in the body of the answer it happens. What has no body to speak of happens at the first byte.
    enum Place: String, Sendable, CaseIterable {
        case first
        case middle
        case last

        /// The byte before which it happens.
        func offset(in length: Int) -> Int {
            switch self {
            case .first: 0
            case .middle: length / 2
            case .last: max(0, length - 1)
            }
        }
    }

    enum Way: String, Sendable, CaseIterable {
        // What happens at a place of the body:
        /// A RST.
        case resets
        /// Silence, until somebody gives up.
        case stalls
        /// A FIN.
        case truncates
        /// One bit is another.
        case flips
        /// From there on a byte every 100 ms.
        case trickles
        /// The length is told too large by so much as is missing behind the place, and then nothing comes.
        case overstates
        /// The length is told too small: only what is before the place.
        case understates
        /// The bytes are told to be from elsewhere.
        case misplaces
        /// From there on garbage, without end.
        case flows

        // What happens to the answer as a whole:
        /// Nobody listens.
        case refuses
        /// The request is taken, and a FIN comes back.
        case hangsUp
        case answers500
        case answers503
        case answers404
        case answers403
        case answers429
        case answers401
        case answers204
        case answers416
        /// 200, and a web page.
        case answersPage
        /// Redirects to itself.
        case circles
        /// A head without end.
        case headFlows
        /// Something that is not HTTP.
        case babbles
        /// The right bytes, told to be packed.
        case claimsGzip
        /// The right length, and none of the bytes.
        case swaps
        /// The header names another digest.
        case renames
        /// The right bytes, of a kind that nobody asked for.
        case mistypes
        /// A request for a range is answered whole.
        case ignoresRange
        /// The head comes late, by three seconds.
        case hesitates

        var hasPlace: Bool {
            switch self {
            case .resets, .stalls, .truncates, .flips, .trickles, .overstates, .understates, .misplaces, .flows: true
            default: false
            }
        }

        var status: Int? {
            rawValue.hasPrefix("answers") ? Int(rawValue.dropFirst("answers".count)) : nil
        }
    }

    let way: Way
    let place: Place

    init(_ way: Way, _ place: Place = .first) {
        self.way = way
        self.place = place
    }

    /// Whether it needs an answer with a body. A RST instead of a head does not.
    var needsBody: Bool { way.hasPlace && !(way == .resets && place == .first) }

    var name: String { way.hasPlace ? "\(way.rawValue) \(place.rawValue)" : way.rawValue }
}
