/// A value kept behind a reference, so that what holds it is cheap to copy; setting it leaves copies as they are.
@propertyWrapper package struct Shared<Value: Sendable>: Sendable {
    private final class Box: Sendable {
        let value: Value
        init(_ value: Value) { self.value = value }
    }

    private var box: Box

    /// Keeps the value; this is what an assignment of it calls.
    package init(wrappedValue: Value) { box = Box(wrappedValue) }

    package var wrappedValue: Value {
        get { box.value }
        set { box = Box(newValue) }
    }
}

extension Shared: Equatable where Value: Equatable {
    /// By value; two that share one are equal without a look.
    package static func == (one: Shared, other: Shared) -> Bool {
        one.box === other.box || one.wrappedValue == other.wrappedValue
    }
}
