# shellcheck shell=bash
# Sourced by deploy/benchmark: the scenario of one node that reads through its mirror what another has, beside nginx.

# ticks PID [NAME]: hundredths of seconds of processor time of a process, or of its threads whose names begin so.
ticks() {
    local name=${2:-}
    cat "/proc/$1/task"/*/stat | awk -v name="$name" '{
        match($0, /\(.*\)/)
        if (index(substr($0, RSTART + 1), name) != 1) next
        split(substr($0, RSTART + RLENGTH + 1), field, " ")
        sum += field[12] + field[13]
    } END { print sum + 0 }'
}

# read_all HOST URL QUERY: every blob, one after another, into nothing.
# shellcheck disable=SC2016 # expanded by the inner shell
read_all() {
    on "$1" bash -c '
        url=$1 query=$2
        shift 2
        for blob; do curl --silent --show-error --fail --output /dev/null "$url${blob#sha256:}$query" || exit; done
    ' reader "$2" "$3" "${blobs[@]}"
}

# nginx_start HOST FOLDER: serves the blobs from the registry's own files, on port 8080.
nginx_start() {
    local blob
    mkdir -p "$2/blobs"
    for blob in "${blobs[@]#sha256:}"; do
        ln -s "$fixtures/registry/docker/registry/v2/blobs/sha256/${blob::2}/$blob/data" "$2/blobs/$blob"
    done
    printf 'user root;\ndaemon off;\npid %s/pid;\nerror_log %s/log;\nevents {}\nhttp { access_log off; sendfile on; server { listen 8080; root %s; } }\n' \
        "$2" "$2" "$2" >"$2/conf"
    on "$1" nginx -c "$2/conf" &
}

# taker_anew: node2's agent, with nothing in its store, once it knows what node1 holds.
taker_anew() {
    local pid
    pid=$(agent_pid node2)
    kill "$pid"
    wait_for 20 "node2's agent to be gone" gone "$pid"
    find "$work/node2/data" -mindepth 1 -delete
    node_start node2 "$trust"
    wait_for 60 "the agent on node2 to be ready; its log is $work/node2/agent.log" agent_ready node2
    wait_for 60 "node2 to hear what node1 holds" holds_all node2
}
gone() { ! kill -0 "$1" 2>/dev/null; }

# The checking threads of an agent are named TP-#n: what they use is what verification costs.
mirror() {
    local node pid start straight wall total checking round folder=$work/nginx kernels=$root/.build/release/integrity-benchmark
    # In one run: what the kernels do alone, and what the whole path makes of it.
    if [ -x "$kernels" ]; then
        "$kernels" >&2
    else
        note "the kernels alone are left out: swift build -c release --product integrity-benchmark makes $kernels"
    fi
    trusting_agents_start
    for node in registry node1 node2; do ip netns exec "$node" tc qdisc del dev eth0 root && tc qdisc del dev "$node" root; done
    mirror_reader node1
    wait_for 300 "node1 to read the image" [ -e "$work/node1.done" ]
    ip -n registry link set eth0 down
    nginx_start node1 "$folder"
    wait_for 20 "nginx" on node2 curl --silent --fail --output /dev/null --head "http://10.77.0.11:8080/blobs/${blobs[0]#sha256:}"
    # The memory is node2's now; to give it up bit by bit would take time from those who are measured.
    kill "$yielder"
    wait "$yielder" 2>/dev/null || true
    yielder=''
    memory_free "$((2 * mebibytes + 1024))"
    : >"$work/ratios"
    for round in 1 2 3 4 5; do
        taker_anew
        start=$(date +%s%N)
        read_all node2 http://10.77.0.11:8080/blobs/ ''
        straight=$(($(date +%s%N) - start))
        # What the machine has taken back of its memory meanwhile it gives again only slowly.
        head --bytes "$((mebibytes + 256))M" /dev/zero >"$work/memory/touched"
        rm "$work/memory/touched"
        pid=$(agent_pid node2)
        total=$(ticks "$pid") checking=$(ticks "$pid" TP-) start=$(date +%s%N)
        read_all node2 http://127.0.0.1:5050/v2/debian/random/blobs/sha256: "?ns=$registry"
        wall=$(($(date +%s%N) - start)) total=$(($(ticks "$pid") - total)) checking=$(($(ticks "$pid" TP-) - checking))
        note "$round: $(awk -v b="$bytes" -v straight="$straight" -v ns="$wall" -v all="$total" -v checking="$checking" 'BEGIN {
            printf "nginx on node1, straight, %.2f GB/s; the mirror of node2, every piece checked, %.2f GB/s: %.2f of it; ", \
                b / straight, b / ns, straight / ns
            printf "its agent %.2f GB per CPU second, without the checking %.2f: the checking makes it cost %.2f times as much", \
                b / all / 1e7, b / (all - checking) / 1e7, all / (all - checking)
        }')"
        awk -v straight="$straight" -v ns="$wall" 'BEGIN { print straight / ns }' >>"$work/ratios"
    done
    note "in the median the mirror streams at $(sort -n "$work/ratios" | awk '{ all[NR] = $1 } END { printf "%.2f", all[(NR + 1) / 2] }') of nginx's speed"
    note "for orientation: Spegel's mirror, which checks nothing, 0.45 of nginx's on a machine with two cores (see docs/benchmarks.md)"
    lan_shape registry "$uplink"
    ip -n registry link set eth0 up
    ip -n registry route replace default via 10.77.0.1
    for node in node1 node2; do lan_shape "$node" "$lan"; done
}
