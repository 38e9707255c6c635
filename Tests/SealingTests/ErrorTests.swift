// SPDX-License-Identifier: Apache-2.0
import ExchangeModel
import Testing

@testable import Sealing

@Suite struct ErrorTests {
    @Test func everyRefusalSaysWhatToDo() {
        let chunk = ChunkName(kind: .payload, index: 3)
        let errors: [any KouanError] = [
            SealingError.notAPackage, SealingError.truncated(expected: 5, found: 4), SealingError.chunkAltered(chunk),
            SealingError.wrongKey,
            SealingError.sourceChanged(path: "a"), SealingError.diskFull(path: "b"), SealingError.grantDiffers(member: "package"),
        ]
        for error in errors {
            #expect(error.code.hasPrefix("sealing."))
            #expect(!error.message.isEmpty && !error.message.hasSuffix(".") && error.message.first?.isUppercase == false)
            #expect(!error.hint.isEmpty)
        }
        #expect(SealingError.chunkAltered(chunk).message == "payload chunk 3 is not the one that was signed")
    }
}
