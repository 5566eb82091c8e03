import DRMachine
import DRRunbook

/// The run over time: recovery against its objective on top, then a row for each step with its attempts as bars.
struct TimelinePicture {
    let record: Record
    private let recoveries: [Recovery]
    /// The end of what happened, and of an objective that lies not far beyond.
    private let span: Int64

    private static let width = 1000
    private static let gutter = 210
    private static let margin = 24
    private static let rowHeight = 24
    /// Rows of one picture; a longer run has several, so that paper can break between them.
    private static let rowsPerPicture = 60

    init(record: Record) {
        self.record = record
        let begin = record.run.createdAt.nanoseconds
        recoveries = Self.recoveries(record)
        let ends = record.steps.flatMap { step in
            step.attempts.compactMap(\.endedAt) + [step.endedAt].compactMap { $0 }
        }
        let last = max(begin + max(0, record.run.elapsedNanoseconds), ends.map(\.nanoseconds).max() ?? begin)
        let elapsed = max(last - begin, 1_000_000)
        let near = recoveries.compactMap(\.limit).map { $0 - begin }.filter { $0 <= elapsed * 8 / 5 }
        span = max(elapsed, near.max() ?? 0)
    }

    /// The pictures in order; none where nothing happened.
    func drawn() -> [Markup] {
        let rows = record.steps.filter { $0.startedAt != nil }
            .sorted { ($0.startedAt?.nanoseconds ?? 0) < ($1.startedAt?.nanoseconds ?? 0) }
        guard !rows.isEmpty else { return [] }
        let pages = stride(from: 0, to: rows.count, by: Self.rowsPerPicture).map {
            Array(rows[$0..<min($0 + Self.rowsPerPicture, rows.count)])
        }
        return pages.enumerated().map { index, page in drawn(page, number: index + 1, of: pages.count) }
    }

    private var begin: Int64 { record.run.createdAt.nanoseconds }

    /// A service's recovery as two points and a limit.
    private struct Recovery {
        var service: String
        var from: Int64
        var to: Int64?
        var limit: Int64?
        var objective: Int64?
        var isDown: Bool
    }

    private static func recoveries(_ record: Record) -> [Recovery] {
        record.services.compactMap { service in
            func at(_ clock: ClockName) -> Int64? {
                service.clocks.last { $0.clock == clock && !$0.superseded }?.at.nanoseconds
            }
            guard let from = at(service.comparedFrom) else { return nil }
            let objective = service.objectives.first { $0.kind == .recoveryTime }?.objectiveNanoseconds
            let to = at(service.comparedTo)
            return Recovery(
                service: service.name, from: from, to: to, limit: objective.map { from + $0 }, objective: objective,
                isDown: to == nil)
        }
    }

    private func x(_ nanoseconds: Int64) -> Int {
        let room = Int64(Self.width - Self.gutter - Self.margin)
        let offset = min(max(0, nanoseconds - begin), span)
        // Scaled down first: the product of a long run and the room does not fit.
        return Self.gutter + Int(Double(offset) / Double(span) * Double(room))
    }

    private func drawn(_ rows: [StepRecord], number: Int, of count: Int) -> Markup {
        var picture = Picture()
        let marks = clockLabels
        let top = 18 + ((marks.map(\.lane).max() ?? -1) + 1) * 15
        let recoveryTop = top + 12
        let rowsTop = recoveryTop + recoveries.count * 34 + 8
        let bottom = rowsTop + rows.count * Self.rowHeight
        for index in stride(from: 0, to: rows.count, by: 2) {
            picture.draw(
                "rect",
                [
                    "class": "stripe", "x": "0", "y": "\(rowsTop + index * Self.rowHeight)",
                    "width": "\(Self.width)", "height": "\(Self.rowHeight)",
                ])
        }
        drawAxis(&picture, from: top, to: bottom)
        drawClocks(marks, &picture, from: top, to: bottom)
        for (index, row) in rows.enumerated() {
            draw(row, at: rowsTop + index * Self.rowHeight, in: &picture)
        }
        for (index, recovery) in recoveries.enumerated() {
            draw(recovery, at: recoveryTop + index * 34, bottom: bottom, in: &picture)
        }
        let part = count > 1 ? " (part \(number) of \(count))" : ""
        return picture.finished(
            name: "timeline-\(number)", style: "picture timeline", width: Self.width, height: bottom + 26,
            title: "Timeline of run \(record.run.id)\(part)", description: spoken(rows))
    }

