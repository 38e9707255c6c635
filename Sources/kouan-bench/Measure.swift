// SPDX-License-Identifier: Apache-2.0

import ExchangeModel
import Glibc

/// Time of one operation, in nanoseconds: wall at its least, middle and 99th percentile, and the mean of this process's CPU time.
struct Figures {
    let least: Double
    let median: Double
    let p99: Double
    let cpu: Double
    let runs: Int

    var json: JSON {
        [
            "leastNs": .double(least), "medianNs": .double(median), "p99Ns": .double(p99), "cpuNs": .double(cpu),
            "runs": .integer(Int64(runs)),
        ]
    }
}

enum Measure {
    static func nanoseconds(_ clock: clockid_t) -> Double {
        var time = timespec()
        clock_gettime(clock, &time)
        return Double(time.tv_sec) * 1e9 + Double(time.tv_nsec)
    }

    /// Runs `work` for about `seconds`. A sample is a batch long enough that reading the clock does not show in it.
    static func run(seconds: Double, _ work: () -> Int) -> Figures {
        var sink = work()
        let start = nanoseconds(CLOCK_MONOTONIC)
        sink &+= work()
        let once = max(nanoseconds(CLOCK_MONOTONIC) - start, 1)
        let batch = max(1, Int(20_000 / once))
        var samples: [Double] = []
        let cpu = nanoseconds(CLOCK_PROCESS_CPUTIME_ID)
        let end = nanoseconds(CLOCK_MONOTONIC) + seconds * 1e9
        var before = nanoseconds(CLOCK_MONOTONIC)
        while before < end || samples.count < 3 {
            for _ in 0..<batch { sink &+= work() }
            let after = nanoseconds(CLOCK_MONOTONIC)
            samples.append((after - before) / Double(batch))
            before = after
        }
        let spent = nanoseconds(CLOCK_PROCESS_CPUTIME_ID) - cpu
        let runs = samples.count * batch
        if sink == 0x5EED { say("") }  // the result is used, so the work stays
        samples.sort()
        return Figures(
            least: samples[0], median: samples[samples.count / 2], p99: samples[min(samples.count - 1, samples.count * 99 / 100)],
            cpu: spent / Double(runs), runs: runs)
    }

    /// Resident memory of this process.
    static func residentBytes() -> Int {
        guard let file = fopen("/proc/self/statm", "r") else { return 0 }
        defer { fclose(file) }
        var line = [CChar](repeating: 0, count: 256)
        guard fgets(&line, Int32(line.count), file) != nil else { return 0 }
        let fields = String(decoding: line.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self).split(separator: " ")
        return (fields.count > 1 ? Int(fields[1]) ?? 0 : 0) * sysconf(Int32(_SC_PAGESIZE))
    }
}
