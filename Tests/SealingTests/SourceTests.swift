// SPDX-License-Identifier: Apache-2.0
import CryptoPrimitives
import ExchangeModel
import Foundation
import Glibc
import Synchronization
import Testing

@testable import Sealing

/// What sealing refuses, and that nothing stays behind when it does.
@Suite struct SourceTests {
    private func refusal(sealing source: SealSource, _ scratch: Scratch, control: WorkControl = WorkControl()) -> SealingError? {
        let before = scratch.names
        let error = SealingTests.refusal {
            _ = try PackageSealer(small(threads: 1)).seal(source, toFile: scratch("out.kpkg"), signer: Forge.signer, control: control)
        }
        #expect(scratch.names == before)
        return error
    }

    @Test func linksAreRefused() throws {
        let scratch = try Scratch()
        let root = try scratch.write(["a": [1]], under: "s")
        try FileManager.default.createSymbolicLink(atPath: root + "/link", withDestinationPath: "a")
        #expect(refusal(sealing: .tree(root), scratch) == .sourceNotRegular(path: root + "/link", kind: "symbolic link"))
        #expect(refusal(sealing: .file(root + "/link"), scratch) == .sourceNotRegular(path: root + "/link", kind: "symbolic link"))
    }

    @Test func devicesAndPipesAreRefused() throws {
        let scratch = try Scratch()
        let root = try scratch.write(["a": [1]], under: "s")
        mkfifo(root + "/pipe", 0o600)
        #expect(refusal(sealing: .tree(root), scratch) == .sourceNotRegular(path: root + "/pipe", kind: "pipe or socket"))
        #expect(refusal(sealing: .file("/dev/null"), scratch) == .sourceNotRegular(path: "/dev/null", kind: "device"))
    }

    @Test func missingSourcesAreNamed() throws {
        let scratch = try Scratch()
        #expect(refusal(sealing: .file(scratch("none")), scratch) == .sourceMissing(path: scratch("none")))
        #expect(refusal(sealing: .tree(scratch("none")), scratch) == .sourceMissing(path: scratch("none")))
        #expect(refusal(sealing: .paths([scratch("none")]), scratch) == .sourceMissing(path: scratch("none")))
        #expect(refusal(sealing: .paths([]), scratch)?.code == "sealing.option-invalid")
    }

    @Test(arguments: ["grow", "shrink", "touch", "replace", "vanish"])
    func aSourceThatChangesMeanwhileFailsTheSeal(how: String) throws {
        let scratch = try Scratch()
        let root = try scratch.write(["big": [UInt8](repeating: 1, count: 300_000)], under: "s")
        let path = root + "/big"
        let control = WorkControl(progress: { done in
            guard done == 65_536 else { return }
            switch how {
            case "grow": truncate(path, 300_001)
            case "shrink": truncate(path, 200_000)
            case "touch": utimes(path, [timeval(tv_sec: 1, tv_usec: 0), timeval(tv_sec: 1, tv_usec: 0)])
            case "replace":
                try? Data(repeating: 1, count: 300_000).write(to: URL(fileURLWithPath: path + ".new"))
                rename(path + ".new", path)
            default: unlink(path)
            }
        })
        #expect(refusal(sealing: .tree(root), scratch, control: control) == .sourceChanged(path: path))
    }

    @Test func cancellingLeavesNothing() throws {
        let scratch = try Scratch()
        let root = try scratch.write(["big": [UInt8](repeating: 1, count: 300_000)], under: "s")
        let calls = Atomic<Int>(0)
        let control = WorkControl(isCancelled: { calls.add(1, ordering: .relaxed).newValue > 2 })
        #expect(refusal(sealing: .tree(root), scratch, control: control) == .cancelled)
    }

    @Test func anExistingFileIsNotReplaced() throws {
        let scratch = try Scratch()
        let root = try scratch.write(["a": [1]], under: "s")
        try Data([9]).write(to: URL(fileURLWithPath: scratch("out.kpkg")))
        #expect(refusal(sealing: .tree(root), scratch) == .targetExists(path: scratch("out.kpkg")))
        #expect(try Data(contentsOf: URL(fileURLWithPath: scratch("out.kpkg"))) == Data([9]))
    }

