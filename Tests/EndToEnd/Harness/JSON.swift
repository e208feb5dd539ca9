import FoundationEssentials

enum JSON {
    static func decode<T: Decodable>(_ type: T.Type, _ text: String) throws -> T {
        do {
            return try JSONDecoder().decode(type, from: Data(text.utf8))
        } catch {
            throw HarnessError("not the JSON that was expected (\(error)):\n\(text.prefix(400))")
        }
    }

    static func decode<T: Decodable>(_ type: T.Type, file: String) throws -> T {
        try decode(type, String(decoding: Data(contentsOf: URL(filePath: file)), as: UTF8.self))
    }
}
