/// Finds what somebody probably meant.
enum Suggestion {
    /// The candidate nearest to a word, if one is near enough; the first in order among equals.
    static func nearest(to word: String, among candidates: some Sequence<String>) -> String? {
        // `retries` is far from `retry`, and yet.
        let shared = 4
        let limit = max(1, word.count / 3)
        var best: (name: String, distance: Int)?
        for candidate in candidates.sorted() where abs(candidate.count - word.count) <= limit {
            let hasSameStart = word.count >= shared && candidate.hasPrefix(word.prefix(shared))
            let limit = hasSameStart ? limit + 1 : limit
            let distance = distance(word.lowercased(), candidate.lowercased())
            if distance <= limit, distance < best?.distance ?? .max { best = (candidate, distance) }
        }
        return best?.name
    }

    /// A fix naming the nearest candidate, or else all of them where they are few.
    static func fix(for word: String, among candidates: some Collection<String>) -> String? {
        if let near = nearest(to: word, among: candidates) { return "did you mean `\(near)`?" }
        guard !candidates.isEmpty, candidates.count <= 12 else { return nil }
        return "there are \(candidates.sorted().map { "`\($0)`" }.joined(separator: ", "))"
    }

    /// Insertions, deletions, replacements and swaps of neighbours that turn one text into the other.
    private static func distance(_ one: String, _ other: String) -> Int {
        let source = Array(one)
        let target = Array(other)
        var beforeLast: [Int] = []
        var last = Array(0...target.count)
        for row in source.indices {
            var current = [row + 1]
            for column in target.indices {
                var cost = min(
                    last[column + 1] + 1, current[column] + 1, last[column] + (source[row] == target[column] ? 0 : 1))
                if row > 0, column > 0, source[row] == target[column - 1], source[row - 1] == target[column] {
                    cost = min(cost, beforeLast[column - 1] + 1)
                }
                current.append(cost)
            }
            (beforeLast, last) = (last, current)
        }
        return last[target.count]
    }
}
