// SPDX-License-Identifier: Apache-2.0

import Glibc
import Synchronization

/// Control-C in a demo: the step under way is the last, the nodes are ended and the temporary directory goes.
enum Interruption {
    private static let flag = Atomic<Bool>(false)

    static var happened: Bool { flag.load(ordering: .relaxed) }

    static func watch() {
        for number in [SIGINT, SIGTERM, SIGHUP] {
            signal(number) { number in
                // The second one is impatience: children end by themselves when our end of their pipe closes.
                if Interruption.flag.exchange(true, ordering: .relaxed) { _exit(128 + number) }
            }
        }
    }
}