    private func spoken(_ rows: [StepRecord]) -> String {
        rows.map { step in
            let start = step.startedAt.map { Wording.duration($0.nanoseconds - begin) } ?? "?"
            let took = step.elapsedNanoseconds.map { ", took \(Wording.duration($0))" } ?? ""
            return "\(step.id): from +\(start)\(took), \(Wording.outcome(step.outcome))"
        }.joined(separator: "; ")
    }

    // MARK: Axis and clocks

    private func drawAxis(_ picture: inout Picture, from top: Int, to bottom: Int) {
        for tick in Self.ticks(span: span) {
            let at = x(begin + tick)
            picture.draw(
                "line", ["class": "tick", "x1": "\(at)", "x2": "\(at)", "y1": "\(top)", "y2": "\(bottom)"])
            picture.write(
                tick == 0 ? "start" : "+" + Wording.duration(tick), x: at, y: bottom + 17,
                ["class": "axis", "text-anchor": "middle"])
        }
    }

    /// Round distances, five to ten of them.
    static func ticks(span: Int64) -> [Int64] {
        let second: Int64 = 1_000_000_000
        let round: [Int64] =
            [1, 2, 5, 10, 20, 50, 100, 200, 500].map { $0 * 1_000_000 } + [1, 2, 5, 10, 15, 30].map { $0 * second }
            + [1, 2, 5, 10, 15, 30].map { $0 * 60 * second } + [1, 2, 3, 6, 12, 24].map { $0 * 3600 * second }
        var step = round.first { span / $0 <= 8 } ?? round[round.count - 1]
        while span / step > 8 { step *= 2 }
        return stride(from: 0, through: span, by: Int64.Stride(step)).map { $0 }
    }

    private struct ClockLabel {
        var text: String
        var at: Int64
        var x: Int
        var lane: Int
        var isSuperseded: Bool
    }

    /// Marks with a lane each, so that no label covers another.
    private var clockLabels: [ClockLabel] {
        let several = record.services.count > 1
        let marks = record.services.flatMap { service in
            service.clocks.map { mark in
                (text: several ? "\(mark.clock.rawValue) \(service.name)" : mark.clock.rawValue, mark: mark)
            }
        }.sorted { $0.mark.at < $1.mark.at }
        var ends: [Int] = []
        return marks.map { entry in
            let at = x(entry.mark.at.nanoseconds)
            let half = entry.text.count * 7 / 2 + 6
            let lane = ends.firstIndex { $0 < at - half } ?? ends.count
            if lane == ends.count { ends.append(at + half) } else { ends[lane] = at + half }
            return ClockLabel(
                text: entry.text, at: entry.mark.at.nanoseconds, x: at, lane: lane,
                isSuperseded: entry.mark.superseded)
        }
    }

    private func drawClocks(_ labels: [ClockLabel], _ picture: inout Picture, from top: Int, to bottom: Int) {
        for label in labels {
            let y = 14 + label.lane * 15
            let style = label.isSuperseded ? "clock superseded" : "clock"
            let when = RecordTime(nanoseconds: label.at).shown
            picture.group(["class": style], title: "\(label.text): \(when)") { picture in
                picture.draw(
                    "line", ["x1": "\(label.x)", "x2": "\(label.x)", "y1": "\(y + 4)", "y2": "\(bottom)"])
                picture.write(label.text, x: label.x, y: y, ["text-anchor": "middle"])
            }
        }
    }

