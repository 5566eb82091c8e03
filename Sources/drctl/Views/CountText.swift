/// `1 file`, `2 files`, `2 entries`: a number with what it counts.
func counted(_ number: some BinaryInteger, _ noun: String) -> String {
    if number == 1 { return "1 \(noun)" }
    return noun.hasSuffix("y") ? "\(number) \(noun.dropLast())ies" : "\(number) \(noun)s"
}
