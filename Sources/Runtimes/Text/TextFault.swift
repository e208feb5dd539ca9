/// What keeps a text from being edited, before it is known whose text it is.
struct TextFault: Error, Equatable {
    /// From 1; nil: the whole text.
    var line: Int?
    /// The rest of a sentence that begins with the file's name and the line: what is wrong, and the mend.
    var reason: String

    init(line: Int? = nil, _ reason: String) {
        self.line = line
        self.reason = reason
    }
}
