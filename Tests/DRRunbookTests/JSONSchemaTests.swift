import Foundation
import Testing

@testable import DRRunbook

/// `Tests/Checks/check-schema.py` holds the schema against lint; here is what needs no validator.
@Suite struct JSONSchemaTests {
    private func object(_ kind: String) throws -> [String: Any] {
        let text = try #require(JSONSchema.text(kind: kind))
        return try #require(try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any])
    }

    @Test(arguments: [
        ("Runbook", RunbookSchema.document), ("Site", SiteSchema.document), ("Catalogue", CatalogueSchema.document),
    ])
    func hasTheKeysOfTheDecoder(kind: String, schema: ObjectSchema) throws {
        let document = try object(kind)
        let properties = try #require(document["properties"] as? [String: Any])
        #expect(Set(properties.keys) == Set(schema.keys.map(\.name)))
        #expect(document["required"] as? [String] == schema.keys.filter(\.isRequired).map(\.name))
        #expect(document["additionalProperties"] as? Bool == false)
    }

    @Test func saysWhatAKeyIsFor() throws {
        let text = try #require(JSONSchema.text(kind: "Runbook"))
        for key in StepSchema.step.keys { #expect(text.contains(key.summary.split(separator: "\"")[0])) }
    }

    @Test func thereIsNoOther() { #expect(JSONSchema.text(kind: "Report") == nil) }
}
