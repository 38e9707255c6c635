// SPDX-License-Identifier: Apache-2.0

import CryptoPrimitives
import ExchangeModel
import FoundationEssentials
import Glibc
import Ledger
import ManagementAPI
import Node
import Synchronization

/// The steps of `kouan demo`, in order; each either does what it should or ends the demo with a reason.
final class DemoRun: Sendable {
    private static let traceBytes = 35 << 20
    private static let millBytes = 15 << 20
    private static let startLimit = Duration.seconds(30)
    private static let transferLimit = Duration.seconds(300)

    private let context: Context
    private let source: String?
    private let keep: String?
    private let root: String
    private let children: ChildNodes
    private let report = Mutex(Report())

    /// What `--format json` prints.
    private struct Report {
        var steps: [JSON] = []
        var files = 0
        var bytes: Int64 = 0
        var digestsMatch = true
        var refused: [JSON] = []
        var ledgers: [JSON] = []
        var matched = 0
        var missing = 0
        var tamperDetected = false

        var json: JSON {
            [
                "steps": .array(steps),
                "opened": ["files": .integer(Int64(files)), "bytes": .integer(bytes), "digestsMatch": .bool(digestsMatch && files > 0)],
                "refused": .array(refused), "ledgers": .array(ledgers),
                "mirror": ["matched": .integer(Int64(matched)), "missing": .integer(Int64(missing))],
                "tamper": ["detected": .bool(tamperDetected)],
            ]
        }
    }

    /// A dataset of the demo under its offer.
    private struct Offered: Sendable {
        let dataset: String
        let directory: String
        let offer: String
        let purpose: @Sendable (DemoNode) -> String
    }

    init(_ context: Context, source: String?, keep: String?) throws {
        self.context = context
        self.source = source
        self.keep = keep
        if let source, !Files.isDirectory(source) {
            throw OperationFailure(
                .notFound, code: "file.not-found", message: "`\(source)` is no directory", hint: "give --source a directory")
        }
        if let keep, access(keep, F_OK) == 0, !((try? TreeComparison.files(below: keep))?.isEmpty ?? false) {
            throw OperationFailure(
                .conflict, code: "demo.keep-exists", message: "`\(keep)` is not empty", hint: "give --keep a new directory")
        }
        let parent = context.environment["TMPDIR"].flatMap { $0.hasPrefix("/") ? $0 : nil } ?? "/tmp"
        var template = Array((parent + "/kouan-demo-XXXXXX").utf8CString)
        guard template.withUnsafeMutableBufferPointer({ $0.baseAddress.flatMap { mkdtemp($0) } }) != nil else {
            throw Files.unwritable(parent)
        }
        root = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
        children = try ChildNodes()
    }

    /// True when every step did what it should.
    func go() async -> Bool {
        Interruption.watch()
        var failure: OperationFailure?
        do { try await steps() } catch { failure = Failure.of(error) }
        if Interruption.happened { failure = nil }
        await children.stop()
        if let failure {
            context.tell(failure)
            saveLogs()
        }
        try? FileManager.default.removeItem(atPath: root)
        if Interruption.happened { exit(130) }
        switch context.options.format {
        case .json: context.output.write(report.withLock { $0.json }.canonicalText + "\n")
        case .table, .csv:
            if failure == nil { say(context.language("The whole way, and every refusal, went as it should.", "全流程与各项拒绝均符合预期。")) }
        }
        return failure == nil
    }

