import Transfer

/// What becomes of a request.
extension VirtualSwarm {
    mutating func requestArrives(_ id: Int) {
        let flow = links.flows[id]
        guard let request = nodes[flow.to].requests[id], nodes[flow.to].isActive else { return }
        guard let server = flow.from else {
            nodes[flow.to].requests[id]?.state = .flowing
            nodes[flow.to].requests[id]?.since = now
            return links.turnOn(id, now)
        }
        if nodes[server].isDead { return add(.requestFails(id, .refused), after: Self.latency) }
        // The kernel accepts connections for who is paused, and that is all.
        if nodes[server].isPaused { return }
        if nodes[server].have.contains(request.piece) { return serve(id, by: server) }
        guard request.state == .waiting, nodes[server].fetching.contains(request.piece),
            nodes[server].waiting.count < Self.waitsPerNode
        else { return add(.requestFails(id, .absent), after: Self.latency) }
        nodes[server].waiting.append(id)
        add(.waitEnds(id), after: Self.wait)
    }

    private mutating func serve(_ id: Int, by server: Int) {
        guard nodes[server].uploads.count < Self.uploadsPerNode else {
            return add(.requestFails(id, .busy), after: Self.latency)
        }
        nodes[server].uploads.insert(id)
        nodes[links.flows[id].to].requests[id]?.state = .flowing
        links.turnOn(id, now)
    }

    mutating func requestFails(_ id: Int, _ failure: Failure) {
        let flow = links.flows[id]
        guard let server = flow.from, let request = nodes[flow.to].requests[id] else { return }
        let node = nodes[server].id
        drop(id)
        switch failure {
        case .busy:
            report.refusals += 1
            nodes[flow.to].swarm.wasBusy(node, retryAfter: .seconds(1), now: instant)
        case .absent:
            report.absences += 1
            nodes[flow.to].swarm.lacked(node, request.piece..<request.piece + 1, now: instant)
        case .refused, .broken:
            nodes[flow.to].swarm.failed(node, now: instant)
            nodes[flow.to].view[server] = .gone
            nodes[flow.to].isStale = true
        }
        decide(flow.to)
    }

    /// Lets go of a request: the piece that it was at is missing again.
    mutating func drop(_ id: Int, bytes: Int64 = 0, seconds: Double = 0) {
        let flow = links.flows[id]
        guard let request = nodes[flow.to].requests.removeValue(forKey: id) else { return }
        let done = links.done(id, now)
        links.turnOff(id, now)
        if let server = flow.from {
            nodes[server].uploads.remove(id)
            nodes[server].waiting.removeAll { $0 == id }
            nodes[server].uploaded += bytes > 0 ? Double(bytes) : done
            report.duplicates += bytes > 0 ? 0 : done
            nodes[flow.to].swarm.transferEnded(from: nodes[server].id, bytes: bytes, seconds: seconds)
        }
        nodes[flow.to].misses(request.piece..<request.end)
    }

    /// Ends a node's stream from upstream. What came of its piece, and what was on its way, has left upstream for nothing.
    mutating func closeStream(_ number: Int) {
        guard let id = nodes[number].upstream else { return }
        let onItsWay = links.flows[id].rate * Self.upstreamLatency
        report.upstreamBytes += min(links.done(id, now) + onItsWay, Scenario.pieceBytes)
        nodes[number].upstream = nil
        drop(id)
    }

    mutating func pieceEnds(_ id: Int) {
        let flow = links.flows[id]
        let number = flow.to
        guard let request = nodes[number].requests[id] else { return }
        let piece = request.piece
        if nodes[number].have.contains(piece) { report.duplicates += flow.from == nil ? 0 : Scenario.pieceBytes }
        nodes[number].takes(piece)
        nodes[number].swarm.progressed(now: instant)
        if flow.from == nil { report.upstreamBytes += Scenario.pieceBytes }
        goOn(id, request)
        // The other request for the same piece has lost.
        for other in nodes[number].requests.filter({ $0.value.piece == piece && $0.value.of != nil }).keys.sorted() {
            drop(other)
        }
        for waiting in nodes[number].waiting where nodes[links.flows[waiting].to].requests[waiting]?.piece == piece {
            nodes[number].waiting.removeAll { $0 == waiting }
            serve(waiting, by: number)
        }
        if nodes[number].count == scenario.pieces {
            closeStream(number)
            finished(number)
        } else {
            decide(number)
        }
    }

    private mutating func goOn(_ id: Int, _ request: VirtualNode.Request) {
        let number = links.flows[id].to
        let next = request.piece + 1
        let isOpen =
            next < request.end && !nodes[number].have.contains(next)
            && (request.of != nil || nodes[number].swarm.maySharedStreamEnter(next, now: instant))
        guard isOpen else {
            if request.of == nil {
                nodes[number].upstream = nil
                nodes[number].requests[id]?.piece = next
                links.startPiece(id, now)
                return drop(id)
            }
            return drop(id, bytes: Int64(Scenario.pieceBytes), seconds: max(now - request.since, 0.001))
        }
        if let server = request.of { nodes[server].uploaded += Scenario.pieceBytes }
        nodes[number].requests[id]?.piece = next
        nodes[number].requests[id]?.since = now
        links.startPiece(id, now)
    }
}
