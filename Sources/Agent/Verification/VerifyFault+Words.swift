import Content

extension VerifyFault {
    /// Words what came of a proof; nil where nothing is wrong.
    init?(_ outcome: ProofOutcome, _ item: ProofItem, catalog: any BlobCatalog) {
        let (kind, reason): (Kind, String)
        switch outcome {
        case .intact, .gone, .cancelled: return nil
        case .damaged(let why): (kind, reason) = (.damaged, why)
        case .missing: (kind, reason) = (.missing, "its file is not there")
        case .unreadable(let why): (kind, reason) = (.unreadable, why)
        }
        let digest = item.blob.digest
        let owners = catalog.owners(of: digest).sorted { ($0.namespace ?? "", $0.name) < ($1.namespace ?? "", $1.name) }
        let advice = MendAdvice(
            digest: digest, place: item.place, owners: owners, hasOrigin: catalog.hasOrigin(digest),
            socket: catalog.runtimeSocket)
        // What cannot be read now need not be damaged: nothing should be thrown away for it.
        let isLost = kind != .unreadable
        self.init(
            digest: digest, size: item.blob.size, fault: kind, reason: reason, place: item.place,
            images: Array(owners.prefix(MendAdvice.namesLimit)), imageCount: owners.count,
            mend: isLost ? advice.commands : [],
            note: isLost ? advice.note : "whether it is damaged is not known; look at the disk, and try again")
    }
}
