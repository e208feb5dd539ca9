import TOML
import Testing

@Suite struct TOMLTests {
    @Test(
        "a table header without a name is a fault with its line; it used to end the process",
        arguments: ["[", "[\n]", "a = 1\n[=]", "[[ $ ]]", "[ .a]", "b = [\n 1 ]\n[?]", "[[\u{fc}]]"])
    func badHeaders(text: String) {
        let error = #expect(throws: TOMLSyntaxError.self) { try TOMLDocument.parse(text) }
        #expect(error?.message.hasPrefix("is not TOML") == true)
        #expect(error?.line != nil)
    }

    @Test(
        "an entry of a list that begins with what ends a value is a fault with its line; it used to end the process",
        arguments: [
            "\na = [ }", "\na = [1, }", "\na = [[], [ }]]", "\na = [{ b = 1 }, }", "\na = [ # [\n}", "\na = [\u{2028}]",
            "\na = [1, \u{85}", "\na = [[[ \u{2029}",
        ])
    func badEntries(text: String) {
        let error = #expect(throws: TOMLSyntaxError.self) { try TOMLDocument.parse(text) }
        #expect(error?.message.hasPrefix("is not TOML") == true)
        #expect(error?.line == (text.contains("#") ? 3 : 2))
    }

    @Test(
        "a number, a date or a time that is none is a fault with its line; some used to end the process",
        arguments: [
            "\na = 2126-07-07t:2t.", "\na = 2126-07-07T", "\na = 2126-07-c\u{fffd} 0,", "\na = 2126-07-c. 0",
            "\na = 2126-07",
            "\na = [2126-07-07t:, 1]", "\na = { b = 2126-07-07t: }", "\na = 2126-07-07 0", "\na = 2_126-07-07 0,",
            "\na = 07:", "\na = 07:00:0",
            "\na = 07:00:00Z", "\na = 2126-07-07T07:00:00.", "\na = 2126-07-07T07:00:00+1",
            "\na = 2126-07-07T07:00:00z1",
            "\na = 1\u{fffd}", "\na = 212--07-14 0\u{feff}", "\na = [2-j------B 5#", "\na = 2126-07-07\u{feff}",
            "\na = 01", "\na = 1__0", "\na = 1.", "\na = 1e", "\na = 0x", "\na = +0x1", "\na = 0b2", "\na = -",
            "\na = 1.e1", "\na = -+1",
        ])
    func badDates(text: String) {
        let error = #expect(throws: TOMLSyntaxError.self) { try TOMLDocument.parse(text) }
        #expect(error?.message.hasPrefix("is not TOML") == true)
        #expect(error?.line == 2)
    }

    @Test(
        "numbers, dates and times are what TOML says",
        arguments: [
            "0", "1", "+1", "-17", "-0", "1_000", "0.5", "1E+0_5", "1.5e-3_0", "0xDEAD_beef", "0o755", "0b1101",
            "6.626e-34", "-0.0", "+inf", "-nan", "1e+5",
            "1979-05-27", "1979-05-27T07:32:00Z", "1979-05-27t07:32:00.999999-07:00", "1979-05-27 07:32:00",
            "1979-05-27 07:32:00+01:00", "07:32:00", "00:32:00.999999",
        ])
    func numbers(text: String) throws {
        for document in [
            "a = \(text)", "a = \(text) # b\n", "a = [\(text) , \(text)]", "a = { 1979-05 = \(text) }\r\n",
        ] {
            #expect(try TOMLDocument.parse(document).keys.contains("a"))
        }
    }

    @Test("what ends a value may stand in a string, behind an entry, and in a table within a list")
    func endsInLists() throws {
        let text =
            "a = [\"}\", '}', { b = [] }, {}, [{ c = [1, 2] }],\n\"\"\"\n[ }\n\"\"\", '\u{2028}']\nd = [] # [ }\n"
        #expect(try TOMLDocument.parse(text)["a"]?.list?.count == 7)
    }

    @Test("brackets at the beginning of a line within a value are no headers")
    func values() throws {
        let text = "a = [\n[\"b\"],\n[ [1], [-2] ],\n[ ],\n[{ c = 1 }],\n# [?]\n]\nd = '''\n[?]\n'''\n"
        let table = try TOMLDocument.parse(text)
        #expect(table["a"]?.list?.count == 4)
        #expect(TOMLOutline(text).entries.map(\.path) == [["a"], ["d"]])
    }

    @Test("the outline knows each table and key by its path and its lines")
    func outline() {
        let text = "v = 1\n[a.'b.c']  # x\n\"d\\\"e\" . f = [\n 1,\n]\n[[g]]\nh = \"\"\"\n[no]\n\\\"\"\"\"\n"
        let outline = TOMLOutline(text)
        #expect(outline.entries.map(\.path) == [["v"], ["a", "b.c"], ["a", "b.c", "d\"e", "f"], ["g"], ["g", "h"]])
        #expect(outline.entries.map(\.kind) == [.key, .table, .key, .arrayTable, .key])
        #expect(outline.entries.map(\.lines) == [0..<1, 1..<2, 2..<5, 5..<6, 6..<9])
    }
}
