/// What a site's file may hold.
enum SiteSchema {
    static let document = ObjectSchema(
        name: "a site",
        keys: [
            .required("apiVersion", .constant("drctl/v1"), "The version of the language."),
            .required("kind", .constant("Site"), "What the file is."),
            .required("metadata", .object(metadata), "Who it is."),
            .required("spec", .object(spec), "What there is."),
        ])

    private static let metadata = ObjectSchema(
        name: "metadata",
        keys: [
            .required("name", .name, "The site's name."),
            .optional("title", .text, "The site in a line."),
        ])

    private static let spec = ObjectSchema(
        name: "spec",
        keys: [
            .optional("people", .map(.object(person)), "Who may be asked, by name."),
            .optional("repositories", .map(.object(repository)), "Where backups lie, by name."),
            .optional("channels", .map(.object(channel)), "Who is told by `notify`, by name."),
            .optional("secrets", .map(.object(secret)), "Where secrets are read; never what they are."),
        ])

    private static let person = ObjectSchema(
        name: "a person",
        keys: [
            .required("user", .text, "The operating system's user."),
            .optional("uid", .integer(0...4_294_967_294), "That user's number; looked up where it is left out."),
            .required("roles", .list(.name, isEmptyAllowed: true), "The roles held."),
            .optional("keys", .list(.text), "SSH public keys, `TYPE BASE64`, whose signatures are this person's."),
            .optional("contact", .text, "How to reach this person, as it stands on cards: a number, a rota."),
            .optional("delegate", .name, "Who stands in for this person, and so holds the same roles."),
        ])

    private static let repository = ObjectSchema(
        name: "a repository",
        keys: [
            .required("address", .text, "Its folder."),
            .optional("identity", .text, "The file with the age identity or the writer's key."),
            .optional("id", .text, "Its pinned id, in hexadecimal."),
        ])

    private static let channel = ObjectSchema(
        name: "a channel",
        keys: [
            .optional("run", .list(.text), "A program with its arguments; the message is in `$DRCTL_MESSAGE`."),
            .optional("post", .text, "The URL to which `{run, step, text}` is posted as JSON."),
        ], exactlyOne: ["run", "post"])

    static let secret = ObjectSchema(
        name: "a secret",
        keys: [
            .optional("file", .text, "The absolute path of the file that holds it."),
            .optional("environment", .text, "The variable of drctl's own environment that holds it."),
            .optional(
                "command", .list(.text),
                "A program with its arguments, which prints it; one line break at its end is not part of it."),
        ], exactlyOne: ["file", "environment", "command"])
}

/// What a catalogue's file may hold.
enum CatalogueSchema {
    static let document = ObjectSchema(
        name: "a catalogue",
        keys: [
            .required("apiVersion", .constant("drctl/v1"), "The version of the language."),
            .required("kind", .constant("Catalogue"), "What the file is."),
            .required("metadata", .object(metadata), "Who it is."),
            .required("spec", .object(spec), "What there is."),
        ])

    private static let spec = ObjectSchema(
        name: "spec", keys: [.required("services", .map(.object(service)), "The services, by name.")])

    private static let metadata = ObjectSchema(
        name: "metadata",
        keys: [
            .required("name", .name, "The catalogue's name."),
            .optional("title", .text, "The catalogue in a line."),
        ])

    private static let service = ObjectSchema(
        name: "a service",
        keys: [
            .optional("title", .text, "What it does, in a line."),
            .required("tier", .integer(0...9), "How much it matters; the lower, the more."),
            .required("owner", .text, "The team that answers for it."),
            .optional("rto", .duration, "Recovery time objective."),
            .optional("rpo", .duration, "Recovery point objective."),
            .optional("mtd", .duration, "Maximum tolerable downtime."),
            .optional(
                "clocks", .clockPair,
                "The pair of clocks that the RTO is compared with, `disrupted..proven` by default."),
            .optional("dependencies", .list(.name, isEmptyAllowed: true), "Services it cannot do without."),
        ])
}
