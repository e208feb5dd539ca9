import Content
import Discovery
import Logging
public import OCI

/// What a tag means is a question of freshness.
extension ManifestResolver {
    /// The manifest that a tag means, by the policy in force.
    func content(
        of tag: Tag, at origin: Origin, as identity: UpstreamIdentity, accept: [MediaType]
    ) async throws -> Found {
        switch policy {
        case .upstreamFirst:
            let hasOther = meaning(of: tag, at: origin) != nil
            if let found = try await asked(tag, at: origin, as: identity, accept: accept, hasOther: hasOther) {
                return found
            }
        case .peersFirst:
            if let found = try await known(tag, at: origin, as: identity) { return found }
            if let found = try await asked(tag, at: origin, as: identity, accept: accept, hasOther: false) {
                return found
            }
        }
        if let found = try await known(tag, at: origin, as: identity) { return found }
        throw FetchError(
            .notFound, "\(origin):\(tag): upstream cannot be reached, and nobody here knows what the tag means")
    }

    /// Asks upstream.
    /// - Returns: nil where it cannot be reached, or has no time for us.
    /// - Throws: where it says no: what is known here then does not count.
    private func asked(
        _ tag: Tag, at origin: Origin, as identity: UpstreamIdentity, accept: [MediaType], hasOther: Bool
    ) async throws -> Found? {
        do throws(UpstreamError) {
            let head = try await upstream.head(
                .tag(tag), at: origin, as: identity, accept: accept,
                deadline: hasOther ? Self.shortDeadline : Self.longDeadline)
            guard let digest = head.digest else {
                let found = try await fromUpstream(.tag(tag), at: origin, as: identity, accept: accept)
                await remember(tag, at: origin, found)
                return found
            }
            gate.named(digest, at: origin, as: identity, anonymous: head.anonymous)
            let found: Found
            do {
                found = try await content(digest, at: origin, as: identity)
            } catch let error as UpstreamError {
                throw error
            } catch {
                throw UpstreamError(code: .broken, message: "\(error)", registry: origin.registry)
            }
            await remember(tag, at: origin, found)
            return found
        } catch {
            switch error.code {
            case .unreachable, .throttled, .broken:
                logger.debug("upstream did not say what a tag means", metadata: ["reason": "\(error.message)"])
                return nil
            default:
                throw error
            }
        }
    }

    /// What upstream says that a tag means, where it says so at once; for who wants to know where an image is, and not the image.
    /// A HEAD is no pull. Nil where it cannot be reached, or says no.
    public func upstreamsDigest(of tag: Tag, at origin: Origin) async -> Digest? {
        try? await upstream.head(
            .tag(tag), at: origin, accept: MediaType.manifestAccept, deadline: Self.shortDeadline
        ).digest
    }

    /// Takes the newest answer that this node, or a peer whose word counts, has.
    private func known(_ tag: Tag, at origin: Origin, as identity: UpstreamIdentity) async throws -> Found? {
        var known = meaning(of: tag, at: origin)
        if known == nil {
            _ = await questions.whoHas(ImageReference(origin: origin, tag: tag), wait: .milliseconds(200))
            known = meaning(of: tag, at: origin)
        }
        guard let known else { return nil }
        return try await content(known.digest, at: origin, as: identity)
    }

    private func meaning(of tag: Tag, at origin: Origin) -> TagMeaning? {
        let reference = ImageReference(origin: origin, tag: tag)
        var meanings = directory.claims(for: reference).map {
            TagMeaning(digest: $0.digest, mediaType: $0.mediaType, age: $0.ageSeconds, isOwn: false)
        }
        if let own = content.image(for: reference).map(tags.confirmed) {
            let age = UInt64(max(0, WallClock.now - own.knownGood))
            meanings.append(TagMeaning(digest: own.digest, mediaType: own.mediaType, age: age, isOwn: true))
        }
        return TagMeaning.newest(meanings)
    }

    /// Notes that upstream has just said what a tag means.
    private func remember(_ tag: Tag, at origin: Origin, _ found: Found) async {
        let reference = ImageReference(origin: origin, tag: tag)
        tags.remember(
            ImageRecord(
                reference: reference, origin: origin, digest: found.digest, mediaType: found.document.mediaType,
                size: Int64(found.document.bytes.count), knownGood: WallClock.now))
        // Where containerd has manifest and name, a copy of the one to have a place for the other would be one too many.
        let isHeld = content.layout.size(of: found.digest) != nil
        guard isHeld || content.image(for: reference)?.digest != found.digest else { return }
        await keep(found.document, found.digest, at: origin, tag: tag)
    }
}
