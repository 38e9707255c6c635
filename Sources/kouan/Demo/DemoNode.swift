// SPDX-License-Identifier: Apache-2.0

import ExchangeModel
import Glibc
import ManagementAPI
import Node

/// One party of the demo. It is asked only through its management port, as the commands do.
struct DemoNode: Sendable {
    let name: String
    let participant: String
    let nameZH: String
    let nameEN: String
    let country: String
    let province: String?
    let industry: String
    /// What this party says it uses the datasets for.
    let tracePurpose: String
    let millPurpose: String

    /// Example companies; the codes have right check digits and belong to nobody.
    static let provider = DemoNode(
        name: "battery-maker", participant: "urn:uscc:91350900MA2DEM0X11", nameZH: "闽东动力电池（示例）有限公司",
        nameEN: "Mindong Traction Battery (Example)",
        country: "CN", province: "CN-350000", industry: "C38", tracePurpose: "", millPurpose: "")
    static let carMaker = DemoNode(
        name: "car-maker", participant: "urn:uscc:91440101MA9DEM0Y28", nameZH: "羊城汽车（示例）有限公司", nameEN: "Yangcheng Motors (Example)",
        country: "CN",
        province: "CN-440000", industry: "C36", tracePurpose: "warranty-analysis", millPurpose: "incoming-inspection")
    static let importer = DemoNode(
        name: "importer", participant: "urn:lei:529900KNDEM00000DE30", nameZH: "莱茵进口（示例）", nameEN: "Rhein Import (Example) GmbH",
        country: "DE",
        province: nil, industry: "F51", tracePurpose: "battery-passport", millPurpose: "quality-claim")

    static let all = [provider, carMaker, importer]

    func directory(in root: String) -> String { "\(root)/nodes/\(name)" }

    func client(in root: String) -> NodeClient {
        NodeClient(directory: directory(in: root), tokenFile: directory(in: root) + "/users/admin.token")
    }

    func initialise(in root: String, peerPort: Int) async throws {
        let options = Node.InitOptions(
            directory: directory(in: root), participant: try ParticipantID(parsing: participant), nameZH: nameZH, nameEN: nameEN,
            country: try CountryCode(parsing: country), province: try province.map { try ProvinceCode(parsing: $0) }, industry: industry,
            peerListen: "127.0.0.1:\(peerPort)", peerURL: "https://127.0.0.1:\(peerPort)", managementListen: "127.0.0.1:0")
        _ = try await Node.initialise(options)
    }

    /// Whether the node has said where its management port is.
    func isUp(in root: String) -> Bool { access(directory(in: root) + "/run/management.json", R_OK) == 0 }
}
