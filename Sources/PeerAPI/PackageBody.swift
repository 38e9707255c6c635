// SPDX-License-Identifier: Apache-2.0

import Exchange
import ExchangeModel
import Glibc
import HummingbirdCore
import NIOCore
import Synchronization

/// An open package file, read slice by slice into two buffers in turn.
///
/// `@unchecked`: one task reads it and awaits each read before the next.
final class PackageSource: @unchecked Sendable {
    private let descriptor: Int32  // owned, closed in deinit
    /// Two in turn: while one is being sent, the next slice is read into the other, whose memory is free again.
    private var buffer = ByteBuffer()
    private var other = ByteBuffer()

    /// - Throws: `.fileDiffers` unless the file is there and has exactly `size` bytes.
    init(path: String, size: Int64) throws(PackageReadError) {
        let descriptor = Glibc.open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW)
        guard descriptor >= 0 else { throw .unreadable(errno) }
        var status = stat()
        guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG, Int64(status.st_size) == size else {
            close(descriptor)
            throw .sizeDiffers
        }
        self.descriptor = descriptor
    }

    deinit { close(descriptor) }

    /// Exactly `count` bytes. The storage of the result before the last is used again if nobody holds it any more.
    func read(at offset: Int64, count: Int) throws(PackageReadError) -> ByteBuffer {
        swap(&buffer, &other)
        buffer.clear(minimumCapacity: count)
        var failure: PackageReadError?
        buffer.writeWithUnsafeMutableBytes(minimumWritableBytes: count) { space in
            var filled = 0
            while filled < count {
                let result = pread(descriptor, space.baseAddress.map { $0 + filled }, count - filled, off_t(offset) + filled)
                if result < 0, errno == EINTR { continue }
                guard result > 0 else {
                    failure = result == 0 ? .sizeDiffers : .unreadable(errno)
                    break
                }
                filled += result
            }
            return filled
        }
        if let failure { throw failure }
        return buffer
    }
}

enum PackageReadError: KouanError, Equatable {
    case unreadable(Int32)
    case sizeDiffers

    var code: String {
        switch self {
        case .unreadable: "package.unreadable"
        case .sizeDiffers: "package.size-differs"
        }
    }

    var message: String {
        switch self {
        case .unreadable(let number): "a sealed package cannot be read: \(String(cString: strerror(number)))"
        case .sizeDiffers: "a sealed package has another size than when it was published"
        }
    }

    var hint: String { "check the disk; publish the dataset again if the file is lost" }
}

/// Closes the connection when nothing moved for a whole period. One timer per download, not one per write.
final class StallGuard: Sendable {
    private let moves = Atomic<Int>(0)
    private let seen = Atomic<Int>(-1)
    private let task: Mutex<RepeatedTask?>

    init(_ channel: any Channel, after period: TimeAmount) {
        task = Mutex(nil)
        let repeated = channel.eventLoop.scheduleRepeatedTask(initialDelay: period, delay: period) { [weak self] task in
            guard let self else { return task.cancel() }
            let now = moves.load(ordering: .relaxed)
            guard seen.exchange(now, ordering: .relaxed) == now else { return }
            task.cancel()
            channel.close(promise: nil)
        }
        task.withLock { $0 = repeated }
    }

    deinit { cancel() }

    func moved() { moves.add(1, ordering: .relaxed) }
    func cancel() { task.withLock { $0.take() }?.cancel() }
}
