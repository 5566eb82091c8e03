/// Goes through an item of a snapshot and everything below it, parents first, in the order of names.
package struct SnapshotWalk {
    /// What a walk gives.
    package enum Step {
        case item(SnapshotBrowser.Item)
        /// A directory that was given before, whose names cannot be read; the walk goes on behind it.
        case lost(SnapshotBrowser.Item, RepositoryError)
    }

    private let browser: SnapshotBrowser
    /// What is still to be given, the next one last.
    private var rest: [SnapshotBrowser.Item]
    /// Given last, and not yet looked into.
    private var directory: SnapshotBrowser.Item?

    /// Starts at an item, which is given first.
    package init(_ browser: SnapshotBrowser, from item: SnapshotBrowser.Item) {
        self.browser = browser
        rest = [item]
    }

    /// Leaves out what lies in the directory that was given last.
    package mutating func skipContents() { directory = nil }

    /// - Returns: nil at the end.
    package mutating func next() -> Step? {
        if let parent = directory {
            directory = nil
            do throws(RepositoryError) { rest += try browser.children(of: parent).reversed() } catch {
                return .lost(parent, error)
            }
        }
        guard let item = rest.popLast() else { return nil }
        if case .directory = item.content { directory = item }
        return .item(item)
    }
}
