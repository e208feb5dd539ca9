import OCI

/// Asks a runtime for what a look is about.
struct RuntimeAsker: Sendable {
    /// Labels may lead in circles, or far: no image has so many blobs.
    private static let maximumTree = 4096

    let service: any RuntimeService
    /// Which namespaces count; all where none is named.
    let namespaces: [String]

    /// All that there is.
    func everything() async throws -> RuntimeUpdate {
        var update = RuntimeUpdate()
        let present = Set(try await service.namespaces()).filter(counts)
        update.namespaces = present
        for namespace in present { update.listings[namespace] = try await service.listing(of: namespace) }
        return update
    }

    /// Some images with what they need, and some blobs in every namespace known.
    func some(_ look: LookSchedule.Look, in known: Set<String>) async throws -> RuntimeUpdate {
        var update = RuntimeUpdate()
        for name in look.images where counts(name.namespace) {
            let image = try await service.image(name)
            update.images.updateValue(image, forKey: name)
            if let image { try await ask(forTree: image.digest, in: name.namespace, &update) }
        }
        for namespace in known {
            for digest in look.contents { _ = try await ask(for: digest, in: namespace, &update) }
        }
        return update
    }

    private func counts(_ namespace: String) -> Bool { namespaces.isEmpty || namespaces.contains(namespace) }

    /// An image is complete when it is told of; its blobs have got their labels since they were.
    private func ask(forTree root: Digest, in namespace: String, _ update: inout RuntimeUpdate) async throws {
        var seen: Set<Digest> = [root]
        var pending = [root]
        while let next = pending.popLast(), seen.count < Self.maximumTree {
            guard let content = try await ask(for: next, in: namespace, &update) else { continue }
            for child in content.children where seen.insert(child).inserted { pending.append(child) }
        }
    }

    private func ask(
        for digest: Digest, in namespace: String, _ update: inout RuntimeUpdate
    ) async throws -> ListedContent? {
        if let known = update.contents[namespace]?[digest] { return known }
        let content = try await service.content(digest, in: namespace)
        update.contents[namespace, default: [:]].updateValue(content, forKey: digest)
        return content
    }
}
