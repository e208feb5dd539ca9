import OCI

/// A name as people, manifests and requests write it: whatever is taken is printed so that it is taken again, and means the same.
enum NameTarget: FuzzTarget {
    static func run(_ input: UnsafeRawBufferPointer) {
        let text = String(decoding: input, as: UTF8.self)
        check(Digest.self, text)
        check(Tag.self, text)
        check(RegistryName.self, text)
        check(RepositoryName.self, text)
        check(Origin.self, text)
        check(ManifestReference.self, text)
        check(ContentIdentifier.self, text)
        if let reference = try? ImageReference(normalizing: text) {
            let again = try? ImageReference(normalizing: reference.description)
            require(again == reference, "\(text) is \(reference), which is \(again.map { "\($0)" } ?? "nothing")")
        }
        require(PercentCoding.decode(PercentCoding.encode(text)) == text, "percent-encoding loses something of \(text)")
    }

    private static func check<Value: TextualValue>(_ type: Value.Type, _ text: String) {
        guard let value = try? Value(text) else { return }
        let again = try? Value(value.description)
        require(again == value, "\(type) \(text) is \(value), which is \(again.map { "\($0)" } ?? "nothing")")
    }
}
