// SPDX-License-Identifier: Apache-2.0

import Foundation
import Glibc

/// The clock by which leases run: it counts through sleep and nobody can set it back. It means nothing across a restart of the machine,
/// so a lease that began under another boot has ended.
package struct BootClock: Sendable {
    package let read: @Sendable () -> Reading

    package init(read: @escaping @Sendable () -> Reading) { self.read = read }

    package struct Reading: Sendable, Hashable, Codable {
        /// Of the machine's current run.
        package let boot: String
        package let seconds: Int64

        package init(boot: String, seconds: Int64) {
            self.boot = boot
            self.seconds = seconds
        }

        /// Seconds since `earlier`; nil when the machine was restarted in between.
        func seconds(since earlier: Reading) -> Int64? { boot == earlier.boot ? seconds - earlier.seconds : nil }
    }

    package static let system = BootClock {
        var time = timespec()
        clock_gettime(CLOCK_BOOTTIME, &time)
        return Reading(boot: bootID, seconds: Int64(time.tv_sec))
    }

    private static let bootID: String = {
        let data = FileManager.default.contents(atPath: "/proc/sys/kernel/random/boot_id") ?? Data()
        return String(decoding: data.prefix(36), as: UTF8.self)
    }()
}