    private func steps() async throws {
        let data = try await step("make the example data", "生成示例数据") { try self.makeData() }
        let authority = try await step("make a development PKI", "建立开发用 PKI") {
            try DevelopmentCA.make(directory: self.root + "/ca", name: "Kouan demo CA", now: SystemClock().now())
        }
        try await step("init three nodes", "初始化三个节点") { try await self.initialise() }
        try await step("start three nodes", "启动三个节点") { try await self.start() }
        try await step("certificates", "签发并安装证书") { try await self.installCertificates(authority) }
        let space = try await step("one enterprise space, three members", "建立企业可信数据空间并接纳成员") { try await self.makeSpace() }
        try await step("add and test peers", "登记并测试对端") { try await self.addPeers() }
        let offers = try await step("seal and offer the datasets", "封装并发布数据集") { try await self.sealAndOffer(data) }

        var agreements: [String: String] = [:]
        for consumer in [DemoNode.carMaker, .importer] {
            for offered in offers {
                let agreement = try await step("\(consumer.name): \(offered.dataset)", "\(consumer.nameZH)：\(offered.dataset)") {
                    try await self.exchange(offered, with: consumer)
                }
                agreements["\(consumer.name)/\(offered.offer)"] = agreement
            }
        }

        let (trace, mill) = (offers[0], offers[1])
        try await step("refused: allowance used up", "拒绝：次数用完") {
            let agreement = try agreements["\(DemoNode.carMaker.name)/\(mill.offer)"].orFail("agreement")
            try await self.useUp(agreement, of: mill, by: .carMaker)
        }
        try await step("refused: another purpose", "拒绝：目的不符") {
            let agreement = try agreements["\(DemoNode.importer.name)/\(trace.offer)"].orFail("agreement")
            try await self.expectRefusal("purpose") {
                _ = try await self.open(agreement, purpose: "price-negotiation", by: .importer, to: self.root + "/refused-purpose")
            }
        }
        try await step("refused: window over", "拒绝：时间窗已过") { try await self.expiredWindow(trace.dataset) }

        try await step("ledgers", "打印台账") { try await self.printLedgers() }
        try await step("verify the ledgers", "校验台账") { try await self.verifyLedgers() }
        try await step("match the entries of both sides", "核对双方条目") { try await self.matchLedgers() }
        let victim = try await step("stop the nodes", "停止节点") { try await self.stop() }
        try await step("flip one byte of a copy", "篡改副本中的一个字节") { try await self.tamper(victim) }
        if let keep { try await step("keep the nodes", "保留节点数据") { try self.keepNodes(in: keep) } }
        _ = space
    }

    // MARK: Setting up

    private func makeData() throws -> (trace: String, mill: String) {
        if let source { return (source, source) }
        let (trace, mill) = (root + "/data/battery-trace", root + "/data/mill-certificates")
        try ExampleData.writeBatteryTrace(to: trace, bytes: DemoRun.traceBytes)
        try ExampleData.writeMillCertificates(to: mill, bytes: DemoRun.millBytes)
        return (trace, mill)
    }

    private func initialise() async throws {
        let ports = try ChildNodes.freePorts(DemoNode.all.count)
        try Files.makeDirectory(root + "/nodes")
        for (node, port) in zip(DemoNode.all, ports) { try await node.initialise(in: root, peerPort: port) }
    }

    private func start() async throws {
        for node in DemoNode.all {
            try children.start(name: node.name, directory: node.directory(in: root), log: "\(root)/\(node.name).log")
        }
        try await wait("the management ports") { DemoNode.all.allSatisfy { $0.isUp(in: self.root) } }
    }

    private func installCertificates(_ authority: CertificateIssuer) async throws {
        for node in DemoNode.all {
            let answer = try await call(node, "cert.request", ["ip": ["127.0.0.1"]])
            let request = try CertificateRequest(pem: try answer["csr"]?.string.orFail("csr") ?? "")
            let certificate = try DevelopmentCA.issue(request, by: authority, days: 30, now: SystemClock().now())
            _ = try await call(node, "cert.install", ["chain": .string(certificate.pem), "usage": "both"])
        }
    }

    private func makeSpace() async throws -> String {
        let created = try await call(
            .provider, "space.create",
            [
                "name": "battery-chain", "type": "enterprise", "nameZH": "动力电池供应链可信数据空间（示例）", "nameEN": "Battery supply chain (example)",
                "anchors": .string(try Files.text(root + "/ca/ca.pem")), "crl": .string(try Files.text(root + "/ca/crl.pem")),
            ])
        let space = try created["id"]?.string.orFail("id") ?? ""
        let file = try created["file"]?.string.orFail("file") ?? ""
        for node in DemoNode.all {
            if node.name != DemoNode.provider.name {
                _ = try await call(
                    node, "space.add", ["file": .string(file), "crl": .string(try Files.text(root + "/ca/crl.pem"))])
            }
            let card = try await call(node, "peer.card", [:])
            let admitted = try await call(
                .provider, "space.admit",
                [
                    "space": .string(space), "card": card["card"], "country": .string(node.country),
                    "province": node.province.map(JSON.string),
                    "industry": .string(node.industry),
                ])
            _ = try await call(node, "peer.card", ["credential": admitted["credential"]])
        }
        return space
    }

