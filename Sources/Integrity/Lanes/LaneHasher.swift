/// Leads many runs of bytes through SHA-256 at once, as lanes of vector computations. Synchronous: it belongs to one thread, which
/// should not be an event loop's.
public struct LaneHasher: ~Copyable {
    /// How many bytes of each lane are read at a time. All lanes together stay in the processor's second cache.
    public static let chunk = 64 << 10
    private static let blockSize = 64

    /// A job on its way through a lane.
    private struct Lane {
        var job: Int
        /// Of the run: read, and therefore hashed once the buffer is.
        var offset: Int64 = 0
        /// Blocks of the buffer that wait, and where they begin.
        var waiting = 0
        var position = 0
        var passed: [SHA256State] = []
    }

    private let plan: LanePlan
    /// One chunk for each lane.
    private let buffer: UnsafeMutableRawBufferPointer

    /// Takes a megabyte at most for its buffers.
    public init() {
        self.init(plan: .measured)
    }

    /// With one kernel only; for tests and benchmarks.
    public init(only kernel: HashKernel) {
        self.init(plan: LanePlan([.init(kernel: kernel, cost: 1)]), width: kernel.lanes)
    }

    private init(plan: LanePlan, width: Int? = nil) {
        self.plan = plan
        self.width = width ?? plan.width
        buffer = .allocate(byteCount: self.width * Self.chunk, alignment: 64)
    }

    deinit {
        buffer.deallocate()
    }

    /// How many jobs are under way at a time; more at hand keep every lane busy.
    public let width: Int
    /// The ``width`` of every hasher that is not bound to one kernel; measured once on this machine.
    public static var usualWidth: Int { LanePlan.measured.width }

    /// Runs all jobs.
    /// - Parameter isCancelled: asked now and then; once it says so, what is not finished fails with `CancellationError`.
    /// - Returns: What became of each, in their order.
    public func run(
        _ jobs: [LaneJob], isCancelled: () -> Bool = { false }
    ) -> [Result<LaneJob.Outcome, any Error>] {
        var results = [Result<LaneJob.Outcome, any Error>](repeating: .failure(CancellationError()), count: jobs.count)
        var next = 0
        var lanes: [Lane] = []
        // Beside each lane its state, and room for those that fill a kernel up.
        var states = [SIMD8<UInt32>](repeating: SHA256State.initial.words, count: width + plan.calls.count)
        while !isCancelled() {
            var isFull = false
            while !isFull {
                isFull = true
                while lanes.count < width, next < jobs.count {
                    states[lanes.count] = jobs[next].start.words
                    lanes.append(Lane(job: next))
                    next += 1
                }
                // From the last to the first, because a lane that ends gives its place to the last one.
                for index in lanes.indices.reversed() where lanes[index].waiting == 0 {
                    let job = lanes[index].job
                    guard let result = fill(&lanes[index], at: index, jobs[job], &states[index]) else { continue }
                    results[job] = result
                    move(from: lanes.count - 1, to: index, &lanes, &states)
                    isFull = next == jobs.count
                }
            }
            guard !lanes.isEmpty else { break }
            compress(&lanes, &states)
        }
        return results
    }

    /// The lane at the end takes the place of one that has ended: its buffer's bytes move with it.
    private func move(from last: Int, to index: Int, _ lanes: inout [Lane], _ states: inout [SIMD8<UInt32>]) {
        if last != index {
            let bytes = lanes[last].waiting * Self.blockSize
            chunk(of: index).copyMemory(
                from: UnsafeRawBufferPointer(rebasing: chunk(of: last)[lanes[last].position...].prefix(bytes)))
            lanes[last].position = 0
            lanes[index] = lanes[last]
            states[index] = states[last]
        }
        lanes.removeLast()
    }

    private func chunk(of lane: Int) -> UnsafeMutableRawBufferPointer {
        UnsafeMutableRawBufferPointer(rebasing: buffer[lane * Self.chunk..<(lane + 1) * Self.chunk])
    }

    /// Reads what the lane hashes next.
    /// - Returns: What became of the job where nothing is left to be done.
    private func fill(
        _ lane: inout Lane, at index: Int, _ job: LaneJob, _ state: inout SIMD8<UInt32>
    ) -> Result<LaneJob.Outcome, any Error>? {
        let rest = job.length - lane.offset
        if let stride = job.stride, lane.offset > 0, rest > 0, lane.offset % stride == 0 {
            lane.passed.append(SHA256State(words: state))
        }
        let chunk = chunk(of: index)
        do {
            let whole = Int(min(Int64(Self.chunk), rest / Int64(Self.blockSize) * Int64(Self.blockSize)))
            if whole > 0 {
                try job.read(lane.offset, UnsafeMutableRawBufferPointer(rebasing: chunk[..<whole]))
                lane.offset += Int64(whole)
                (lane.waiting, lane.position) = (whole / Self.blockSize, 0)
                return nil
            }
            if let length = job.messageLength {
                let tail = UnsafeMutableRawBufferPointer(rebasing: chunk[..<Int(rest)])
                if !tail.isEmpty { try job.read(lane.offset, tail) }
                SHA256Padding(tail: UnsafeRawBufferPointer(tail), messageLength: length).compress(into: &state)
            }
            return .success(LaneJob.Outcome(end: SHA256State(words: state), passed: lane.passed))
        } catch {
            return .failure(error)
        }
    }

    /// Leads all lanes as far as the one with the fewest blocks at hand goes.
    private func compress(_ lanes: inout [Lane], _ states: inout [SIMD8<UInt32>]) {
        let blocks = lanes.lazy.map(\.waiting).min() ?? 0
        var data = lanes.indices.map { index in
            buffer.baseAddress.map {
                UnsafePointer(($0 + index * Self.chunk + lanes[index].position).assumingMemoryBound(to: UInt8.self))
            }
        }
        // Lanes that only fill a kernel up hash what is there, to no end.
        while data.count < states.count { data.append(data[0]) }
        states.withUnsafeMutableBufferPointer { states in
            data.withUnsafeBufferPointer { data in
                guard let states = states.baseAddress, let data = data.baseAddress else { return }
                var first = 0
                for kernel in plan.calls[lanes.count - 1] {
                    kernel.compress(states + first, data + first, blocks: blocks)
                    first += kernel.lanes
                }
            }
        }
        for index in lanes.indices {
            lanes[index].waiting -= blocks
            lanes[index].position += blocks * Self.blockSize
        }
    }
}