    private func draw(_ recovery: Recovery, at y: Int, bottom: Int, in picture: inout Picture) {
        picture.write(
            Picture.shortened("recovery of \(recovery.service)", to: 28), x: Self.gutter - 12, y: y + 16,
            ["class": "name strong", "text-anchor": "end"])
        let from = x(recovery.from)
        let to = x(recovery.to ?? (begin + max(0, record.run.elapsedNanoseconds)))
        let missed = recovery.limit.map { limit in recovery.to.map { $0 > limit } ?? false } ?? false
        let style = recovery.isDown ? "unknown" : missed ? "bad" : "good"
        let length = recovery.to.map { Wording.duration($0 - recovery.from) }
        let title = length.map { "achieved recovery time \($0)" } ?? "not recovered by the run's end"
        picture.group(["class": "recovery \(style)"], title: "\(recovery.service): \(title)") { picture in
            picture.draw(
                "rect",
                ["x": "\(from)", "y": "\(y + 4)", "width": "\(max(3, to - from))", "height": "16", "rx": "3"])
            // At the right edge the figure has its place within the bar, or before a short one.
            let isLate = to > Self.width - 150
            let isWithin = isLate && to - from > 120
            picture.write(
                length ?? "not recovered", x: isWithin ? to - 7 : isLate ? from - 7 : to + 7, y: y + 16,
                ["class": isWithin ? "figure inside" : "figure", "text-anchor": isLate ? "end" : "start"])
        }
        guard let limit = recovery.limit, let objective = recovery.objective else { return }
        let label = "RTO \(Wording.duration(objective))"
        if limit - begin <= span {
            let at = x(limit)
            picture.group(["class": "objective"], title: "\(recovery.service): \(label)") { picture in
                picture.draw("line", ["x1": "\(at)", "x2": "\(at)", "y1": "\(y - 2)", "y2": "\(bottom)"])
                picture.write(
                    label, x: at > Self.width - 110 ? at - 5 : at + 5, y: y + 31,
                    ["text-anchor": at > Self.width - 110 ? "end" : "start"])
            }
        } else {
            let edge = Self.width - Self.margin
            let isFree = to < edge - 360
            picture.group(["class": "objective"], title: "\(recovery.service): \(label)") { picture in
                picture.write(
                    "\(label) ends at +\(Wording.duration(limit - begin)), beyond this picture →", x: edge,
                    y: isFree ? y + 16 : y + 31, ["text-anchor": "end"])
            }
        }
    }

    // MARK: Rows

    private func draw(_ step: StepRecord, at y: Int, in picture: inout Picture) {
        let tone = Tone(step.outcome)
        let took = step.elapsedNanoseconds.map { " in \(Wording.duration($0))" } ?? ""
        let title = "\(step.id): \(step.title): \(Wording.outcome(step.outcome))\(took)"
        picture.group(["class": "row \(tone.rawValue)"], title: title) { picture in
            picture.draw(
                "use",
                [
                    "href": "#i-\(tone.rawValue)", "x": "6", "y": "\(y + 5)", "width": "14", "height": "14",
                    "class": "mark",
                ])
            picture.write(
                Picture.shortened(step.id.rawValue, to: 26), x: 27, y: y + 16, ["class": "name"])
            drawBars(step, at: y, in: &picture)
        }
    }

    private func drawBars(_ step: StepRecord, at y: Int, in picture: inout Picture) {
        let stop = begin + max(0, record.run.elapsedNanoseconds)
        var last = Self.gutter
        func bar(_ style: String, _ from: Int64, _ to: Int64, inset: Int, in picture: inout Picture) {
            let (left, right) = (x(from), x(to))
            last = max(last, right, left + 2)
            picture.draw(
                "rect",
                [
                    "class": "bar \(style)", "x": "\(left)", "y": "\(y + inset)", "width": "\(max(2, right - left))",
                    "height": "\(Self.rowHeight - 2 * inset)", "rx": "2",
                ])
        }
        for retry in step.retries {
            bar("pause", retry.at.nanoseconds, min(retry.due.nanoseconds, stop), inset: 11, in: &picture)
        }
        for wait in step.waits {
            bar("people", wait.from.nanoseconds, wait.to?.nanoseconds ?? stop, inset: 6, in: &picture)
        }
        for attempt in step.attempts where attempt.attempt.part == .action {
            let from = (attempt.startedAt ?? attempt.intendedAt).nanoseconds
            let to = (attempt.endedAt ?? attempt.lostAt)?.nanoseconds ?? stop
            let isService = step.isBackground && step.outcome == .succeeded
            if isService, let ready = step.endedAt?.nanoseconds, ready < to {
                bar("service", ready, to, inset: 10, in: &picture)
                bar("good", from, max(from, min(ready, to)), inset: 5, in: &picture)
                continue
            }
            let tone: Tone = attempt.succeeded ? .good : attempt.result == nil ? .unknown : .bad
            bar(tone.rawValue, from, to, inset: 5, in: &picture)
        }
        guard let took = step.elapsedNanoseconds else { return }
        let isLate = last > Self.width - 90
        let first = step.startedAt.map { x($0.nanoseconds) } ?? last
        picture.write(
            Wording.duration(took), x: isLate ? first - 6 : last + 6, y: y + 16,
            ["class": "took", "text-anchor": isLate ? "end" : "start"])
    }
}