    @Test(arguments: [
        ["/a"], ["../a"], ["a/../b"], ["a//b"], ["a/"], ["./a"], [""], ["a\u{0}b"], ["a\nb"], ["a\\b"], ["e\u{301}"], ["a\u{9B}b"],
        [String(repeating: "x", count: 256)], [Array(repeating: "abcdefgh", count: 500).joined(separator: "/")],
    ])
    func badPathsAreRefused(paths: [String]) throws {
        let files = Dictionary(uniqueKeysWithValues: paths.map { ($0, [UInt8(1)]) })
        #expect(SealingTests.refusal { _ = try seal(.contents(files)) }?.code == "sealing.path-refused")
    }

    @Test(arguments: [["a", "A"], ["a", "a/b"], ["d/x", "D/y"], ["straße", "STRASSE"], ["ﬁle", "file"], ["A/b", "a"]])
    func collisionsAreRefused(paths: [String]) throws {
        let files = Dictionary(uniqueKeysWithValues: paths.map { ($0, [UInt8(1)]) })
        #expect(SealingTests.refusal { _ = try seal(.contents(files)) }?.code == "sealing.path-collision")
    }

    @Test func aNameThatIsNotUTF8IsRefused() throws {
        let scratch = try Scratch()
        let root = try scratch.write([:], under: "s")
        let descriptor = root.utf8CString.withUnsafeBufferPointer { open($0.baseAddress!, O_RDONLY | O_DIRECTORY) }
        let name: [CChar] = [CChar(bitPattern: 0xFF), 0]
        close(openat(descriptor, name, O_CREAT | O_WRONLY, 0o600))
        close(descriptor)
        #expect(refusal(sealing: .tree(root), scratch)?.code == "sealing.path-refused")
        unlinkat(AT_FDCWD, Array(root.utf8CString.dropLast()) + [CChar(47)] + name, 0)
    }

    /// The nth write fails, for every n until none does.
    @Test func aSinkThatFailsIsAbandoned() throws {
        var succeeded = false
        for failing in 1...40 {
            let sink = FailingSink(at: failing)
            let files = ["f": [UInt8](repeating: 3, count: 200_000)]
            let error = SealingTests.refusal {
                _ = try PackageSealer(small(.stored)).seal(.contents(files), to: sink, signer: Forge.signer)
            }
            if error == nil {
                succeeded = true
                #expect(!sink.abandoned)
                break
            }
            #expect(error == .diskFull(path: "sink"))
            #expect(sink.abandoned)
        }
        #expect(succeeded)
    }

    @Test func badOptionsAreRefused() {
        var options = small()
        options.chunkSize = 100_000
        #expect(SealingTests.refusal { _ = try seal(.contents([:]), options) }?.code == "sealing.option-invalid")
        #expect(SealingTests.refusal { _ = try seal(.contents([:]), small(.zstd(level: 40))) }?.code == "sealing.option-invalid")
        #expect(SealingTests.refusal { _ = try seal(.contents([:]), small(.deflate(level: 0))) }?.code == "sealing.option-invalid")
        options = small()
        options.metadata = ["title": .string(String(repeating: "x", count: 70_000))]
        #expect(SealingTests.refusal { _ = try seal(.contents([:]), options) }?.code == "sealing.option-invalid")
    }
}

final class FailingSink: PackageSink, @unchecked Sendable {
    private var left: Int
    private(set) var abandoned = false

    init(at call: Int) { left = call }

    private func step() throws(SealingError) {
        left -= 1
        if left == 0 { throw .diskFull(path: "sink") }
    }

    func write(_ bytes: UnsafeRawBufferPointer) throws(SealingError) { try step() }
    func commit() throws(SealingError) { try step() }
    func abandon() { abandoned = true }
}
