import DRMachine
import DRRunbook
import DRSystem

/// Shows a run while it goes on: a picture at a terminal, plain lines elsewhere; always on standard error.
struct RunDisplay {
    private let plan: Plan
    private let time: SystemTimeSource
    private var lines: EventLine
    private var canvas: Canvas?
    private var frame = 0

    init(plan: Plan, quiet: Bool = false) throws {
        self.plan = plan
        lines = EventLine(plan: plan)
        time = try SystemTimeSource()
        canvas = Canvas.isAvailable && !quiet ? Canvas() : nil
    }

    /// Whether there is a picture that has to be drawn again as time passes.
    var isLive: Bool { canvas != nil }

    mutating func show(_ events: [JournaledEvent], state: RunState) {
        guard canvas != nil else {
            lines.isEnding = state.status.isEnding
            for event in events {
                if let line = lines.line(event) { Output.note(line) }
            }
            return
        }
        draw(state, now: time.moment)
    }

    /// Leaves the picture as it is, for a question to be asked below it.
    mutating func stepAside() { canvas?.leave() }

    /// The last picture, which stays.
    mutating func end(_ state: RunState) {
        guard canvas != nil else { return }
        draw(state, now: state.lastAt ?? time.moment)
    }

    private mutating func draw(_ state: RunState, now: Moment) {
        let size = Canvas.size
        let view = LiveView(plan: plan, columns: size.columns, rows: size.rows, usesColour: Canvas.usesColour)
        canvas?.draw(view.lines(state, now: now, frame: frame))
        frame += 1
    }
}
