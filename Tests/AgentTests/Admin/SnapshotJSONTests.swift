import FoundationEssentials
import Gateway
import NIOHTTP1
import OCI
import Testing

@testable import Agent

/// The JSON is a contract with everybody's scripts.
@Suite struct SnapshotJSONTests {
    private func json(_ value: some Encodable) -> String {
        guard case .bytes(let bytes) = HTTPResponse.json(value).body else { return "" }
        return String(decoding: bytes, as: UTF8.self)
    }

    @Test("a status has the design's fields")
    func status() throws {
        let ab = String(repeating: "ab", count: 32)
        let cd = String(repeating: "cd", count: 32)
        #expect(
            json(try StatusSnapshot.sample())
                == #"{"bytes":{"peers":123456789,"served_to_peers":1000000000000,"store":100,"upstream":52000000},"#
                + #""containerd":{"blobs":140,"images":12,"namespaces":["default","k8s.io"],"#
                + #""socket":"/run/containerd/containerd.sock","state":"following","version":"1.6.20"},"#
                + #""node":{"id":"000102030405060708090a0b0c0d0e0f","name":"node-a","uptime_s":8040,"version":"0.1.0"},"#
                + #""peers":[{"addresses":["192.168.1.13:5051","[fd00::13]:5051"],"blamed":true,"blobs":0,"#
                + #""id":"f0f1f2f3f4f5f6f7f8f9fafbfcfdfeff","name":"node-c","received_bytes":0,"sources":["mdns","broadcast"],"#
                + #""state":"suspect"},{"addresses":["192.168.1.12:5051"],"blamed":false,"blobs":1234,"#
                + #""id":"101112131415161718191a1b1c1d1e1f","name":"node-b","received_bytes":98000000,"#
                + #""sources":["broadcast"],"state":"alive"}],"#
                + #""requests":{"hits":40,"misses":3},"saved":{"upstream_bytes":123000000},"schema":1,"shared":{"blobs":1,"bytes":999},"#
                + #""store":{"blobs":12,"bytes":1234567890,"capacity":20000000000},"#
                + #""swarm":{"damaged_pieces":1,"duplicate_bytes":4096,"hedges":2,"ownership_moves":4,"#
                + #""pieces_served_early":30},"#
                + #""today":{"peers":1200000,"served_to_peers":3300000000,"store":10,"upstream":12000000},"#
                + #""transfers":[{"digest":"sha256:\#(ab)","from_peers":40000000,"from_upstream":12428800,"#
                + #""piece_count":25,"pieces":"0-10,12","present":52428800,"rate":18200000,"readers":2,"seconds":4.5,"#
                + #""size":104857600,"sources":[{"bytes":30000000,"id":"101112131415161718191a1b1c1d1e1f","#
                + #""kind":"peer"},{"bytes":12428800,"kind":"upstream"},{"bytes":10000000,"#
                + #""id":"f0f1f2f3f4f5f6f7f8f9fafbfcfdfeff","kind":"peer"}]},"#
                + #"{"digest":"sha256:\#(cd)","from_peers":0,"from_upstream":0,"present":0,"rate":0,"readers":1,"#
                + #""seconds":0,"sources":[]}],"#
                + #""warnings":["peers.key_file is not set: only public content is shared, and no tag of another node "#
                + #"is believed"]}"#)
    }

    @Test("a status of an agent of before this one's fields is read")
    func olderStatus() throws {
        var status = try StatusSnapshot.sample()
        (status.today, status.saved, status.containerd) = (nil, nil, nil)
        for index in status.peers.indices {
            (status.peers[index].receivedBytes, status.peers[index].blamed) = (0, false)
        }
        let old = json(status).replacing(#""blamed":false,"#, with: "").replacing(#""received_bytes":0,"#, with: "")
        #expect(!old.contains("today") && !old.contains("blamed"))
        #expect(try JSONDecoder().decode(StatusSnapshot.self, from: Data(old.utf8)) == status)
    }

    @Test("an answer to locate has the design's fields")
    func locate() throws {
        let ones = String(repeating: "1", count: 64)
        let twos = String(repeating: "2", count: 64)
        #expect(
            json(try LocateSnapshot.sample())
                == #"{"blobs":[{"cid":"bafkreiarceirceirceirceirceirceirceirceirceirceirceirceirce","#
                + #""digest":"sha256:\#(ones)","here":true,"peers":[{"complete":true,"id":"b1","#
                + #""name":"node-b"},{"complete":false,"id":"c1","name":"node-c"}],"size":1024},"#
                + #"{"cid":"bafkreibceirceirceirceirceirceirceirceirceirceirceirceircei","#
                + #""digest":"sha256:\#(twos)","here":false,"peers":[{"complete":true,"id":"b1","name":"node-b"}]}],"#
                + #""peers":[{"id":"b1","name":"node-b"},{"id":"c1","name":"node-c"}],"#
                + #""query":"docker.io/library/nginx:latest","schema":1}"#)
    }

    @Test("peers and transfers come under a schema of their own")
    func lists() {
        #expect(json(PeersSnapshot(peers: [])) == #"{"peers":[],"schema":1}"#)
        #expect(json(TransfersSnapshot(transfers: [])) == #"{"schema":1,"transfers":[]}"#)
    }

    @Test("what is written is read again, and fields of a newer agent are passed over")
    func decoding() throws {
        let status = try StatusSnapshot.sample()
        let newer = json(status).replacing(#""requests":{"#, with: #""novelty":[1],"requests":{"retries":1,"#)
        #expect(try JSONDecoder().decode(StatusSnapshot.self, from: Data(newer.utf8)) == status)
        let locate = try LocateSnapshot.sample()
        #expect(try JSONDecoder().decode(LocateSnapshot.self, from: Data(json(locate).utf8)) == locate)
    }

    @Test(
        "locate tells whether anybody has it",
        arguments: [
            (false, [], false), (true, [], true),
            (false, [LocateSnapshot.Holder(id: "b", name: "b", complete: false)], true),
        ])
    func held(here: Bool, peers: [LocateSnapshot.Holder], isHeld: Bool) throws {
        let blob = LocateSnapshot.Blob(digest: try .sample(1), size: nil, here: here, peers: peers)
        #expect(LocateSnapshot(query: try LocateQuery("nginx"), blobs: [blob]).isHeldAnywhere == isHeld)
        #expect(!LocateSnapshot(query: try LocateQuery("nginx"), blobs: []).isHeldAnywhere)
    }

    @Test(
        "a query is a digest or a name as Docker reads it",
        arguments: [
            ("nginx", "docker.io/library/nginx:latest"), ("ghcr.io/a/b:1", "ghcr.io/a/b:1"),
            ("sha256:" + String(repeating: "a", count: 64), "sha256:" + String(repeating: "a", count: 64)),
        ])
    func queries(text: String, normal: String) throws {
        #expect(try LocateQuery(text).description == normal)
    }

    @Test("what is neither is refused with a reason", arguments: ["", "sha256:abc", "Nginx", "a b", "sha512:"])
    func badQueries(text: String) {
        #expect(throws: OCIError.self) { try LocateQuery(text) }
    }
}
