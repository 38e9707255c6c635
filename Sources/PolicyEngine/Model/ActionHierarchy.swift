// SPDX-License-Identifier: Apache-2.0

/// Which action is a kind of which other: `includedIn` and `exactMatch` of the ODRL vocabulary, and of profiles that add actions.
package struct ActionHierarchy: Sendable {
    /// Each known action with all that it reaches, itself included.
    private let closure: [IRI: Set<IRI>]

    /// The hierarchy of the ODRL Vocabulary 2.2 and the actions of our profile.
    package static let standard = ActionHierarchy(
        parents: parsed(odrlActions).merging(PolicyProfile.actions) { first, _ in first })

    init(parents: [IRI: [IRI]]) {
        var closure: [IRI: Set<IRI>] = [:]
        for action in parents.keys {
            var reached: Set<IRI> = [action]
            var pending = [action]
            while let next = pending.popLast() {
                for parent in parents[next] ?? [] where reached.insert(parent).inserted { pending.append(parent) }
            }
            closure[action] = reached
        }
        self.closure = closure
    }

    var known: [IRI] { Array(closure.keys) }

    package func contains(_ action: IRI) -> Bool { closure[action] != nil }

    /// All that `action` is a kind of, itself included.
    func reached(from action: IRI) -> Set<IRI> { closure[action] ?? [action] }

    /// Whether a rule on `general` speaks about `action`: equal, or reached through `includedIn` and `exactMatch`.
    ///
    /// Directed, as the vocabulary has it: a rule on `modify` covers `write`, a rule on the deprecated `write` does not cover `modify`.
    package func reaches(_ action: IRI, _ general: IRI) -> Bool {
        action == general || closure[action]?.contains(general) == true
    }

    /// Deprecated terms have an exact match to write instead.
    static func preferred(_ action: IRI) -> IRI? { replacements[action] }

    private static let replacements: [IRI: IRI] = {
        var found: [IRI: IRI] = [:]
        for line in odrlActions.split(separator: "\n") {
            let words = line.split(separator: " ")
            if words.count == 3, words[1] == "=" { found[iri(words[0])] = iri(words[2]) }
        }
        return found
    }()

    private static func parsed(_ text: String) -> [IRI: [IRI]] {
        var parents: [IRI: [IRI]] = [:]
        for line in text.split(separator: "\n") {
            let words = line.split(separator: " ")
            guard let first = words.first else { continue }
            parents[iri(first)] = words.count > 2 ? words[2...].map(iri) : []
        }
        return parents
    }

    private static func iri(_ word: Substring) -> IRI {
        word.hasPrefix("cc:") ? IRI("http://creativecommons.org/ns#" + word.dropFirst(3)) : IRI(Namespace.odrl + word)
    }

    /// One action a line: `<` includedIn, `=` exactMatch.
    private static let odrlActions = """
        cc:Attribution < use
        cc:CommercialUse < use
        cc:DerivativeWorks < use
        cc:Distribution < use
        cc:Notice < use
        cc:Reproduction < use
        cc:ShareAlike < use
        cc:Sharing < use
        cc:SourceCode < use
        acceptTracking < use
        adHocShare
        aggregate < use
        annotate < use
        anonymize < use
        append = modify
        appendTo = modify
        archive < use
        attachPolicy = cc:Notice
        attachSource = cc:SourceCode
        attribute < use
        commercialize = cc:CommercialUse
        compensate < use
        concurrentUse < use
        copy = reproduce
        delete < use
        derive < use
        digitize < use
        display < play
        distribute < use
        ensureExclusivity < use
        execute < use
        export = transform
        extract < reproduce
        extractChar
        extractPage
        extractWord
        give < transfer
        grantUse < use
        include < use
        index < use
        inform < use
        install < use
        lease
        lend
        license = grantUse
        modify < use
        move < use
        nextPolicy < use
        obtainConsent < use
        pay = compensate
        play < use
        present < use
        preview
        print < use
        read < use
        reproduce < use
        reviewPolicy < use
        secondaryUse
        sell < transfer
        share = cc:Sharing
        shareAlike = cc:ShareAlike
        stream < use
        synchronize < use
        textToSpeech < use
        transfer
        transform < use
        translate < use
        uninstall < use
        use
        watermark < use
        write = modify
        writeTo = modify
        """
}