    private func addPeers() async throws {
        for consumer in [DemoNode.carMaker, .importer] {
            for (here, there) in [(DemoNode.provider, consumer), (consumer, DemoNode.provider)] {
                let card = try await call(there, "peer.card", [:])
                let preview = try await call(here, "peer.preview", ["card": card["card"]])
                guard preview["trusted"]?.bool == true else {
                    throw unexpected(
                        "`\(here.name)` does not trust the card of `\(there.name)`: \(preview["reason"]?.string ?? "no reason given")")
                }
                _ = try await call(here, "peer.add", ["card": preview["card"], "fingerprint": preview["fingerprint"]])
            }
        }
        try await wait("ready nodes") {
            for node in DemoNode.all {
                guard try await self.call(node, "status", [:])["ready"]?.bool == true else { return false }
            }
            return true
        }
        for consumer in [DemoNode.carMaker, .importer] {
            let test = try await call(consumer, "peer.test", ["peer": .string(DemoNode.provider.participant)])
            guard test["ok"]?.bool == true else {
                throw unexpected("`peer test` of `\(consumer.name)` failed: \(test["steps"]?.canonicalText ?? "")")
            }
        }
    }

    private func sealAndOffer(_ data: (trace: String, mill: String)) async throws -> [Offered] {
        let trace = source == nil ? "battery-trace" : "source"
        let mill = source == nil ? "mill-certificates" : "source"
        try await publish(
            trace, path: data.trace, zh: source == nil ? "动力电池全生命周期溯源" : "自选目录",
            en: source == nil ? "Traction battery life-cycle trace" : "A directory of yours")
        if source == nil { try await publish(mill, path: data.mill, zh: "钢材质保书与炉次成分", en: "Mill certificates and heat chemistry") }
        return [
            Offered(
                dataset: trace, directory: data.trace, offer: try await offer(trace, try Templates.policy("template:battery-trace")),
                purpose: { $0.tracePurpose }),
            Offered(
                dataset: mill, directory: data.mill, offer: try await offer(mill, try Templates.policy("template:mill-certificate")),
                purpose: { $0.millPurpose }),
        ]
    }

    private func publish(_ id: String, path: String, zh: String, en: String) async throws {
        _ = try await call(
            .provider, "dataset.add",
            [
                "id": .string(id), "path": .string(path), "titleZH": .string(zh), "titleEN": .string(en), "grade": "general",
                "personalInformation": "none",
            ])
        let published = try await call(.provider, "dataset.publish", ["dataset": .string(id)])
        say("  \(id): \(size(published["plainBytes"])) → \(size(published["bytes"])), \(published["package"]?.string ?? "")")
    }

    private func offer(_ dataset: String, _ policy: JSON) async throws -> String {
        let made = try await call(
            .provider, "offer.create",
            ["dataset": .string(dataset), "policy": policy, "visibleTo": ["registered"], "acknowledge": true])
        return try made["id"]?.string.orFail("id") ?? ""
    }

    // MARK: The way of a dataset

    /// catalog → negotiation → transfer → receipts → grant → open → compare. Gives the agreement.
    private func exchange(_ offered: Offered, with consumer: DemoNode) async throws -> String {
        let visible = try await catalogShows(offered.offer, to: consumer)
        guard visible else { throw unexpected("the catalog does not show the offer of `\(offered.dataset)`") }

        let agreement = try await agree(offered.offer, consumer)
        let transfer = try await fetch(agreement, consumer)
        guard transfer["receipt"]?.string == "full" else {
            throw unexpected("the receipts did not cross: \(transfer.canonicalText.prefix(300))")
        }

        let output = "\(root)/opened/\(consumer.name)-\(offered.dataset)"
        try Files.makeDirectory(root + "/opened")
        let opened = try await open(agreement, purpose: offered.purpose(consumer), by: consumer, to: output)
        let compared = try TreeComparison.compare(offered.directory, output)
        if let difference = compared.difference { throw unexpected("the opened tree differs from the source at `\(difference)`") }
        guard opened["digestsMatch"]?.bool == true else { throw unexpected("the opened files' digests do not match the manifest") }
        report.withLock {
            $0.files += compared.files
            $0.bytes += compared.bytes
        }
        try? FileManager.default.removeItem(atPath: output)
        say(
            "  \(compared.files) \(context.language("files", "个文件")), \(ByteCount(compared.bytes)), \(context.language("equal byte for byte", "逐字节一致"))"
        )
        return agreement
    }

