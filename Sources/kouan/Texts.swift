// SPDX-License-Identifier: Apache-2.0

import ManagementAPI

/// What a person reads, in the two languages. English comes from the error itself; Chinese stands here, by code.
///
/// `{1}`, `{2}` … take the values that the English sentence has in backticks, in order. A code without a row is shown in English:
/// better the right sentence in the wrong language than none.
enum Texts {
    static func failure(_ failure: OperationFailure, language: Language) -> (message: String, hint: String) {
        guard language == .zh, let row = chinese[failure.code] else { return (failure.message, failure.hint) }
        let values = backticked(failure.message) + backticked(failure.hint).map { $0 }
        return (fill(row.message, values), fill(row.hint, values))
    }

    static func backticked(_ text: String) -> [String] {
        let parts = text.split(separator: "`", omittingEmptySubsequences: false)
        return stride(from: 1, to: parts.count - 1, by: 2).map { String(parts[$0]) }
    }

    static func fill(_ template: String, _ values: [String]) -> String {
        var out = template
        for index in 1...9 {
            guard let range = out.range(ofPlaceholder: index) else { continue }
            out.replaceSubrange(range, with: index <= values.count ? "`\(values[index - 1])`" : "")
        }
        return out
    }

    static let chinese: [String: (message: String, hint: String)] = [
        "cli.not-confirmed": ("未获确认，未作任何更改", "核对无误后加 --yes 重试"), "cli.cancelled": ("命令已取消", "请重新运行"),
        "file.not-found": ("找不到文件 {1}", "请检查路径"), "file.unreadable": ("无法读取 {1}", "请检查路径和权限"),
        "file.unwritable": ("无法写入 {1}", "请检查路径、权限和剩余空间"), "file.too-large": ("文件 {1} 过大", "请改用其他文件"),
        "file.not-utf8": ("文件 {1} 不是 UTF-8 文本", "请以 UTF-8 保存"), "node.not-running": ("节点没有运行，此操作需要运行中的节点", "请先运行 kouan serve"),
        "node.not-initialised": ("{1} 不是节点数据目录", "请先运行 kouan init"), "node.locked": ("另一个进程正在使用数据目录 {1}", "请停止该进程，或使用另一个目录"),
        "node.unreachable": ("无法连接节点的管理端口 {1}", "请检查节点是否正在运行"), "node.newer-schema": ("数据目录由更新版本的程序写成", "请使用更新版本的 kouan"),
        "management.unauthenticated": ("令牌无效", "请用 --token-file 指定令牌文件；管理员可用 kouan user add 签发令牌"),
        "management.forbidden": ("您的角色不允许此操作", "请由具备相应角色的用户执行"), "management.busy": ("正在运行的操作过多", "请稍后重试"),
        "management.not-loopback": ("管理端口不能监听 {1}：其他机器可以访问该地址", "请把 management.listen 设为 127.0.0.1:端口，远程访问用 ssh -L"),
        "configuration.unknown-key": ("配置中有未知的键 {1}", "请用 kouan config show 查看可用的键"), "configuration.missing": ("{1} 缺少键 {2}", "请补上这一行"),
        "configuration.bad-value": ("键的取值 {1} 无效：{2}", "请按配置文件中的说明填写"), "dataset.unknown": ("没有数据集 {1}", "请用 kouan dataset list 查看"),
        "offer.unknown": ("没有要约 {1}", "请用 kouan offer list 查看"), "peer.unknown": ("没有对端 {1}", "请用 kouan peer list 查看"),
        "contract.unknown": ("没有合约 {1}", "请用 kouan contract list 查看"), "transfer.unknown": ("没有传输 {1}", "请用 kouan transfer list 查看"),
        "space.unknown": ("没有可信数据空间 {1}", "请用 kouan space list 查看"), "user.unknown": ("没有用户 {1}", "请用 kouan user list 查看"),
        "ledger.unknown": ("台账中没有条目 {1}", "请用 kouan ledger list 查看"), "policy.denied": ("使用策略不允许此次使用", "请查看理由，并核对约定的目的、时间范围和次数"),
        "grant.allowance-used-up": ("约定的使用次数已用完，提供方拒绝发放密钥", "如需继续使用，请与提供方重新协商"), "policy.purpose": ("使用目的不在约定范围内", "请使用合约约定的目的"),
        "policy.window": ("约定的时间范围已过", "如需继续使用，请与提供方重新协商"), "peer.unreachable": ("无法连接对端 {1}", "稍后重试；kouan peer test 可逐步检查连接"),
        "ledger.tampered": ("台账校验失败", "请保留现场，并与对端核对"),
    ]
}

extension String {
    fileprivate func range(ofPlaceholder index: Int) -> Range<String.Index>? {
        let needle = Array("{\(index)}")
        var start = startIndex
        while let open = self[start...].firstIndex(of: "{") {
            let end = self.index(open, offsetBy: needle.count, limitedBy: endIndex) ?? endIndex
            if Array(self[open..<end]) == needle { return open..<end }
            start = self.index(after: open)
        }
        return nil
    }
}
