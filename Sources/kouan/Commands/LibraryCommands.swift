// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import ExchangeModel

// The node's library: policies that others name in `inheritFrom`.

extension Policy {
    struct Add: KouanCommand {
        static let configuration = CommandConfiguration(
            abstract: "Put a policy into the node's library, so that others can inherit from it.",
            discussion: "An offer takes the rules over when it is made: a later change here changes no offer.")

        @OptionGroup var global: GlobalOptions
        @Argument(help: "ODRL JSON-LD with a uid, or template:NAME.", completion: .file(extensions: ["json", "jsonld"])) var file: String

        func execute(_ context: Context) async throws {
            context.show(try await context.call("policy.add", ["policy": try Templates.policy(file)]))
        }
    }

    struct List: KouanCommand {
        static let configuration = CommandConfiguration(abstract: "List the policies of the node's library.")

        @OptionGroup var global: GlobalOptions

        func execute(_ context: Context) async throws {
            let result = try await context.call("policy.list")
            context.show(
                result, rows: result["policies"]?.array ?? [], columns: [Column("id"), Column("addedAt", "ADDED", zh: "添加时间")],
                empty: "no policies in the library")
        }
    }

    struct Remove: KouanCommand {
        static let configuration = CommandConfiguration(
            abstract: "Take a policy out of the node's library; offers made with it stay as they are.")

        @OptionGroup var global: GlobalOptions
        @Argument(help: "The policy's uid.") var policy: String

        func execute(_ context: Context) async throws {
            context.say("removed \(policy)", try await context.call("policy.remove", ["policy": .string(policy)]))
        }
    }
}