    private func catalogShows(_ offer: String, to consumer: DemoNode) async throws -> Bool {
        let catalog = try await call(consumer, "catalog", ["peer": .string(DemoNode.provider.participant)])
        return (catalog["datasets"]?.array ?? []).flatMap { $0["offers"]?.array ?? [] }.contains { $0["id"]?.string == offer }
    }

    private func agree(_ offer: String, _ consumer: DemoNode) async throws -> String {
        let contract = try await call(
            consumer, "contract.request", ["peer": .string(DemoNode.provider.participant), "offer": .string(offer), "wait": 30])
        if let failure = Ending.failure(of: contract, "negotiation") { throw failure }
        guard let agreement = contract["agreement"]?.string else {
            throw unexpected("the negotiation stands at `\(contract["state"]?.string ?? "nothing")`")
        }
        return agreement
    }

    private func fetch(_ agreement: String, _ consumer: DemoNode) async throws -> JSON {
        let started = try await call(consumer, "transfer.start", ["agreement": .string(agreement), "wait": 0])
        let id = JSON.string(try started["id"]?.string.orFail("id") ?? "")
        let clock = ContinuousClock()
        let deadline = clock.now.advanced(by: DemoRun.transferLimit)
        while true {
            let transfer = try await call(consumer, "transfer.show", ["id": id])
            if transfer["receipt"]?.string == "full" { return transfer }
            if let failure = Ending.failure(of: transfer, "transfer") { throw failure }
            guard clock.now < deadline else {
                let explained = try await call(consumer, "transfer.explain", ["id": id])
                throw unexpected("the transfer stands at `\(transfer["state"]?.string ?? "nothing")`: \(explained["advice"]?.string ?? "")")
            }
            try children.checkAlive()
            try await clock.sleep(for: .milliseconds(10))
        }
    }

    private func open(_ agreement: String, purpose: String, by consumer: DemoNode, to output: String) async throws(OperationFailure) -> JSON
    {
        try await call(
            consumer, "open",
            ["agreement": .string(agreement), "purpose": .string(purpose), "action": "read", "output": .string(output)])
    }

    // MARK: Refusals

    /// The policy allows three reads: one is done, two more go, the next is refused by the provider.
    private func useUp(_ agreement: String, of offered: Offered, by consumer: DemoNode) async throws {
        let output = root + "/opened/again"
        for _ in 0..<2 {
            _ = try await open(agreement, purpose: offered.purpose(consumer), by: consumer, to: output)
            try? FileManager.default.removeItem(atPath: output)
        }
        try await expectRefusal("allowance") {
            _ = try await self.open(agreement, purpose: offered.purpose(consumer), by: consumer, to: output)
        }
        guard access(output, F_OK) != 0 else { throw unexpected("a refused use left files behind") }
    }

    /// An offer whose window is over: the provider ends the negotiation and says why.
    private func expiredWindow(_ dataset: String) async throws {
        guard let text = EmbeddedPolicies.examples["expired-window"] else { throw unexpected("there is no example `expired-window`") }
        let offer = try await offer(dataset, try JSON.parse(text, limits: .policy))
        try await expectRefusal("window") { _ = try await self.agree(offer, .carMaker) }
    }

    private func expectRefusal(_ what: String, _ use: () async throws -> Void) async throws {
        do {
            try await use()
        } catch {
            let failure = Failure.of(error)
            guard failure.kind == .denied else { throw failure }
            report.withLock { $0.refused.append(["what": .string(what), "code": .string(failure.code)]) }
            say("  \(Texts.failure(failure, language: context.language).message) [\(failure.code)]")
            return
        }
        throw unexpected("a use that the policy forbids was allowed")
    }

