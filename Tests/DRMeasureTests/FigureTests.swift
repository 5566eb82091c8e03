import DRMachine
import DRMeasure
import DRRunbook
import Testing

@Suite struct FigureTests {
    private func moment(_ seconds: Int64, boot: Int64? = nil, _ bootID: String = "a") -> Moment {
        Moment(wall: seconds * 1_000_000_000, boot: (boot ?? seconds) * 1_000_000_000, bootID: bootID)
    }

    @Test func withinABootTheBootClockCounts() {
        let figure = Figure.between(moment(10, boot: 1), moment(5, boot: 4))
        #expect(figure == .established(.seconds(3), by: .boot))
    }

    @Test func acrossBootsTheWallClockCounts() {
        let figure = Figure.between(moment(10, boot: 1), moment(15, boot: 900, "b"))
        #expect(figure == .established(.seconds(5), by: .wall))
    }

    @Test func statedTimesShareNoBoot() {
        let figure = Figure.between(.stated(wall: 1_000_000_000), .stated(wall: 3_000_000_000))
        #expect(figure == .established(.seconds(2), by: .wall))
    }

    @Test func negativeIsNotEstablished() {
        let figure = Figure.between(moment(10, boot: 4), moment(20, boot: 1))
        #expect(figure.span == nil)
        #expect(figure.reason != nil)
    }

    @Test(arguments: [
        (Figure.established(.seconds(60), by: .boot), ObjectiveVerdict.Outcome.met),
        (.established(.seconds(61), by: .boot), .missed),
        (.established(.zero, by: .wall), .met),
        (.notEstablished("x"), .notEstablished),
        (.notEstablished("x", atMost: .seconds(60)), .met),
        (.notEstablished("x", atMost: .seconds(61)), .notEstablished),
        (.notEstablished("x", atLeast: .seconds(61)), .missed),
        (.notEstablished("x", atLeast: .seconds(60)), .notEstablished),
        (.notEstablished("x", atLeast: .seconds(10), atMost: .seconds(70)), .notEstablished),
    ])
    func verdictsHaveThreeValues(figure: Figure, outcome: ObjectiveVerdict.Outcome) {
        #expect(ObjectiveVerdict(.seconds(60), figure).outcome == outcome)
    }
}
