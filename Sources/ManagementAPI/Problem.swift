// SPDX-License-Identifier: Apache-2.0

import ExchangeModel
import HTTPTypes
import Hummingbird
import HummingbirdCore
import NIOCore

/// RFC 9457. `errorID` is also in the log line that tells the whole story, so an operator can go from one to the other.
struct Problem {
    let failure: OperationFailure
    let status: HTTPResponse.Status
    let errorID: String

    init(_ failure: OperationFailure, status: HTTPResponse.Status? = nil, errorID: String) {
        self.failure = failure
        self.status = status ?? HTTPResponse.Status(code: failure.kind.httpStatus)
        self.errorID = errorID
    }

    var json: JSON {
        .members([
            "type": .string("urn:kouan:error:" + failure.code),
            "title": .string(status.reasonPhrase),
            "status": .integer(Int64(status.code)),
            "detail": .string(failure.message),
            "code": .string(failure.code),
            "hint": .string(failure.hint),
            "errorID": .string(errorID),
            "details": failure.details,
        ])
    }

    var response: Response {
        var headers: HTTPFields = [.contentType: "application/problem+json", .cacheControl: "no-store"]
        switch status {
        case .unauthorized: headers[.wwwAuthenticate] = "Bearer realm=\"kouan\""
        case .methodNotAllowed: headers[.allow] = "POST"
        case .serviceUnavailable: headers[.retryAfter] = "1"
        default: break
        }
        return Response(status: status, headers: headers, body: ResponseBody(byteBuffer: ByteBuffer(bytes: json.canonical())))
    }
}