    // MARK: Ledgers

    private func printLedgers() async throws {
        for node in DemoNode.all {
            var rows: [JSON] = []
            var after: Int64?
            while true {
                let page = try await call(node, "ledger.list", ["after": after.map(JSON.integer), "limit": 1_000])
                let entries = page["entries"]?.array ?? []
                rows += entries
                guard let last = entries.last?["index"]?.int, last + 1 < page["size"]?.int ?? 0 else { break }
                after = last
            }
            guard !rows.isEmpty else { throw unexpected("the ledger of `\(node.name)` is empty") }
            guard context.options.format == .table, !context.options.quiet else { continue }
            say("\n  \(node.nameZH) · \(node.nameEN)")
            let columns = [
                Ledger.columns[0], Ledger.columns[1], Ledger.columns[2], Ledger.columns[4], Column("peer", zh: "对端"),
            ]
            context.output.write(Table.text(rows: rows, columns: columns, language: context.language, bold: context.usesColor))
        }
    }

    private func verifyLedgers() async throws {
        for node in DemoNode.all {
            let result = try await call(node, "ledger.verify", [:])
            let verified = result["verified"]?.bool == true
            report.withLock {
                $0.ledgers.append(
                    .members([
                        "node": .string(node.name), "origin": result["origin"], "size": result["size"], "verified": .bool(verified),
                    ]))
            }
            guard verified else {
                throw unexpected("the ledger of `\(node.name)` does not verify: \(result["findings"]?.canonicalText ?? "")")
            }
            say("  \(node.name): \(result["size"]?.int ?? 0) \(context.language("entries", "条")), \(result["origin"]?.string ?? "")")
        }
    }

    private func matchLedgers() async throws {
        let ours = try await mirrored(.provider)
        var theirs: [MirrorRecord] = []
        for consumer in [DemoNode.carMaker, .importer] { theirs += try await mirrored(consumer) }
        let match = MirrorMatch.of(ours: ours, theirs: theirs)
        let missing = match.differing.count + match.missing.count + match.unexpected.count
        report.withLock {
            $0.matched = match.matched.count
            $0.missing = missing
        }
        guard missing == 0, !match.matched.isEmpty else {
            let what = (match.missing + match.unexpected).prefix(5).map { "\($0.type.rawValue) \($0.event)" }.joined(separator: ", ")
            throw unexpected(
                "\(match.matched.count) entries match, \(match.missing.count) are missing, \(match.unexpected.count) are unexpected, \(match.differing.count) differ: \(what)"
            )
        }
        say("  \(match.matched.count) \(context.language("entries have their counterpart, none is missing", "条目两侧一致，无缺失"))")
    }

    private func mirrored(_ node: DemoNode) async throws -> [MirrorRecord] {
        let events = try await call(node, "ledger.events", [:])["events"]?.array ?? []
        return try events.map { try MirrorRecord(json: $0).orFail("mirror") }
    }

    /// Ends the nodes; before, remembers an entry in the middle of the provider's ledger: its index and a text only it has.
    private func stop() async throws -> (index: Int64, text: String) {
        let size = try await call(.provider, "ledger.list", ["limit": 1])["size"]?.int ?? 0
        let index = size / 2
        let shown = try await call(.provider, "ledger.show", ["index": .integer(index)])
        let entry = shown["entry"] ?? .null
        let text = try (entry["event"]?.string ?? entry["id"]?.string).orFail("event")
        guard await children.stop() else { throw unexpected("a node did not stop when asked") }
        return (index, text)
    }

