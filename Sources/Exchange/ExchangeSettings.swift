// SPDX-License-Identifier: Apache-2.0

package import PolicyEngine

/// The waits and limits of the exchange. Each is a configuration key or has its reason here.
package struct ExchangeSettings: Sendable {
    /// How long a key grant lasts when the policy allows longer.
    package var leaseSeconds: Int64 = 3_600
    /// How long after the last byte the provider waits for the consumer's receipt before it records `receipt-missing`.
    package var receiptDeadlineSeconds: Int64 = 300
    /// First pause after a failed delivery; doubled up to `maximumRetrySeconds`.
    package var firstRetryMilliseconds: Int64 = 250
    package var maximumRetrySeconds: Int64 = 20
    /// A negotiation or transfer whose message could not be delivered for this long is ended by us.
    package var deliveryDeadlineSeconds: Int64 = 7 * 86_400
    /// Clocks of two nodes may differ by this much.
    package var clockToleranceSeconds: Int64 = 300
    /// Messages under way at once, to all peers together.
    package var parallelDeliveries = 16
    package var parallelDeliveriesPerPeer = 4
    /// Downloads under way at once; each holds a few chunks in memory.
    package var parallelDownloads = 2
    /// Open negotiations and transfers of one peer. More get 503.
    package var openProcessesPerPeer = 1_000
    /// Requests for other rules of one peer that may wait for a person at once. More are refused.
    package var approvalsPerPeer = 20
    /// How long such a request waits before it is ended.
    package var approvalDeadlineSeconds: Int64 = 7 * 86_400
    /// Refusals of one peer that get an entry of their own in an hour.
    package var refusalsPerPeerAndHour: Int64 = 60

    /// Where and in what this node opens packages, by operand: what only its configuration knows.
    package var surroundings: [String: [PolicyValue]] = [:]

    /// Leases count by it, beside the wall clock.
    package var bootClock = BootClock.system

    package init() {}
}
