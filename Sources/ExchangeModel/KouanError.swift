// SPDX-License-Identifier: Apache-2.0

/// What every error of Kouan shows: a stable code, one lower-case sentence without a full stop, and what to do next.
package protocol KouanError: Error, Sendable {
    /// Stable, dotted, never translated: `sealing.chunk-not-authentic`.
    var code: String { get }
    /// One lower-case sentence, values in backticks.
    var message: String { get }
    /// What the reader can do about it.
    var hint: String { get }
}