    private func tamper(_ victim: (index: Int64, text: String)) async throws {
        let copy = root + "/copy"
        do {
            try FileManager.default.copyItem(atPath: DemoNode.provider.directory(in: root), toPath: copy)
        } catch {
            throw unexpected("the data directory cannot be copied")
        }
        let before = try Node.verifyLedger(directory: copy)
        guard before["verified"]?.bool == true else {
            throw unexpected("the untouched copy does not verify: \(before["findings"]?.canonicalText ?? "")")
        }
        try ByteFlip.flip(text: victim.text, inFilesOf: copy)
        let after = try Node.verifyLedger(directory: copy)
        let named = (after["findings"]?.array ?? []).contains { $0["index"]?.int == victim.index }
        report.withLock { $0.tamperDetected = named }
        guard named else {
            throw unexpected("the flipped byte of entry \(victim.index) was not found: \(after["findings"]?.canonicalText ?? "")")
        }
        let finding = (after["findings"]?.array ?? []).first { $0["index"]?.int == victim.index }
        say("  \(context.language("found", "已发现")): \(finding?["detail"]?.string ?? "") [\(finding?["code"]?.string ?? "")]")
    }

    private func keepNodes(in keep: String) throws {
        try Files.makeDirectory(keep, mode: 0o700)
        for node in DemoNode.all {
            let log = try Files.text("\(root)/\(node.name).log", limitBytes: 256 << 20)
            try Files.write(log, to: node.directory(in: root) + "/run/demo.log", mode: 0o600)
            do {
                try FileManager.default.moveItem(atPath: node.directory(in: root), toPath: "\(keep)/\(node.name)")
            } catch {
                do {
                    try FileManager.default.copyItem(atPath: node.directory(in: root), toPath: "\(keep)/\(node.name)")
                } catch {
                    throw Files.unwritable("\(keep)/\(node.name)")
                }
            }
        }
        say("  \(keep)")
    }

    // MARK: Telling

    @discardableResult
    private func step<R>(_ name: String, _ nameZH: String, _ body: () async throws -> R) async throws -> R {
        if Interruption.happened { throw CancellationError() }
        let clock = ContinuousClock()
        let start = clock.now
        say("• " + context.language(name, nameZH))
        func record(_ good: Bool) {
            let taken = start.duration(to: clock.now)
            let milliseconds = taken.components.seconds * 1000 + taken.components.attoseconds / 1_000_000_000_000_000
            report.withLock { $0.steps.append(["name": .string(name), "ok": .bool(good), "milliseconds": .integer(milliseconds)]) }
            say("  \(good ? "ok" : "FAILED"), \(milliseconds) ms")
        }
        do {
            let result = try await body()
            record(true)
            return result
        } catch {
            record(false)
            throw error
        }
    }

    private func say(_ line: String) {
        guard !context.options.quiet else { return }
        (context.options.format == .table ? context.output : context.diagnostics).write(line + "\n")
    }

    private func size(_ value: JSON?) -> String { value?.int.map { ByteCount($0).description } ?? "?" }

    private func call(_ node: DemoNode, _ name: String, _ input: [String: JSON?]) async throws(OperationFailure) -> JSON {
        try await node.client(in: root).call(name, .members(input))
    }

    private func wait(_ what: String, until isTrue: () async throws -> Bool) async throws {
        let clock = ContinuousClock()
        let deadline = clock.now.advanced(by: DemoRun.startLimit)
        while try await !isTrue() {
            try children.checkAlive()
            guard clock.now < deadline else { throw unexpected("waited \(DemoRun.startLimit) in vain for \(what)") }
            try await clock.sleep(for: .milliseconds(10))
        }
    }

    private func unexpected(_ message: String) -> OperationFailure {
        OperationFailure(.failure, code: "demo.unexpected", message: message, hint: "the nodes' logs tell more")
    }

    /// After a failure the logs are what one wants to read, so they survive the temporary directory.
    private func saveLogs() {
        for node in DemoNode.all {
            guard let log = try? Files.text("\(root)/\(node.name).log", limitBytes: 256 << 20), !log.isEmpty else { continue }
            let path = root + "-\(node.name).log"
            if (try? Files.write(log, to: path)) != nil { context.note("log of \(node.name): \(path)") }
        }
    }
}

extension Optional {
    fileprivate func orFail(_ member: String) throws(OperationFailure) -> Wrapped {
        guard let self else {
            throw OperationFailure(
                .failure, code: "demo.unexpected", message: "an answer lacks `\(member)`", hint: "the nodes' logs tell more")
        }
        return self
    }
}
