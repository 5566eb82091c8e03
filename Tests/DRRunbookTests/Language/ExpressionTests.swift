import DRRunbook
import Testing

@Suite struct ExpressionTests {
    static let context = EvaluationContext(values: [
        "run.id": .string("r-1"), "steps.count.outputs.rows": .integer(12), "steps.a-b.outputs.done": .boolean(false),
        "inputs.name": .string("Ärger"), "absent": .null,
    ])

    @Test(arguments: [
        ("1 < 2", Value.boolean(true)), ("2 <= 1", .boolean(false)), ("-3 < 0", .boolean(true)),
        ("'a' == \"a\"", .boolean(true)), ("'it''s'", .string("it's")), ("\"a\"\"b\"", .string("a\"b")),
        ("run.id", .string("r-1")), ("steps.count.outputs.rows >= 12", .boolean(true)),
        ("!steps.a-b.outputs.done", .boolean(true)), ("!!true", .boolean(true)),
        ("absent ?? 'x'", .string("x")), ("absent ?? absent ?? 7", .integer(7)), ("missing", .null),
        ("absent ?? 3 > 2", .boolean(true)), ("1 == 1 && 2 != 2 || true", .boolean(true)),
        ("true || false && false", .boolean(true)), ("(true || false) && false", .boolean(false)),
        ("false && absent", .boolean(false)), ("true || absent", .boolean(true)),
        ("contains(run.id, '-')", .boolean(true)), ("startsWith(run.id, 'x')", .boolean(false)),
        ("endsWith(run.id, '1')", .boolean(true)), ("length(inputs.name)", .integer(5)),
        ("lower('ABC') == 'abc'", .boolean(true)), ("'b' > 'a'", .boolean(true)), ("'a' < 'ab'", .boolean(true)),
        ("true == false", .boolean(false)), ("9223372036854775807", .integer(.max)),
    ])
    func givesItsValue(source: String, expected: Value) throws {
        #expect(try Expression(source: source).evaluate(in: Self.context) == expected)
    }

    @Test(arguments: [
        ("absent == 1", "needs a value for absent, which has none; write `absent ?? …`"),
        ("absent != 'x'", "needs a value for absent, which has none; write `absent ?? …`"),
        ("!absent", "needs a value for absent, which has none; write `absent ?? …`"),
        ("true && absent", "needs a value for absent, which has none; write `absent ?? …`"),
        ("length(absent)", "needs a value for absent, which has none; write `absent ?? …`"),
        ("1 == '1'", "compares a number with a text by =="),
        ("true < false", "compares true or false with true or false by <"),
        ("'x' && true", "takes 'x' for true or false, which it is not"),
        ("length(1)", "gives length something else than a text: 1"),
    ])
    func refusesToGuess(source: String, message: String) throws {
        let expression = try Expression(source: source)
        let error = #expect(throws: ExpressionError.self) { try expression.evaluate(in: Self.context) }
        #expect(error?.message == message)
        #expect(error?.source == source)
    }

    @Test(arguments: [
        ("", "is empty", 0), ("1 +2", "has a + that means nothing", 2), ("1 2", "has 2 where it should end", 2),
        ("(1", "has its end where ) should be", 2), ("'a", "has a text without its closing quote", 0),
        ("1 < 2 < 3", "chains comparisons; join them with &&", 6),
        ("1 == 2 != 3", "chains comparisons; join them with &&", 7),
        ("a..b", "has a..b, which is neither a name nor a whole number", 0),
        ("1.5 > 1", "has 1.5, which is neither a name nor a whole number", 0),
        ("99999999999999999999", "has 99999999999999999999, which is neither a name nor a whole number", 0),
        (
            "upper('a')",
            "calls upper, which is no function; there are contains, startsWith, endsWith, length, lower", 0
        ),
        ("true && length('a', 'b') == 1", "gives length 2 values; it takes 1", 8),
        ("&& 1", "has && where a value should be", 0),
        ("f(", "calls f, which is no function; there are contains, startsWith, endsWith, length, lower", 0),
    ])
    func saysWhatItCannotRead(source: String, message: String, offset: Int) {
        let error = #expect(throws: ExpressionError.self) { try Expression(source: source) }
        #expect(error?.message == message)
        #expect(error?.offset == offset)
    }

    @Test func bounds() {
        #expect(throws: Never.self) {
            try Expression(source: String(repeating: "(", count: 60) + "1" + String(repeating: ")", count: 60))
        }
        for hostile in [
            String(repeating: "(", count: 2000), String(repeating: "!", count: 4000),
            String(repeating: "a", count: 5000),
            String(repeating: "1 ?? ", count: 800) + "1",
        ] {
            // Read or refused, but never a crash.
            if let expression = try? Expression(source: hostile) { #expect(expression.source == hostile) }
        }
        #expect(throws: ExpressionError.self) { try Expression(source: String(repeating: "!", count: 100) + "true") }
    }

    @Test func substitutingKeepsMeaning() throws {
        let expression = try Expression(
            source: "inputs.name == 'x' || (steps.s.outputs.n ?? 1) < 2 && !contains(inputs.name, 'it''s')")
        let left = expression.substituting(EvaluationContext(values: ["inputs.name": .string("it's")]))
        #expect(left.source == "('it''s' == 'x') || (((steps.s.outputs.n ?? 1) < 2) && !contains('it''s', 'it''s'))")
        #expect(left.names == ["steps.s.outputs.n"])
        #expect(try Expression(source: left.source).syntax == left.syntax)
        #expect(try left.evaluate(in: EvaluationContext()) == .boolean(false))
    }
}
