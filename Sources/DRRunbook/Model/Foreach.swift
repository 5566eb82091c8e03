/// A step that is there several times, once for each of something.
struct Foreach: Sendable {
    enum Source: Sendable {
        case list([Placed<Template>])
        /// The catalogue's services for which the expression is true.
        case services(Expression, inOrderOfDependencies: Bool)
    }

    var source: Source
    /// How many of them may have an attempt under way at once; nil: as `width` says.
    var maximumParallel: Int?

    /// What `each.NAME` may be.
    var names: [String: OutputType] {
        switch source {
        case .list: ["value": .string]
        case .services: Self.serviceNames
        }
    }

    /// What an expression may read of a service.
    static let serviceNames: [String: OutputType] = ["name": .string, "owner": .string, "tier": .integer]

    /// The word that stands for the service in whose turn it is.
    static let each = "each"
}
