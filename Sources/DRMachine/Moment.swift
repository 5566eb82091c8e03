internal import DRJSON
package import DRRunbook

/// A point in time as a machine saw it: wall clock for people, boot time for arithmetic within one boot.
package struct Moment: Hashable, Sendable {
    /// Nanoseconds since 1970-01-01T00:00:00Z, by the wall clock; may jump.
    package var wall: Int64
    /// Nanoseconds since the machine started (CLOCK_BOOTTIME); never jumps, says nothing across a restart.
    package var boot: Int64
    /// Which start of the machine `boot` counts from.
    package var bootID: String

    package init(wall: Int64, boot: Int64, bootID: String) {
        self.wall = wall
        self.boot = boot
        self.bootID = bootID
    }

    /// A time that somebody stated (a mark, an RFC 3339 text): it counts in no boot.
    package static func stated(wall: Int64) -> Moment { Moment(wall: wall, boot: 0, bootID: "") }

    /// Whether both were seen within the same start of the machine, so that boot time compares them.
    package func sharesBoot(with other: Moment) -> Bool { bootID == other.bootID && !bootID.isEmpty }

    /// Time elapsed since an earlier moment: by boot time within one boot, else by the wall clock.
    package func elapsed(since earlier: Moment) -> TimeSpan {
        sharesBoot(with: earlier)
            ? TimeSpan(nanoseconds: boot - earlier.boot) : TimeSpan(nanoseconds: wall - earlier.wall)
    }

    /// The moment so much later, by both clocks.
    package func advanced(by span: TimeSpan) -> Moment {
        Moment(wall: wall + span.nanoseconds, boot: boot + span.nanoseconds, bootID: bootID)
    }

    /// Whether a due moment has come. Either clock's word is enough: what waits fails closed.
    package func isPast(_ due: Moment) -> Bool {
        (sharesBoot(with: due) && boot >= due.boot) || wall >= due.wall
    }
}

extension Moment: Codable {
    package init(from decoder: any Decoder) throws {
        let object = try ObjectReader(decoder)
        self.init(wall: try object.integer("wall"), boot: try object.integer("boot"), bootID: try object.text("bootID"))
    }

    package func encode(to encoder: any Encoder) throws {
        var object = ObjectWriter(encoder)
        try object.write("boot", integer: boot)
        try object.write("bootID", text: bootID)
        try object.write("wall", integer: wall)
    }
}
