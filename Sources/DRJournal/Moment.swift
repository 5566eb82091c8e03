package import DRMachine
package import DRSystem

extension TimeSource {
    /// This moment, by both clocks.
    package func moment() -> Moment {
        Moment(wall: wallNanoseconds(), boot: bootNanoseconds(), bootID: bootID)
    }
}
